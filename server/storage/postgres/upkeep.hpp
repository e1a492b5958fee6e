#pragma once
// Upkeep over the functions the schema's owner gave the app role. Any thread.

#include "server/storage/postgres/pool.hpp"
#include "server/storage/upkeep.hpp"

namespace leadex::storage::postgres {

class PostgresUpkeep final : public Upkeep {
 public:
  /// @param pool  outlives this.
  explicit PostgresUpkeep(Pool& pool) : pool_(pool) {}
  [[nodiscard]] boost::asio::awaitable<Result<void, StoreError>> open_idempotency_days(
      std::int32_t first, std::int32_t last) override;
  [[nodiscard]] boost::asio::awaitable<Result<std::int64_t, StoreError>>
  drop_idempotency_days_before(std::int32_t oldest) override;

 private:
  Pool& pool_;
};

}  // namespace leadex::storage::postgres
