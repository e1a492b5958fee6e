#pragma once
// Looks for marks in everything that an exchange leaves behind: the files of its database and of
// its folder, its metrics, a dump of all tables, the unpacked bodies of its commits. One thread.

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/e2e/marker/marks.hpp"

namespace leadex::e2e {

struct Scanned {
  std::size_t files{};
  std::uint64_t bytes{};
};

/// What was looked through, by name, and what was found where.
struct Scan {
  std::map<std::string, Scanned> parts;
  std::vector<std::string> hits;  ///< "pg_wal: …/0001: core"

  /// The hits of one part.
  [[nodiscard]] std::vector<std::string> of(std::string const& part) const;
  [[nodiscard]] std::string summary() const;
};

class Scanner {
 public:
  Scanner();

  /// Every plain file below the folder, as part `part` or, when empty, by its first folder.
  void folder(Scan& scan, std::string const& part, std::string const& path) const;
  void text(Scan& scan, std::string const& part, std::string const& name,
            std::string_view bytes) const;

  /// All of it. Runs a checkpoint first, so that the files hold what the database holds.
  [[nodiscard]] Scan everything() const;

  /// The helper script's output: `marker_database.sh VERB`.
  static std::string database(std::string const& verb);

 private:
  std::vector<Form> forms_;
};

}  // namespace leadex::e2e
