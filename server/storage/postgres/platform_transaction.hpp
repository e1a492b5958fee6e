#pragma once
// PlatformTx and Database over PostgreSQL. PostgresDatabase: any thread; the rest of the room is
// reached through the ports only.

#include <functional>
#include <memory>

#include "server/privacy/key_ring.hpp"
#include "server/storage/database.hpp"
#include "server/storage/postgres/pool.hpp"

namespace leadex::storage::postgres {

using WallClock = std::function<Timestamp()>;

class PostgresDatabase final : public Database {
 public:
  /// All arguments outlive this. @param clock  the system's when empty
  PostgresDatabase(Pool& pool, NumberRanges& numbers, privacy::KeyRing const& ring,
                   WallClock clock = {});

  [[nodiscard]] boost::asio::awaitable<Result<void, StoreError>> run(Job job) override;
  [[nodiscard]] Result<void, StoreError> run_now(Job job) override;

 private:
  [[nodiscard]] Pool::Job wrap(Job job) const;

  Pool& pool_;
  NumberRanges& numbers_;
  privacy::KeyRing const& ring_;
  WallClock clock_;
};

/// Runs one job inside a transaction that somebody else owns, e.g. a store that audits.
bool run_platform_job(pqxx::work& tx, NumberRanges& numbers, privacy::KeyRing const& ring,
                      Timestamp now, Database::Job const& job);

}  // namespace leadex::storage::postgres
