// Cases about sources: what their lots and posts showed, for staff to decide. Staff
// alone sees any of it.

#include <algorithm>
#include <array>

#include "server/api/paging.hpp"
#include "server/api/staff_idempotency.hpp"
#include "server/api/v1/intake_handlers.hpp"
#include "server/api/v1/intake_services.hpp"
#include "server/api/v1/staff.hpp"
#include "server/api/v1/trade_support.hpp"
#include "server/app/decide_fraud_case.hpp"
#include "server/app/planted_contacts.hpp"
#include "server/app/source_standing.hpp"
#include "server/json/time_text.hpp"

namespace leadex::api {

namespace {

using crypto::IdKind;
using quality::LotSignal;
using quality::SignalScope;

/// Leads that show it, and where a planted contact was planted.
void write_evidence(json::JsonWriter& out, ApiContext const& ctx, storage::FraudCase const& row) {
  auto const& found = row.found;
  {
    auto const leads = out.array("lead_ids");
    if (found.lead_no != 0) out.value(ctx.ids.seal(LeadId{found.market, found.lead_no}));
    for (auto const no : row.lead_nos) out.value(ctx.ids.seal(LeadId{found.market, no}));
  }
  if (!row.planted) return;
  auto const& planted = *row.planted;
  auto const one = out.object("planted");
  out.field("id", ctx.ids.seal(IdKind::planted_contact, 0, found.planted_no));
  std::optional<std::string> given_to;
  if (planted.given_to != 0) given_to = ctx.ids.seal(AccountId{0, planted.given_to});
  out.field("given_to", given_to);
  out.field("planted_at", planted.planted_at);
  out.field("note", app::planted_note(ctx.keys, found.planted_no, planted.note_sealed));
}

void write_case(json::JsonWriter& out, ApiContext const& ctx, storage::FraudCase const& row) {
  auto const& found = row.found;
  auto const& finding = found.finding;
  auto const whole = out.object();
  out.field("id", ctx.ids.seal(IdKind::fraud_case, found.market, found.case_no));
  out.field("market", row.market);
  out.field("kind", quality::word(finding.signal));
  out.field("status", text(row.state));
  out.field("generator_id", ctx.ids.seal(AccountId{0, found.generator_no}));
  std::optional<std::string> batch;
  if (found.batch_no != 0) batch = ctx.ids.seal(BatchId{found.market, found.batch_no});
  out.field("batch_id", batch);
  std::optional<std::string> posted_on;
  if (found.posted_day != 0) {
    posted_on = json::format_date(std::chrono::sys_days{std::chrono::days{found.posted_day}});
  }
  out.field("posted_on", posted_on);
  std::optional<std::string> other;
  if (found.other_batch_no != 0) other = ctx.ids.seal(BatchId{found.market, found.other_batch_no});
  out.field("other_batch_id", other);
  auto const scope = found.batch_no != 0 ? SignalScope::lot : SignalScope::day;
  out.field("statement", quality::statement(finding, scope));
  out.field("leads", finding.leads);
  out.field("events", finding.events);
  out.field("rate_ppm", finding.rate_ppm);
  out.field("rate_low_ppm", finding.rate_low_ppm);
  out.field("rate_high_ppm", finding.rate_high_ppm);
  out.field("confidence_ppm", finding.confidence_ppm);
  out.field("reference_ppm", finding.reference_ppm);
  out.field("evidence_milli", finding.evidence_milli);
  out.field("false_alarms_ppm", finding.false_alarms_ppm);
  write_evidence(out, ctx, row);
  out.field("found_at", row.found_at);
  out.field("withdrawn", row.withdrawn);
  bool const restricted = row.sampling != quality::InspectionMode::normal;
  out.field("sampling", restricted ? app::text(row.sampling) : "unchanged");
  std::optional<std::string> decided_by;
  if (row.decided_by) decided_by = ctx.ids.seal(IdKind::principal, 0, *row.decided_by);
  out.field("decided_by", decided_by);
  out.field("decided_at", row.decided_at);
  out.field("note", app::fraud_note(ctx.keys, row));
}

std::optional<LotSignal> query_kind(ApiCall const& call) {
  auto const wanted = call.query("kind");
  if (!wanted) return std::nullopt;
  auto const last = static_cast<std::size_t>(LotSignal::planted_contact);
  for (std::size_t i = 1; i <= last; ++i) {
    auto const signal = static_cast<LotSignal>(i);
    if (quality::word(signal) == *wanted) return signal;
  }
  return std::nullopt;  // the contract lists the same
}

std::optional<storage::FindingState> query_state(ApiCall const& call) {
  auto const wanted = call.query("state");
  if (!wanted) return std::nullopt;
  auto const at = std::ranges::find(storage::kFindingStateTexts, *wanted);
  return static_cast<storage::FindingState>(at - storage::kFindingStateTexts.begin());
}

asio::awaitable<Result<storage::FraudCase, ApiProblem>> find_case(ApiCall& call) {
  auto const id = call.ctx.ids.open(call.param("id"), IdKind::fraud_case);
  if (!id) co_return problem(Code::not_found);
  auto const found = co_await call.ctx.database.transact(
      [id = *id](storage::PlatformTx& tx) { return tx.fraud().find(id.market, id.no); });
  if (!found) co_return refuse(problem_of(found.error()));
  if (!*found) co_return problem(Code::not_found);
  co_return **found;
}

/// Of the contract's words.
quality::InspectionMode mode_of(std::string_view word) {
  if (word == "tightened") return quality::InspectionMode::tightened;
  return word == "stopped" ? quality::InspectionMode::stopped : quality::InspectionMode::normal;
}

/// What is to follow from an upheld case; doing it again changes nothing.
asio::awaitable<Result<void, ApiProblem>> act_on(ApiCall& call, storage::NewFraudCase const& found,
                                                 app::FraudDecision const& decision) {
  auto& intake = *call.ctx.intake;
  if (decision.sampling != quality::InspectionMode::normal) {
    auto const done = co_await app::restrict_source(intake.lots, found.market, found.generator_no,
                                                    decision.sampling, actor_of(call));
    if (!done) co_return refuse(problem_of(done.error()));
  }
  if (decision.withdrawn) {
    auto const taken = co_await intake.finisher.withdraw({found.market, found.batch_no},
                                                         {.staff = true}, actor_of(call));
    if (!taken) co_return refuse(problem_of(taken.error()));
  }
  co_return Result<void, ApiProblem>{};
}

}  // namespace

asio::awaitable<ApiResult> list_fraud_cases(ApiCall& call) {
  auto const page = read_page(call);
  if (!page) co_return refuse(page.error());
  auto const market = query_market(call);
  if (!market) co_return refuse(market.error());
  storage::FraudCaseFilter filter;
  filter.market = *market;
  filter.state = query_state(call);
  filter.kind = query_kind(call);
  if (auto const generator = query_id<AccountId>(call, "generator")) {
    filter.generator_no = generator->no;
  }
  filter.before_no = page->before_no();
  filter.limit = page->fetch();
  auto const rows = co_await call.ctx.database.transact(
      [filter](storage::PlatformTx& tx) { return tx.fraud().list(filter); });
  if (!rows) co_return refuse(problem_of(rows.error()));
  auto const write = [&call](json::JsonWriter& out, storage::FraudCase const& row) {
    write_case(out, call.ctx, row);
  };
  co_return answer_page(call, *page, *rows, write, [](storage::FraudCase const& row) {
    return std::vector<std::int64_t>{row.found.case_no};
  });
}

asio::awaitable<ApiResult> get_fraud_case(ApiCall& call) {
  auto const found = co_await find_case(call);
  if (!found) co_return refuse(found.error());
  json::JsonWriter out;
  write_case(out, call.ctx, *found);
  co_return answer(200, out);
}

/// Effects go first: a decision that tells of them is true, and one that fails is asked for again.
asio::awaitable<ApiResult> decide_fraud_case(ApiCall& call) {
  auto const found = co_await find_case(call);
  if (!found) co_return refuse(found.error());
  json::FieldErrors errors;
  json::ObjectReader reader(call.body, errors);
  app::FraudDecision decision{.market = found->found.market, .case_no = found->found.case_no};
  decision.upheld = reader.require_bool("upheld");
  decision.withdrawn = reader.optional_bool("withdraw_leads").value_or(false);
  decision.sampling = mode_of(reader.optional_string("sampling").value_or("unchanged"));
  decision.note = reader.optional_string("note").value_or("");
  if (!errors.empty()) co_return invalid(std::move(errors));
  bool const restricts = decision.sampling != quality::InspectionMode::normal;
  if (!decision.upheld && (decision.withdrawn || restricts)) {
    co_return invalid(restricts ? "/sampling" : "/withdraw_leads", "not_upheld",
                      "Only an upheld case has effects.");
  }
  if (decision.withdrawn && found->found.batch_no == 0) {
    co_return invalid("/withdraw_leads", "no_lot", "Only a lot can be taken back.");
  }
  if (found->state == storage::FindingState::open) {
    auto const done = co_await act_on(call, found->found, decision);
    if (!done) co_return refuse(done.error());
  }
  app::AnswerAction action =
      [tools = app_tools(call.ctx), ctx = &call.ctx, actor = call.principal,
       decision = std::move(decision)](storage::PlatformTx& tx) -> app::AppResult<app::Answer> {
    auto const decided = app::decide_fraud_case(tools, tx, actor, decision);
    if (!decided) return refuse(decided.error());
    json::JsonWriter out;
    write_case(out, *ctx, *decided);
    return app::Answer{200, out.str()};
  };
  co_return co_await transact_once(call, std::move(action));
}

}  // namespace leadex::api
