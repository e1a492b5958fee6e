// Payout runs for admins, payouts for generators.

#include "server/app/payout_run.hpp"

#include "server/api/app_problem.hpp"
#include "server/api/market_ref.hpp"
#include "server/api/paging.hpp"
#include "server/api/v1/staff.hpp"
#include "server/json/money_text.hpp"

namespace leadex::api {

namespace {

using crypto::IdKind;
using storage::PayoutRun;

void write_run(json::JsonWriter& writer, crypto::PublicIdCodec const& ids, PayoutRun const& run) {
  std::optional<std::string> approved_by;
  if (run.approved_by) approved_by = ids.seal(IdKind::principal, 0, *run.approved_by);
  auto const whole = writer.object();
  writer.field("id", ids.seal(IdKind::payout_run, 0, run.run_no));
  writer.field("currency", run.currency);
  writer.field("status", text(run.status));
  writer.field("drafted_by", ids.seal(IdKind::principal, 0, run.drafted_by));
  writer.field("approved_by", approved_by);
  writer.field("created_at", run.created_at);
  writer.field("approved_at", run.approved_at);
  writer.field("closed_at", run.closed_at);
  auto const payouts = writer.array("payouts");
  for (auto const& payout : run.payouts) {
    auto const one = writer.object();
    writer.field("id", ids.seal(IdKind::payout, 0, payout.payout_no));
    writer.field("generator", ids.seal(IdKind::account, 0, payout.tenant_no));
    writer.field("amount", payout.amount, run.currency);
  }
}

app::Answer answer_of(int status, crypto::PublicIdCodec const& ids, PayoutRun const& run) {
  json::JsonWriter writer;
  write_run(writer, ids, run);
  return {status, writer.str()};
}

using Verb = app::AppResult<PayoutRun> (*)(storage::PlatformTx&, storage::Principal const&,
                                           std::int64_t);

Answered run_verb(ApiCall& call, Verb verb) {
  auto const no = platform_no(call, IdKind::payout_run, call.param("id"));
  if (!no) co_return problem(Code::not_found);
  app::AnswerAction action = [ids = &call.ctx.ids, actor = call.principal, no = *no,
                              verb](storage::PlatformTx& tx) -> app::AppResult<app::Answer> {
    auto const run = verb(tx, actor, no);
    if (!run) return refuse(run.error());
    return answer_of(200, *ids, *run);
  };
  co_return co_await transact_once(call, std::move(action));
}

/// A payout with the currency and date of its run.
struct DatedPayout {
  storage::Payout payout;
  std::string currency;
  Timestamp created_at;
};

std::vector<DatedPayout> payouts_of(storage::PlatformTx& tx, std::int64_t tenant_no,
                                    std::optional<std::int64_t> before_no, int limit) {
  std::vector<DatedPayout> dated;
  std::optional<PayoutRun> run;
  for (auto& payout : tx.payouts().list_of(tenant_no, before_no, limit)) {
    if (!run || run->run_no != payout.run_no) run = tx.payouts().find(payout.run_no);
    if (run) dated.push_back({std::move(payout), run->currency, run->created_at});
  }
  return dated;
}

void write_payout(json::JsonWriter& writer, crypto::PublicIdCodec const& ids,
                  DatedPayout const& dated) {
  auto const whole = writer.object();
  writer.field("id", ids.seal(IdKind::payout, 0, dated.payout.payout_no));
  writer.field("payout_run_id", ids.seal(IdKind::payout_run, 0, dated.payout.run_no));
  writer.field("amount", dated.payout.amount, dated.currency);
  writer.field("status", text(dated.payout.status));
  writer.field("created_at", dated.created_at);
}

}  // namespace

Answered create_payout_run(ApiCall& call) {
  app::AnswerAction action =
      [tools = app_tools(call.ctx), ids = &call.ctx.ids, actor = call.principal,
       currency = std::string{json::text_of(*json::find_member(call.body, "currency"))}](
          storage::PlatformTx& tx) -> app::AppResult<app::Answer> {
    auto const run = app::draft_payout_run(tools, tx, actor, currency);
    if (!run) return refuse(run.error());
    return answer_of(201, *ids, *run);
  };
  co_return co_await transact_once(call, std::move(action), "/v1/admin/payout-runs/");
}

Answered list_payout_runs(ApiCall& call) {
  auto const page = read_page(call);
  if (!page) co_return refuse(page.error());
  auto const runs = co_await call.ctx.database.transact(
      [before = page->before_no(), limit = page->fetch()](storage::PlatformTx& tx) {
        return tx.payouts().list(before, limit);
      });
  if (!runs) co_return refuse(problem_of(runs.error()));
  auto const write = [&call](json::JsonWriter& writer, PayoutRun const& run) {
    write_run(writer, call.ctx.ids, run);
  };
  co_return answer_page(call, *page, *runs, write,
                        [](PayoutRun const& run) { return std::vector<std::int64_t>{run.run_no}; });
}

Answered get_payout_run(ApiCall& call) {
  auto const no = platform_no(call, IdKind::payout_run, call.param("id"));
  if (!no) co_return problem(Code::not_found);
  auto const run = co_await call.ctx.database.transact(
      [no = *no](storage::PlatformTx& tx) { return tx.payouts().find(no); });
  if (!run) co_return refuse(problem_of(run.error()));
  if (!*run) co_return problem(Code::not_found);
  json::JsonWriter writer;
  write_run(writer, call.ctx.ids, **run);
  co_return answer(200, writer);
}

Answered approve_payout_run(ApiCall& call) {
  co_return co_await run_verb(call, app::approve_payout_run);
}
Answered pay_payout_run(ApiCall& call) { co_return co_await run_verb(call, app::pay_payout_run); }
Answered fail_payout_run(ApiCall& call) { co_return co_await run_verb(call, app::fail_payout_run); }

/// The file holds bank details, so no answer of it is ever kept: a retry makes the same file again.
Answered export_payout_run(ApiCall& call) {
  auto const no = platform_no(call, IdKind::payout_run, call.param("id"));
  if (!no) co_return problem(Code::not_found);
  auto const exported = co_await app::act(
      call.ctx.database,
      [tools = app_tools(call.ctx), actor = call.principal, no = *no](storage::PlatformTx& tx) {
        return app::export_payout_run(tools, tx, actor, no);
      });
  if (!exported) co_return refuse(problem_of(exported.error()));
  auto const& currency = exported->run.currency;
  auto file = app::payout_csv(
      *exported,
      [&call](std::int64_t payout_no) { return call.ctx.ids.seal(IdKind::payout, 0, payout_no); },
      [&currency](Money amount) { return json::format_amount(amount, currency); });
  auto response = http::make_response(200, "text/csv; charset=utf-8", std::move(file));
  response.headers.add("Content-Disposition", "attachment; filename=\"payouts.csv\"");
  co_return response;
}

Answered list_payouts(ApiCall& call) {
  auto const page = read_page(call);
  if (!page) co_return refuse(page.error());
  auto const payouts = co_await call.ctx.database.transact(
      [tenant_no = call.account_no(), before = page->before_no(), limit = page->fetch()](
          storage::PlatformTx& tx) { return payouts_of(tx, tenant_no, before, limit); });
  if (!payouts) co_return refuse(problem_of(payouts.error()));
  auto const write = [&call](json::JsonWriter& writer, DatedPayout const& dated) {
    write_payout(writer, call.ctx.ids, dated);
  };
  co_return answer_page(call, *page, *payouts, write, [](DatedPayout const& dated) {
    return std::vector<std::int64_t>{dated.payout.payout_no};
  });
}

}  // namespace leadex::api
