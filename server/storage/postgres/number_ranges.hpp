#pragma once
// NumberRanges over table number_range, in blocks, on a connection of its own, so that numbers
// taken by a transaction that rolls back are lost and never given twice. Any thread.

#include <map>
#include <memory>
#include <mutex>
#include <utility>

#include "server/storage/numbers.hpp"
#include "server/storage/postgres/pool.hpp"
#include "server/storage/postgres/session.hpp"

namespace leadex::storage::postgres {

class PostgresNumberRanges final : public NumberRanges {
 public:
  static constexpr std::int64_t kBlock = 64;

  /// @param pool  for reserve_later; outlives this.
  PostgresNumberRanges(SessionOptions options, Pool& pool)
      : session_(std::move(options)), pool_(pool) {}

  [[nodiscard]] Result<std::int64_t, StoreError> next(MarketNo market, NumberKind kind) override;
  [[nodiscard]] Result<std::int64_t, StoreError> reserve(MarketNo market, NumberKind kind,
                                                         std::int64_t count) override;
  [[nodiscard]] boost::asio::awaitable<Result<std::int64_t, StoreError>> reserve_later(
      MarketNo market, NumberKind kind, std::int64_t count) override;

 private:
  struct Block {
    std::int64_t next{};
    std::int64_t end{};  // one past the last
  };

  std::mutex guard_;  // of all below; held while a block is fetched
  Session session_;
  std::map<std::pair<MarketNo, NumberKind>, Block> blocks_;
  Pool& pool_;
};

}  // namespace leadex::storage::postgres
