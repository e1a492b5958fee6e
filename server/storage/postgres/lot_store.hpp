#pragma once
// LotStore over PostgreSQL. Any thread.

#include "server/privacy/key_ring.hpp"
#include "server/storage/lot_store.hpp"
#include "server/storage/postgres/platform_transaction.hpp"
#include "server/storage/postgres/pool.hpp"

namespace leadex::storage::postgres {

class PostgresLotStore final : public LotStore {
 public:
  /// All arguments outlive this. @param clock  the system's when empty
  PostgresLotStore(Pool& pool, privacy::KeyRing const& ring, WallClock clock = {});

  [[nodiscard]] boost::asio::awaitable<Result<void, StoreError>> run(Job job) override;

 private:
  Pool& pool_;
  privacy::KeyRing const& ring_;
  WallClock clock_;
};

}  // namespace leadex::storage::postgres
