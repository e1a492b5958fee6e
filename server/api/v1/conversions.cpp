// Conversions: what leads and visits that are paid for when something comes of them have come to,
// and what clicks have; and the estimates that such bids are ranked by.

#include "server/api/paging.hpp"
#include "server/api/v1/campaign_terms.hpp"
#include "server/api/v1/conversion_target.hpp"
#include "server/api/v1/trade.hpp"
#include "server/api/v1/trade_support.hpp"
#include "server/app/refresh_estimates.hpp"
#include "server/json/money_text.hpp"
#include "server/json/time_text.hpp"
#include "server/render/words.hpp"

namespace leadex::api {

namespace {

using market::ConversionState;

void write_conversion(json::JsonWriter& out, ApiContext const& ctx,
                      storage::ConversionView const& conversion) {
  auto const whole = out.object();
  out.field("id", ctx.ids.seal(conversion.id));
  out.field("market", conversion.market);
  out.field("sale_id", ctx.ids.seal(conversion.sale));
  std::optional<std::string> lead;
  std::optional<std::string> click;
  if (conversion.of_visit) {
    click = ctx.ids.seal(ClickId{conversion.sale.market, conversion.sale.lead_no});
  } else {
    lead = ctx.ids.seal(LeadId{conversion.sale.market, conversion.sale.lead_no});
  }
  out.field("lead_id", lead);
  out.field("click_id", click);
  out.field("event", conversion.event);
  out.field("transaction_id", conversion.transaction_id);
  out.field("at", conversion.at);
  out.field("value", conversion.value, conversion.currency);
  out.field("price", conversion.price, conversion.currency);
  out.field("status", render::word(conversion.state));
  out.field("reported_by", conversion.confirmed ? "buyer" : "postback");
  out.field("decide_by", conversion.decide_by);
  out.field("created_at", conversion.told_at);
}

http::Response render_one(ApiCall const& call, int status,
                          storage::ConversionView const& conversion) {
  json::JsonWriter out;
  write_conversion(out, call.ctx, conversion);
  auto response = answer(status, out);
  if (status == 201) {
    response.headers.add("Location", "/v1/conversions/" + call.ctx.ids.seal(conversion.id));
  }
  return response;
}

asio::awaitable<Result<storage::ConversionView, ApiProblem>> find_one(ApiCall& call,
                                                                      ConversionId id) {
  auto found = co_await trade_of(call).conversions.find(viewer_of(call), id);
  if (!found) co_return refuse(problem_of(found.error()));
  if (!*found) co_return problem(Code::not_found);
  co_return std::move(**found);
}

struct Told {
  std::optional<std::string> sale;
  std::optional<std::string> lead;
  std::optional<std::string> click;
  market::ReportConversion report;
};

/// What the body means by `sale_id`, `lead_id` or `click_id`: one of the caller's own.
asio::awaitable<Result<ConversionTarget, ApiProblem>> body_target(ApiCall& call, Told const& told) {
  auto const unknown = [](std::string pointer) {
    return invalid(std::move(pointer), "sale_unknown", "No such sale of yours.");
  };
  auto const named = [](auto const& id) { return id.has_value() ? 1 : 0; };
  if (named(told.sale) + named(told.lead) + named(told.click) != 1) {
    co_return invalid("", "missing_field", "Name the sale by sale_id, lead_id or click_id.");
  }
  if (told.sale) {
    auto const id = call.ctx.ids.open_sale(*told.sale);
    if (!id) co_return unknown("/sale_id");
    auto const sale = co_await trade_of(call).sales.find(viewer_of(call), *id);
    if (!sale) co_return refuse(problem_of(sale.error()));
    if (!*sale) co_return unknown("/sale_id");
    co_return ConversionTarget{
        *id, (*sale)->campaign_no, (*sale)->model, to_unix_micros((*sale)->sold_at), {}};
  }
  auto const found = told.lead ? co_await target_of_lead(call, call.account_no(), *told.lead)
                               : co_await target_of_click(call, call.account_no(), *told.click);
  if (!found) co_return refuse(problem_of(found.error()));
  if (!*found) co_return unknown(told.lead ? "/lead_id" : "/click_id");
  co_return **found;
}

/// All but whose it is and what it is worth, which needs the market's currency.
Result<Told, ApiProblem> read_told(ApiCall const& call) {
  json::FieldErrors errors;
  json::ObjectReader reader(call.body, errors);
  Told told;
  told.sale = reader.optional_string("sale_id");
  told.lead = reader.optional_string("lead_id");
  told.click = reader.optional_string("click_id");
  told.report.transaction_id = reader.require_string("transaction_id");
  told.report.event = reader.optional_string("event").value_or(std::string{kDefaultEvent});
  auto const at = json::require_timestamp(reader, "at");
  if (!errors.empty()) return invalid(std::move(errors));
  told.report.at_us = to_unix_micros(at);
  told.report.buyer_no = call.account_no();
  told.report.confirmed = true;
  return told;
}

Result<std::int64_t, ApiProblem> body_value(ApiCall const& call, std::string_view currency) {
  if (!call.body.IsObject()) return market::kNone;
  auto const* const value = json::find_member(call.body, "value");
  if (value == nullptr || value->IsNull()) return market::kNone;
  auto const amount = body_amount(call, "value", currency);
  if (!amount) return refuse(amount.error());
  return amount->micros;
}

/// As the command left it, so that a repeated answer is the same whatever came after. What is noted
/// stays as it is.
void as_approved(storage::ConversionView& view, market::Answer const& done) {
  if (view.state == ConversionState::noted) return;
  view.state = done.outcome.rests ? ConversionState::uncovered : ConversionState::approved;
  view.price = Money{done.outcome.micros};
  view.decide_by.reset();
}

ApiProblem problem_of_report(market::Answer const& done) {
  // It was the caller's a moment ago: what the market has forgotten cannot convert any more.
  if (done.outcome.refusal == market::Refusal::sale_unknown) {
    return {Code::conversion_window_closed, {}, {}, {}};
  }
  return problem_of(done.outcome.refusal);
}

/// Approves or rejects what a postback told; by its buyer or by staff.
asio::awaitable<ApiResult> decide(ApiCall& call, bool approved) {
  auto const id = path_id<ConversionId>(call);
  if (!id) co_return refuse(id.error());
  auto found = co_await find_one(call, *id);
  if (!found) co_return refuse(found.error());
  auto const market = find_market(call.ctx, id->market);
  if (!market) co_return refuse(market.error());
  auto const value = body_value(call, found->currency);
  if (!value) co_return refuse(value.error());
  market::Submission submission;
  bool const buyer = call.principal.role == storage::Role::buyer;
  submission.command =
      market::DecideConversion{id->no, buyer ? call.account_no() : 0, approved, *value};
  submission.idempotency = call.claim(market::Operation::decide_conversion);
  auto const done = co_await submit_raw(call, *market, std::move(submission));
  if (!done) co_return refuse(done.error());
  if (done->outcome.refusal != market::Refusal::none) {
    co_return refuse(problem_of(done->outcome.refusal));
  }
  if (approved) {
    if (*value != market::kNone) found->value = Money{*value};
    as_approved(*found, *done);
  } else {
    found->state = ConversionState::rejected;
    found->decide_by.reset();
  }
  auto response = render_one(call, 200, *found);
  mark_replayed(response, done->replayed);
  co_return response;
}

void write_row(json::JsonWriter& out, estimate::CalibrationRow const& row) {
  out.field("leads", row.leads);
  out.field("lowest_ppb", row.lowest.ppb);
  out.field("highest_ppb", row.highest.ppb);
  out.field("expected_milli", row.expected_milli);
  out.field("observed", row.observed);
  out.field("ratio_ppm", row.ratio_ppm());
}

}  // namespace

Answered create_conversion(ApiCall& call) {
  auto told = read_told(call);
  if (!told) co_return refuse(told.error());
  auto const target = co_await body_target(call, *told);
  if (!target) co_return refuse(target.error());
  auto const market = find_market(call.ctx, target->sale.market);
  if (!market) co_return refuse(market.error());
  auto const value = body_value(call, market->settings->currency);
  if (!value) co_return refuse(value.error());
  told->report.value_micros = *value;
  market::Submission submission;
  submission.command = conversion_command(*target, std::move(told->report));
  submission.idempotency = call.claim(market::Operation::report_conversion);
  auto const done = co_await submit_raw(call, *market, std::move(submission));
  if (!done) {
    if (done.error().code == Code::duplicate) co_return problem(Code::transaction_known);
    co_return refuse(done.error());
  }
  if (done->outcome.refusal != market::Refusal::none) co_return refuse(problem_of_report(*done));
  auto view = co_await find_one(call, {market->no(), done->outcome.number});
  if (!view) co_return refuse(view.error());
  as_approved(*view, *done);
  auto response = render_one(call, 201, *view);
  mark_replayed(response, done->replayed);
  co_return response;
}

Answered list_conversions(ApiCall& call) {
  auto const page = read_page(call, 3);
  if (!page) co_return refuse(page.error());
  auto const market = query_market(call);
  if (!market) co_return refuse(market.error());
  storage::ConversionFilter filter;
  filter.market = *market;
  filter.limit = page->fetch();
  if (!page->after.empty()) {
    filter.before = storage::ConversionCursor{page->after[0], static_cast<MarketNo>(page->after[1]),
                                              page->after[2]};
  }
  for (auto const& word : call.query_list("status")) {
    if (auto const state = render::conversion_state(word)) filter.states.push_back(*state);
  }
  auto const found = co_await trade_of(call).conversions.list(viewer_of(call), filter);
  if (!found) co_return refuse(problem_of(found.error()));
  co_return answer_page(
      call, *page, *found,
      [&](json::JsonWriter& out, storage::ConversionView const& conversion) {
        write_conversion(out, call.ctx, conversion);
      },
      [](storage::ConversionView const& conversion) {
        return std::vector<std::int64_t>{to_unix_micros(conversion.told_at),
                                         std::int64_t{conversion.id.market}, conversion.id.no};
      });
}

Answered get_conversion(ApiCall& call) {
  auto const id = path_id<ConversionId>(call);
  if (!id) co_return refuse(id.error());
  auto const found = co_await find_one(call, *id);
  if (!found) co_return refuse(found.error());
  co_return render_one(call, 200, *found);
}

Answered approve_conversion(ApiCall& call) { co_return co_await decide(call, true); }
Answered reject_conversion(ApiCall& call) { co_return co_await decide(call, false); }

Answered decide_conversion(ApiCall& call) {
  co_return co_await decide(call,
                            json::text_of(*json::find_member(call.body, "decision")) == "approve");
}

Answered get_estimates(ApiCall& call) {
  auto const market = find_market(call.ctx, call.param("id"));
  if (!market) co_return refuse(market.error());
  auto const report = co_await app::report_estimates(
      {trade_of(call).conversions, call.ctx.markets, call.ctx.now}, market->actor);
  if (!report) co_return refuse(problem_of(report.error()));
  auto const& version = report->in_force;
  json::JsonWriter out;
  {
    auto const whole = out.object();
    out.field("market", market->actor->name());
    out.field("version", version.version);
    std::optional<Timestamp> made_at;
    if (version.version > 0) made_at = from_unix_micros(version.made_at_us);
    out.field("made_at", made_at);
    out.field("conversion_rate_ppb", version.conversions.market_ppb);
    out.field("unknown_buyer_factor_ppb", version.conversions.unknown_buyer_ppb);
    out.field("return_rate_ppb", version.returns.market_ppb);
    out.field("visit_conversion_rate_ppb", version.visits.market_ppb);
    out.field("sources", std::ssize(version.conversions.sources));
    out.field("buyers", std::ssize(version.conversions.buyers));
    out.field("campaigns", std::ssize(version.conversions.campaigns));
    out.field("pairs", std::ssize(version.conversions.pairs));
    auto const calibration = out.object("calibration");
    {
      auto const all = out.object("all");
      write_row(out, report->calibration.all);
    }
    auto const tenths = out.array("tenths");
    for (auto const& row : report->calibration.tenths) {
      auto const one = out.object();
      write_row(out, row);
    }
  }
  co_return answer(200, out);
}

}  // namespace leadex::api
