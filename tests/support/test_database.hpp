#pragma once
// TestDatabase: a fresh, migrated database in the test cluster, dropped at the end. Needs the
// cluster that deploy/test starts; without it every test that asks for one fails. Any thread.

#include <string>

namespace leadex::test {

class TestDatabase {
 public:
  /// Makes the database; `migrated` false leaves it empty. Throws when there is no cluster.
  explicit TestDatabase(bool migrated = true);
  ~TestDatabase();
  TestDatabase(TestDatabase const&) = delete;
  TestDatabase& operator=(TestDatabase const&) = delete;

  /// Conninfo of leadex_owner and of leadex_app for this database.
  [[nodiscard]] std::string const& owner() const { return owner_; }
  [[nodiscard]] std::string const& app() const { return app_; }
  /// Where the migrations are.
  [[nodiscard]] static std::string migrations() { return "schemas/sql"; }

 private:
  std::string admin_;
  std::string name_;
  std::string owner_;
  std::string app_;
};

}  // namespace leadex::test
