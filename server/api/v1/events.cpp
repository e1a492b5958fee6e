#include "server/api/market_ref.hpp"
#include "server/api/paging.hpp"
#include "server/api/v1/delivery_shapes.hpp"
#include "server/api/v1/webhook_endpoints.hpp"
#include "server/json/time_text.hpp"

namespace leadex::api {

namespace {

using storage::EventRow;

constexpr std::size_t kEventKeys = 4;  // instant, market, batch, count

std::vector<std::int64_t> place_of(EventRow const& event) {
  return {to_unix_micros(event.at), event.key.market, event.key.batch_seq, event.key.n};
}

Result<storage::EventFilter, ApiProblem> read_filter(ApiCall const& call, PageRequest const& page) {
  storage::EventFilter filter;
  filter.tenant_no = call.account_no();
  filter.types = call.query_list("type");
  filter.limit = page.fetch();
  if (auto const from = call.query("created_at[gte]")) {
    auto const at = json::parse_timestamp(*from);
    if (!at) return invalid("/query/created_at[gte]", "time_malformed", "Not an RFC 3339 instant.");
    filter.from = *at;
  }
  if (!page.after.empty()) {
    filter.before_at = from_unix_micros(page.after[0]);
    filter.before = {static_cast<MarketNo>(page.after[1]), page.after[2],
                     static_cast<std::int32_t>(page.after[3])};
  }
  return filter;
}

std::string market_name(ApiContext const& context, MarketNo market) {
  auto const actor = market == 0 ? nullptr : context.markets.find(market);
  return actor ? actor->name() : std::string{};
}

}  // namespace

asio::awaitable<ApiResult> list_events(ApiCall& call) {
  auto const page = read_page(call, kEventKeys);
  if (!page) co_return refuse(page.error());
  auto const filter = read_filter(call, *page);
  if (!filter) co_return refuse(filter.error());
  auto const rows = co_await call.ctx.database.transact(
      [filter = *filter](storage::PlatformTx& tx) { return tx.webhooks().events(filter); });
  if (!rows) co_return refuse(problem_of(rows.error()));
  co_return answer_page(
      call, *page, *rows,
      [&call](json::JsonWriter& writer, EventRow const& event) {
        write_event(writer, call.ctx.ids, event, market_name(call.ctx, event.key.market));
      },
      place_of);
}

}  // namespace leadex::api
