#include "server/storage/postgres/upkeep.hpp"

#include "billing/values/check.hpp"
#include "server/storage/postgres/statement.hpp"

namespace leadex::storage::postgres {

namespace {

constexpr std::int32_t kDaysMax = 30;
// One opener at a time: two that meet would both find the day missing.
constexpr char const* kOneAtATime =
    "select pg_advisory_xact_lock(hashtextextended('leadex idempotency days', 0))";
constexpr char const* kOpen = "select open_idempotency_day($1::integer)";
constexpr char const* kDrop = "select drop_idempotency_days_before($1::integer)";

}  // namespace

boost::asio::awaitable<Result<void, StoreError>> PostgresUpkeep::open_idempotency_days(
    std::int32_t first, std::int32_t last) {
  LEADEX_CHECK(first <= last && last - first < kDaysMax);
  auto const done = co_await pool_.run([first, last](pqxx::work& tx) {
    execute(tx, kOneAtATime);
    for (auto day = first; day <= last; ++day) execute(tx, kOpen, Parameters(day));
    return true;
  });
  if (!done) co_return refuse(done.error());
  co_return Result<void, StoreError>{};
}

boost::asio::awaitable<Result<std::int64_t, StoreError>>
PostgresUpkeep::drop_idempotency_days_before(std::int32_t oldest) {
  co_return co_await pool_.run([oldest](pqxx::work& tx) {
    execute(tx, kOneAtATime);
    return execute(tx, kDrop, Parameters(oldest)).at(0).at(0).as<std::int64_t>();
  });
}

}  // namespace leadex::storage::postgres
