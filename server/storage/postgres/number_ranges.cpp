#include "server/storage/postgres/number_ranges.hpp"

#include "billing/values/check.hpp"
#include "server/storage/postgres/statement.hpp"

namespace leadex::storage::postgres {

namespace {

constexpr char const* kTake =
    "insert into number_range (market_id, kind, next_no) values ($1::bigint, $2::smallint, "
    "1 + $3::bigint) on conflict (market_id, kind) do update "
    "set next_no = number_range.next_no + $3::bigint returning next_no - $3::bigint";

std::int64_t take(pqxx::work& tx, MarketNo market, NumberKind kind, std::int64_t count) {
  auto const rows = execute(tx, kTake, Parameters(market, static_cast<int>(kind), count));
  return rows.at(0).at(0).as<std::int64_t>();
}

}  // namespace

Result<std::int64_t, StoreError> PostgresNumberRanges::next(MarketNo market, NumberKind kind) {
  std::lock_guard const lock(guard_);
  auto& block = blocks_[{market, kind}];
  if (block.next == block.end) {
    std::int64_t first = 0;
    auto const done = session_.run([&](pqxx::work& tx) {
      first = take(tx, market, kind, kBlock);
      return true;
    });
    // After an in-doubt COMMIT the block may be taken or not: the numbers are simply left out.
    if (!done) return refuse(done.error());
    block = {first, first + kBlock};
  }
  return block.next++;
}

Result<std::int64_t, StoreError> PostgresNumberRanges::reserve(MarketNo market, NumberKind kind,
                                                               std::int64_t count) {
  LEADEX_CHECK(count > 0);
  std::lock_guard const lock(guard_);
  std::int64_t first = 0;
  auto const done = session_.run([&](pqxx::work& tx) {
    first = take(tx, market, kind, count);
    return true;
  });
  if (!done) return refuse(done.error());
  return first;
}

boost::asio::awaitable<Result<std::int64_t, StoreError>> PostgresNumberRanges::reserve_later(
    MarketNo market, NumberKind kind, std::int64_t count) {
  LEADEX_CHECK(count > 0);
  auto job = [market, kind, count](pqxx::work& tx) { return take(tx, market, kind, count); };
  co_return co_await pool_.run(job);
}

}  // namespace leadex::storage::postgres
