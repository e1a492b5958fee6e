#include "server/api/v1/trade.hpp"
#include "server/api/v1/trade_support.hpp"
#include "server/intake/lead_document.hpp"
#include "server/intake/lead_rows.hpp"
#include "server/market/preview.hpp"

namespace leadex::api {

namespace {

/// 422 with the code of the first fault, all of them listed.
ApiProblem problem_of(std::vector<intake::RowFault> const& faults) {
  ApiProblem refused{Code::malformed_row, {}, {}, {}};
  for (auto const& fault : faults) {
    refused.errors.push_back(
        {fault.pointer, std::string{intake::to_string(fault.code)}, std::string{fault.detail}});
  }
  if (!faults.empty()) {
    refused.code =
        code_from_text(intake::to_string(faults.front().code)).value_or(Code::validation_failed);
  }
  return refused;
}

Result<intake::CheckedLead, ApiProblem> check(ApiCall const& call,
                                              market::MarketSettings const& settings) {
  auto const rules = intake::rules_of(settings);
  auto const raw =
      intake::read_lead_document(call.body, rules, intake::LeadFields::lead_and_market);
  if (!raw) return refuse(problem_of(raw.error()));
  auto lead = intake::check_lead(
      *raw, {.rules = rules, .disposable = trade_of(call).disposable, .now = call.ctx.now()});
  if (!lead) return refuse(problem_of(lead.error()));
  return std::move(*lead);
}

/// What came of it. A lead that was only tried has no number.
struct Offered {
  std::optional<LeadId> lead;
  market::Outcome outcome;
};

http::Response render_outcome(ApiCall const& call, std::string_view currency,
                              Offered const& offered) {
  auto const& ids = call.ctx.ids;
  auto const& outcome = offered.outcome;
  json::JsonWriter out;
  {
    auto const object = out.object();
    std::optional<std::string> lead;
    std::optional<std::string> auction;
    std::optional<Money> price;
    std::optional<Money> net;
    if (offered.lead) {
      lead = ids.seal(*offered.lead);
      if (outcome.number != 0) auction = ids.seal(AuctionId{offered.lead->market, outcome.number});
    }
    out.field("lead_id", lead);
    out.field("outcome", outcome.sold.empty() ? "listed" : "sold");
    {
      auto const sales = out.array("sales");
      for (auto const& share : outcome.sold) {
        auto const sale = out.object();
        auto const kept = share.gross_micros - std::max<std::int64_t>(share.fee_micros, 0);
        out.field("gross", Money{share.gross_micros}, currency);
        out.field("net", Money{kept}, currency);
        price = Money{price.value_or(Money{}).micros + share.gross_micros};
        net = Money{net.value_or(Money{}).micros + kept};
      }
    }
    out.field("price", price, currency);
    out.field("net", net, currency);
    out.field("auction_id", auction);
    if (call.test_key()) out.field("test", true);
  }
  return answer(201, out);
}

/// The buyers that the lead's consent names; empty for an open one.
asio::awaitable<Result<std::vector<std::int64_t>, ApiProblem>> named_by(
    ApiCall& call, intake::CheckedLead const& lead) {
  auto const keys = intake::company_keys(lead);
  if (keys.empty()) co_return std::vector<std::int64_t>{};
  auto const found = co_await trade_of(call).rights.named(keys);
  if (!found) co_return refuse(api::problem_of(found.error()));
  co_return intake::buyers_of(keys, *found);
}

/// A test key's lead is checked and matched like any other and then let go: nothing is written.
asio::awaitable<ApiResult> try_lead(ApiCall& call, MarketRef market, intake::CheckedLead lead,
                                    intake::LeadPlace place) {
  auto offer = intake::make_offer(lead, place);
  auto const withheld = co_await trade_of(call).rights.withholding(
      intake::person_digests(call.ctx.keys, lead, intake::DigestUse::real_time));
  if (!withheld) co_return refuse(api::problem_of(withheld.error()));
  offer.withheld = *withheld;
  std::optional<std::vector<market::SoldShare>> shares;
  auto const looked = co_await market.actor->view(
      [&shares, offer](market::EngineView const& view) { shares = market::preview(view, offer); });
  if (!looked) co_return refuse(api::problem_of(looked.error()));
  if (!shares) co_return problem(Code::not_owner);  // the version comes into force right now
  market::Outcome outcome;
  outcome.sold = std::move(*shares);
  co_return render_outcome(call, market.settings->currency, Offered{std::nullopt, outcome});
}

/// A repeated answer names the lead of the first time.
asio::awaitable<Result<LeadId, ApiProblem>> lead_of(ApiCall& call, LeadId fresh,
                                                    market::Answer answer) {
  if (!answer.replayed) co_return fresh;
  if (!answer.outcome.sold.empty()) {
    co_return LeadId{fresh.market, answer.outcome.sold.front().lead_no};
  }
  auto const command = co_await committed_command(call, fresh.market, answer);
  if (!command) co_return refuse(command.error());
  auto const* const offer = std::get_if<market::OfferLead>(&*command);
  if (offer == nullptr) co_return problem(Code::internal);
  co_return LeadId{fresh.market, offer->lead_no};
}

}  // namespace

Answered post_lead(ApiCall& call) {
  auto const market = body_market(call);
  if (!market) co_return refuse(market.error());
  auto const lead = check(call, *market->settings);
  if (!lead) co_return refuse(lead.error());
  auto const& currency = market->settings->currency;
  auto named = co_await named_by(call, *lead);
  if (!named) co_return refuse(named.error());
  intake::LeadPlace place;
  place.tenant_no = call.account_no();
  place.version = market->settings->rules.version;
  place.named_for = std::move(*named);
  if (call.test_key()) co_return co_await try_lead(call, *market, *lead, place);

  auto const number = co_await trade_of(call).lead_numbers.next(market->no());
  if (!number) co_return refuse(api::problem_of(number.error()));
  place.id = {market->no(), *number};
  market::Submission submission;
  submission.lead = intake::make_new_lead(call.ctx.keys, *lead, place);
  submission.command = intake::make_offer(*submission.lead, *lead);
  submission.persons = intake::person_digests(call.ctx.keys, *lead, intake::DigestUse::real_time);
  submission.idempotency = call.claim(market::Operation::post_lead);
  auto const done = co_await submit(call, *market, std::move(submission));
  if (!done) co_return refuse(done.error());
  auto const id = co_await lead_of(call, place.id, *done);
  if (!id) co_return refuse(id.error());
  auto response = render_outcome(call, currency, Offered{*id, done->outcome});
  mark_replayed(response, done->replayed);
  co_return response;
}

Answered withdraw_lead(ApiCall& call) {
  auto const id = path_id<LeadId>(call);
  if (!id) co_return refuse(id.error());
  auto const lead = co_await trade_of(call).leads.find(viewer_of(call), *id);
  if (!lead) co_return refuse(api::problem_of(lead.error()));
  if (!*lead) co_return problem(Code::not_found);
  auto const market = find_market(call.ctx, id->market);
  if (!market) co_return refuse(market.error());
  market::Submission submission;
  submission.command = market::WithdrawLead{id->no, (*lead)->generator_no};
  submission.idempotency = call.claim(market::Operation::withdraw_lead);
  auto const done = co_await submit_raw(call, *market, std::move(submission));
  if (!done) co_return refuse(done.error());
  auto const refusal = done->outcome.refusal;
  bool const gone = refusal == market::Refusal::lead_unknown;
  // What is withdrawn already stays so; a lead the market has forgotten was sold or has expired.
  bool const already = gone && (*lead)->state == market::LeadState::withdrawn;
  if (gone && !already) {
    co_return problem((*lead)->state == market::LeadState::sold ? Code::lead_sold
                                                                : Code::listing_gone);
  }
  if (!gone && refusal != market::Refusal::none) co_return refuse(api::problem_of(refusal));
  json::JsonWriter out;
  {
    auto const object = out.object();
    out.field("id", call.ctx.ids.seal(*id));
    out.field("status", "withdrawn");
  }
  auto response = answer(200, out);
  mark_replayed(response, done->replayed);
  co_return response;
}

}  // namespace leadex::api
