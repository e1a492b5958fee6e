#pragma once
// MarketLink: one connection for prepared calls in binary form, opened when first needed. Belongs
// to one thread at a time.

#include <memory>
#include <pqxx/pqxx>
#include <set>
#include <string>

#include "server/storage/postgres/market_statements.hpp"

namespace leadex::storage::postgres {

/// A call touched another number of rows than it must: an invariant is broken.
struct RowCountError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

class MarketLink {
 public:
  explicit MarketLink(std::string database) : database_(std::move(database)) {}

  /// The connection, outside a transaction: ask once for each of them.
  [[nodiscard]] pqxx::connection& connection();
  void close();
  /// Runs the call in `work`. @throws pqxx's errors, RowCountError
  pqxx::result run(pqxx::transaction_base& work, Call const& call);

 private:
  void open();
  std::string database_;
  std::unique_ptr<pqxx::connection> connection_;
  std::set<std::string> prepared_;
  int uses_{};
};

}  // namespace leadex::storage::postgres
