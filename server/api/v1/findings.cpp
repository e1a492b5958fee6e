// Findings: cases that statistics opened about what buyers report, and the holdout that some of
// them are found by. Staff alone sees any of it.

#include "server/app/decide_finding.hpp"
#include "server/app/holdout.hpp"

#include <algorithm>
#include <array>

#include "server/api/paging.hpp"
#include "server/api/staff_idempotency.hpp"
#include "server/api/v1/trade.hpp"
#include "server/api/v1/trade_support.hpp"
#include "server/json/time_text.hpp"

namespace leadex::api {

namespace {

using crypto::IdKind;
using quality::FindingKind;

/// By number, from 1.
constexpr std::array<std::string_view, 4> kKinds{"conversions_hidden", "conversions_below_others",
                                                 "returns_above_mix", "returned_then_converted"};
constexpr auto kHoldoutDays = std::chrono::days{180};
constexpr int kHoldoutReadsMax = 10;  // of one page

std::string date_of(std::int32_t day) {
  return json::format_date(std::chrono::sys_days{std::chrono::days{day}});
}

template <class Tag>
std::optional<std::string> id_unless_zero(ApiContext const& ctx, Id<Tag> id) {
  if (id.no == 0) return std::nullopt;
  return ctx.ids.seal(id);
}

void write_finding(json::JsonWriter& out, ApiContext const& ctx, storage::FindingCase const& row) {
  auto const& found = row.found;
  auto const& finding = found.finding;
  auto const whole = out.object();
  out.field("id", ctx.ids.seal(IdKind::finding, found.market, found.finding_no));
  out.field("market", row.market);
  out.field("kind", kKinds.at(static_cast<std::size_t>(finding.kind) - 1));
  out.field("status", text(row.state));
  out.field("buyer_id", ctx.ids.seal(AccountId{0, finding.buyer_no}));
  out.field("generator_id", id_unless_zero(ctx, AccountId{0, finding.generator_no}));
  out.field("lead_id", id_unless_zero(ctx, LeadId{found.market, finding.lead_no}));
  out.field("converted_lead_id", id_unless_zero(ctx, LeadId{found.market, finding.lead_later_no}));
  out.field("statement", quality::statement(finding));
  out.field("counted", finding.counted);
  out.field("seen", finding.seen);
  out.field("rate_ppm", finding.rate_ppm);
  out.field("rate_low_ppm", finding.rate_low_ppm);
  out.field("rate_high_ppm", finding.rate_high_ppm);
  out.field("confidence_ppm", finding.confidence_ppm);
  out.field("reference_ppm", finding.reference_ppm);
  out.field("evidence_milli", finding.evidence_milli);
  out.field("false_alarms_ppm", finding.false_alarms_ppm);
  out.field("sold_from", date_of(found.from_day));
  out.field("sold_until", date_of(found.until_day - 1));
  out.field("found_at", row.found_at);
  std::optional<std::string> decided_by;
  if (row.decided_by) decided_by = ctx.ids.seal(IdKind::principal, 0, *row.decided_by);
  out.field("decided_by", decided_by);
  out.field("decided_at", row.decided_at);
  out.field("note", app::finding_note(ctx.keys, row));
}

std::optional<crypto::RawId> path_finding(ApiCall const& call) {
  auto const id = call.ctx.ids.open(call.param("id"), IdKind::finding);
  if (!id) return std::nullopt;
  return *id;
}

template <class Enum, std::size_t N>
std::optional<Enum> query_word(ApiCall const& call, std::string_view name,
                               std::array<std::string_view, N> const& words, int first) {
  auto const word = call.query(name);
  if (!word) return std::nullopt;
  auto const at = std::ranges::find(words, *word);  // the contract lists the same
  return static_cast<Enum>(first + (at - words.begin()));
}

/// A page of sales in the holdout, and the place of the last one that was looked at.
struct HoldoutPage {
  std::vector<storage::UnverifiedSale> sales;
  std::optional<storage::HoldoutCursor> next;  // nothing at the end
};

/// Reads on until the page is full: only a part of the sales belongs to the holdout.
asio::awaitable<Result<HoldoutPage, storage::StoreError>> read_holdout(
    ApiCall& call, MarketNo market, std::optional<storage::HoldoutCursor> before,
    std::size_t limit) {
  auto const since_us = to_unix_micros(call.ctx.now() - kHoldoutDays);
  HoldoutPage page;
  page.next = before;
  for (int reads = 0; reads < kHoldoutReadsMax; ++reads) {
    auto const rows = co_await trade_of(call).truth.unverified(market, page.next, since_us);
    if (!rows) co_return refuse(rows.error());
    for (auto const& row : *rows) {
      page.next = {to_unix_micros(row.sold_at), row.id.lead_no, row.id.slot};
      if (!app::held_out(call.ctx.keys, row.id, call.ctx.limits.holdout_share)) continue;
      page.sales.push_back(row);
      if (page.sales.size() == limit) co_return page;
    }
    if (rows->size() < storage::TruthReads::kPageMax) {
      page.next.reset();
      co_return page;
    }
  }
  co_return page;
}

void write_unverified(json::JsonWriter& out, ApiContext const& ctx, std::string_view market,
                      storage::UnverifiedSale const& sale) {
  auto const whole = out.object();
  out.field("sale_id", ctx.ids.seal(sale.id));
  out.field("lead_id", ctx.ids.seal(LeadId{sale.id.market, sale.id.lead_no}));
  out.field("market", market);
  out.field("buyer_id", ctx.ids.seal(AccountId{0, sale.buyer_no}));
  out.field("generator_id", ctx.ids.seal(AccountId{0, sale.generator_no}));
  out.field("sold_at", sale.sold_at);
  out.field("event", sale.event);
  out.field("convert_until", sale.until);
  out.field("exclusive", sale.exclusive);
}

}  // namespace

Answered list_findings(ApiCall& call) {
  auto const page = read_page(call);
  if (!page) co_return refuse(page.error());
  auto const market = query_market(call);
  if (!market) co_return refuse(market.error());
  storage::FindingFilter filter;
  filter.market = *market;
  filter.state = query_word<storage::FindingState>(call, "state", storage::kFindingStateTexts, 0);
  filter.kind = query_word<FindingKind>(call, "kind", kKinds, 1);
  if (auto const buyer = query_id<AccountId>(call, "buyer")) filter.buyer_no = buyer->no;
  filter.before_no = page->before_no();
  filter.limit = page->fetch();
  auto const rows = co_await call.ctx.database.transact(
      [filter](storage::PlatformTx& tx) { return tx.findings().list(filter); });
  if (!rows) co_return refuse(problem_of(rows.error()));
  auto const write = [&call](json::JsonWriter& out, storage::FindingCase const& row) {
    write_finding(out, call.ctx, row);
  };
  co_return answer_page(call, *page, *rows, write, [](storage::FindingCase const& row) {
    return std::vector<std::int64_t>{row.found.finding_no};
  });
}

Answered get_finding(ApiCall& call) {
  auto const id = path_finding(call);
  if (!id) co_return problem(Code::not_found);
  auto const found = co_await call.ctx.database.transact(
      [id](storage::PlatformTx& tx) { return tx.findings().find(id->market, id->no); });
  if (!found) co_return refuse(problem_of(found.error()));
  if (!*found) co_return problem(Code::not_found);
  json::JsonWriter out;
  write_finding(out, call.ctx, **found);
  co_return answer(200, out);
}

Answered decide_finding(ApiCall& call) {
  auto const id = path_finding(call);
  if (!id) co_return problem(Code::not_found);
  json::FieldErrors errors;
  json::ObjectReader reader(call.body, errors);
  app::FindingDecision decision{id->market, id->no, false, {}};
  decision.upheld = reader.require_bool("upheld");
  decision.note = reader.optional_string("note").value_or("");
  if (!errors.empty()) co_return invalid(std::move(errors));
  app::AnswerAction action =
      [tools = app_tools(call.ctx), ctx = &call.ctx, actor = call.principal,
       decision = std::move(decision)](storage::PlatformTx& tx) -> app::AppResult<app::Answer> {
    auto const decided = app::decide_finding(tools, tx, actor, decision);
    if (!decided) return refuse(decided.error());
    json::JsonWriter out;
    write_finding(out, *ctx, *decided);
    return app::Answer{200, out.str()};
  };
  co_return co_await transact_once(call, std::move(action));
}

Answered list_holdout(ApiCall& call) {
  auto const page = read_page(call, 3);
  if (!page) co_return refuse(page.error());
  auto const market = find_market(call.ctx, *call.query("market"));
  if (!market) {
    bool const unknown = market.error().code == Code::not_found;
    co_return unknown ? ApiResult{problem(Code::market_unknown)} : refuse(market.error());
  }
  std::optional<storage::HoldoutCursor> before;
  if (!page->after.empty()) {
    before = storage::HoldoutCursor{page->after[0], page->after[1],
                                    static_cast<std::int32_t>(page->after[2])};
  }
  auto const held =
      co_await read_holdout(call, market->no(), before, static_cast<std::size_t>(page->limit));
  if (!held) co_return refuse(problem_of(held.error()));
  std::vector<std::string> items;
  for (auto const& sale : held->sales) {
    json::JsonWriter out;
    write_unverified(out, call.ctx, market->name(), sale);
    items.push_back(out.str());
  }
  std::vector<std::int64_t> next;
  if (held->next) next = {held->next->sold_us, held->next->lead_no, held->next->slot};
  co_return page_answer(call, items, next);
}

Answered record_holdout(ApiCall& call) {
  json::FieldErrors errors;
  json::ObjectReader reader(call.body, errors);
  auto const sale_text = reader.require_string("sale_id");
  app::VerifiedOutcome verified;
  verified.converted = reader.require_bool("converted");
  verified.at = json::require_timestamp(reader, "at");
  if (!errors.empty()) co_return invalid(std::move(errors));
  auto const sale = call.ctx.ids.open_sale(sale_text);
  if (!sale) co_return invalid("/sale_id", "sale_unknown", "There is no such sale.");
  verified.sale = *sale;
  app::AnswerAction action = [tools = app_tools(call.ctx), ctx = &call.ctx, actor = call.principal,
                              verified](storage::PlatformTx& tx) -> app::AppResult<app::Answer> {
    auto const recorded =
        app::record_outcome(tools, tx, actor, ctx->limits.holdout_share, verified);
    if (!recorded) return refuse(recorded.error());
    json::JsonWriter out;
    {
      auto const whole = out.object();
      out.field("sale_id", ctx->ids.seal(recorded->sale));
      out.field("converted", recorded->converted);
      out.field("at", recorded->verified_at);
      out.field("recorded_by", ctx->ids.seal(IdKind::principal, 0, recorded->recorded_by));
      out.field("recorded_at", recorded->recorded_at);
    }
    return app::Answer{201, out.str()};
  };
  co_return co_await transact_once(call, std::move(action));
}

}  // namespace leadex::api
