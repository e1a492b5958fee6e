// By what posted leads were sampled, day by day, and which were checked: so that anybody can draw a
// day's sample again once it is revealed.

#include "server/api/paging.hpp"
#include "server/api/v1/intake_handlers.hpp"
#include "server/app/realtime_sample.hpp"

namespace leadex::api {

namespace {

void write_day(json::JsonWriter& out, ApiContext const& context, MarketNo market,
               storage::RealtimeDayView const& view) {
  auto const status = app::status_of(view, context.now());
  std::optional<std::string> secret;
  if (status == app::DayStatus::revealed) {
    auto const opened = app::open_day_secret(context.keys, market, view.day);
    secret = crypto::hex_encode(opened.view());
  }
  auto const scope = out.object();
  out.field("day", app::day_text(view.day.day));
  out.field("commitment", crypto::hex_encode(view.day.commitment));
  out.field("rate_bp", view.day.terms.rate.bp);
  out.field("hold", view.day.terms.hold);
  out.field("status", text(status));
  out.field("secret", secret);
  out.field("published_at", view.day.published_at);
}

void write_realtime_check(json::JsonWriter& out, ApiContext const& context,
                          storage::RealtimeCheckView const& check) {
  std::optional<std::string_view> verdict;
  std::optional<std::string_view> reason;
  if (check.verdict) {
    verdict = text(*check.verdict);
    reason = check.reason;
  }
  auto const scope = out.object();
  out.field("check_id", context.ids.seal(check.check));
  out.field("lead_id", context.ids.seal(LeadId{check.check.market, check.lead_no}));
  out.field("verdict", verdict);
  out.field("reason", reason);
}

/// The checks that a viewer may know of: until a day is revealed staff alone know of any.
std::vector<storage::RealtimeCheckView> shown(storage::LotTx& tx,
                                              storage::RealtimeCheckFilter const& filter,
                                              storage::RealtimeDayView const& day, Timestamp now) {
  bool const revealed = app::status_of(day, now) == app::DayStatus::revealed;
  if (!revealed && !filter.viewer.sees_all()) return {};
  return tx.realtime().checks(filter);
}

}  // namespace

asio::awaitable<ApiResult> list_realtime_days(ApiCall& call) {
  auto const market = call.ctx.markets.find(call.param("id"));
  if (!market) co_return problem(Code::not_found);
  auto const page = read_page(call);
  if (!page) co_return refuse(page.error());
  auto const market_no = market->market_no();
  auto job = [market_no, before = page->before_no(), limit = page->fetch(),
              from = app::undecided_from(call.ctx.now())](storage::LotTx& tx) {
    return tx.realtime().days(market_no, before, from, limit);
  };
  auto const days = co_await call.ctx.intake->lots.store.transact(job);
  if (!days) co_return refuse(problem_of(days.error()));
  auto const write = [&](json::JsonWriter& out, storage::RealtimeDayView const& day) {
    write_day(out, call.ctx, market_no, day);
  };
  auto const key = [](storage::RealtimeDayView const& day) {
    return std::vector<std::int64_t>{day.day.day};
  };
  co_return answer_page(call, *page, *days, write, key);
}

asio::awaitable<ApiResult> list_realtime_checks(ApiCall& call) {
  auto const market = call.ctx.markets.find(call.param("id"));
  if (!market) co_return problem(Code::not_found);
  auto const day = app::day_from_text(call.query("day").value_or(""));
  if (!day) co_return invalid("/day", "value_invalid", "Must be a day.");
  auto const page = read_page(call);
  if (!page) co_return refuse(page.error());
  storage::RealtimeCheckFilter const filter{.viewer = storage::Viewer::of(call.principal),
                                            .market = market->market_no(),
                                            .day = *day,
                                            .before_no = page->before_no(),
                                            .limit = page->fetch()};
  using Found = std::vector<storage::RealtimeCheckView>;
  auto job = [filter, now = call.ctx.now()](storage::LotTx& tx) {
    auto const view = tx.realtime().day_view(filter.market, filter.day, app::undecided_from(now));
    return view ? shown(tx, filter, *view, now) : Found{};
  };
  auto const checks = co_await call.ctx.intake->lots.store.transact(job);
  if (!checks) co_return refuse(problem_of(checks.error()));
  auto const write = [&](json::JsonWriter& out, storage::RealtimeCheckView const& check) {
    write_realtime_check(out, call.ctx, check);
  };
  auto const key = [](storage::RealtimeCheckView const& check) {
    return std::vector<std::int64_t>{check.check.no};
  };
  co_return answer_page(call, *page, *checks, write, key);
}

}  // namespace leadex::api
