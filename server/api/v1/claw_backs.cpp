// Claw-backs: staff takes back what a settled sale brought.

#include "server/app/claw_back.hpp"

#include "server/api/app_problem.hpp"
#include "server/api/market_ref.hpp"
#include "server/api/paging.hpp"
#include "server/api/staff_idempotency.hpp"
#include "server/api/v1/trade.hpp"
#include "server/api/v1/trade_support.hpp"
#include "server/json/money_text.hpp"

namespace leadex::api {

namespace {

using crypto::IdKind;

void write_claw_back(json::JsonWriter& writer, ApiContext const& ctx,
                     storage::ClawBackRow const& row) {
  auto const& order = row.order;
  auto const whole = writer.object();
  writer.field("id", ctx.ids.seal(IdKind::claw_back, 0, order.order_no));
  writer.field("sale_id", ctx.ids.seal(order.sale));
  writer.field("market", row.market);
  writer.field("amount", order.amount, row.currency);
  writer.field("reason", app::claw_back_reason(ctx.keys, order));
  writer.field("status", text(row.status));
  writer.field("ordered_at", order.ordered_at);
}

app::Answer ordered(ApiContext const& ctx, app::ClawBackOutcome const& outcome,
                    std::string const& market, std::string const& currency) {
  constexpr int kAccepted = 202;
  json::JsonWriter writer;
  if (outcome.approval_no) {
    {
      auto const whole = writer.object();
      writer.field("approval_id", ctx.ids.seal(IdKind::approval, 0, *outcome.approval_no));
      writer.field("id", ctx.ids.seal(IdKind::claw_back, 0, outcome.order.order_no));
    }
    return {kAccepted, writer.str()};
  }
  write_claw_back(writer, ctx, {outcome.order, market, currency, storage::ClawBackStatus::open});
  return {201, writer.str()};
}

}  // namespace

Answered claw_back_sale(ApiCall& call) {
  auto const id = path_sale(call);
  if (!id) co_return refuse(id.error());
  auto const market = find_market(call.ctx, id->market);
  if (!market) co_return refuse(market.error());
  auto const& currency = market->settings->currency;
  json::FieldErrors errors;
  json::ObjectReader reader(call.body, errors);
  app::NewClawBack wanted;
  wanted.sale = *id;
  wanted.amount = json::optional_money(reader, "amount", {.currency = currency, .min = Money{1}});
  wanted.reason = reader.require_string("reason");
  if (!errors.empty()) co_return invalid(std::move(errors));
  app::AnswerAction action = [tools = app_tools(call.ctx), ctx = &call.ctx, actor = call.principal,
                              name = market->name(), currency, wanted = std::move(wanted)](
                                 storage::PlatformTx& tx) -> app::AppResult<app::Answer> {
    auto const outcome = app::order_claw_back(tools, tx, actor, wanted);
    if (!outcome) return refuse(outcome.error());
    return ordered(*ctx, *outcome, name, currency);
  };
  auto result = co_await transact_once(call, std::move(action));
  // The order stands whatever comes now: what does not happen here is left to the job.
  if (result && result->status == 201) (void)co_await trade_of(call).claw_backs.run(id->market);
  co_return result;
}

Answered list_claw_backs(ApiCall& call) {
  auto const page = read_page(call);
  if (!page) co_return refuse(page.error());
  auto const rows = co_await call.ctx.database.transact(
      [before = page->before_no(), limit = page->fetch()](storage::PlatformTx& tx) {
        return tx.claw_backs().list(before, limit);
      });
  if (!rows) co_return refuse(problem_of(rows.error()));
  auto const write = [&call](json::JsonWriter& writer, storage::ClawBackRow const& row) {
    write_claw_back(writer, call.ctx, row);
  };
  co_return answer_page(call, *page, *rows, write, [](storage::ClawBackRow const& row) {
    return std::vector<std::int64_t>{row.order.order_no};
  });
}

}  // namespace leadex::api
