#pragma once
// PlatformRig: a migrated database with everything that serves the platform's transactions, and a
// clock that the test moves. For tests of storage, auth and app; one per test.

#include <atomic>
#include <pqxx/pqxx>
#include <string>

#include "billing/values/time.hpp"
#include "server/crypto/bytes.hpp"
#include "server/privacy/key_ring.hpp"
#include "server/storage/postgres/number_ranges.hpp"
#include "server/storage/postgres/platform_transaction.hpp"
#include "server/storage/postgres/pool.hpp"
#include "tests/support/test_database.hpp"

namespace leadex::test {

class PlatformRig {
 public:
  static constexpr std::int64_t kStartMicros = 1'790'000'000'000'000;  // 2026-09-21T…

  explicit PlatformRig(std::size_t threads = 4)
      : pool({.session = {.conninfo = files.app()}, .threads = threads}),
        numbers({.conninfo = files.app()}, pool),
        database(pool, numbers, ring, [this] { return now(); }) {}

  [[nodiscard]] Timestamp now() const { return from_unix_micros(micros.load()); }
  template <class Duration>
  void wait(Duration time) {
    micros += std::chrono::duration_cast<std::chrono::microseconds>(time).count();
  }

  /// As the owner: for rows that other rooms write, and for tampering.
  pqxx::result as_owner(std::string const& sql) {
    pqxx::connection connection(files.owner());
    pqxx::work tx(connection);
    auto result = tx.exec(sql);
    tx.commit();
    return result;
  }
  /// Changes rows of an append-only table, as somebody with all rights would.
  void tamper(std::string const& sql) {
    constexpr char const* kTriggers =
        "do $$ declare t text; begin foreach t in array array['transfer', 'auction', "
        "'commit_batch', 'audit', 'market_version', 'campaign_version'] loop "
        "execute format('alter table leadex.%I {} trigger user', t); end loop; end $$; ";
    auto const switched = [&](std::string const& how) {
      std::string text = kTriggers;
      return text.replace(text.find("{}"), 2, how);
    };
    as_owner(switched("disable") + sql + "; " + switched("enable"));
  }
  void make_market(int market, std::string const& currency = "USD") {
    std::string lower;
    for (char const c : currency) lower += static_cast<char>(c + ('a' - 'A'));
    as_owner(
        "insert into leadex.market (market_id, name, title, currency, country, version) "
        "values (" +
        std::to_string(market) + ", 'm" + std::to_string(market) + ".us." + lower + "', 'Test', '" +
        currency + "', 'US', 1)");
  }

  TestDatabase files;
  privacy::KeyRing ring{crypto::Secret(std::string(32, 'k'))};
  std::atomic<std::int64_t> micros{kStartMicros};
  storage::postgres::Pool pool;
  storage::postgres::PostgresNumberRanges numbers;
  storage::postgres::PostgresDatabase database;
};

}  // namespace leadex::test
