#pragma once
// Upkeep: what has to be done to the tables themselves so that trade goes on. For the jobs; any
// node may run it at any time, twice does no harm. Coroutines of any executor.

#include <boost/asio/awaitable.hpp>
#include <cstdint>

#include "billing/values/result.hpp"
#include "server/storage/store_error.hpp"

namespace leadex::storage {

class Upkeep {
 public:
  virtual ~Upkeep() = default;

  /// Opens the idempotency partitions of the days `first` … `last` (days since 1970, at most 30).
  [[nodiscard]] virtual boost::asio::awaitable<Result<void, StoreError>> open_idempotency_days(
      std::int32_t first, std::int32_t last) = 0;
  /// Drops the partitions before `oldest`; how many there were.
  [[nodiscard]] virtual boost::asio::awaitable<Result<std::int64_t, StoreError>>
  drop_idempotency_days_before(std::int32_t oldest) = 0;
};

}  // namespace leadex::storage
