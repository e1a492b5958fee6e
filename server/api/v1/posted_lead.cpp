#include "server/api/v1/posted_lead.hpp"

#include <algorithm>

#include "matching/market/barred.hpp"
#include "matching/market/held.hpp"
#include "server/api/v1/fraud_services.hpp"
#include "server/api/v1/intake_services.hpp"
#include "server/api/v1/lead_warnings.hpp"
#include "server/api/v1/source_services.hpp"
#include "server/intake/mail_check.hpp"
#include "server/market/preview.hpp"

namespace leadex::api {

using TaxonomyPtr = std::shared_ptr<storage::TaxonomyVersion const>;

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

Result<intake::CheckedLead, ApiProblem> check_lead(ApiCall const& call,
                                                   market::MarketSettings const& settings,
                                                   intake::LeadFields fields,
                                                   TaxonomyPtr const& taxonomy) {
  auto rules = intake::rules_of(settings);
  rules.taxonomy = taxonomy;
  auto const raw = intake::read_lead_document(call.body, rules, fields);
  if (!raw) return refuse(problem_of(raw.error()));
  intake::CheckContext const context{
      .rules = rules, .disposable = trade_of(call).disposable, .now = call.ctx.now()};
  auto lead = fields == intake::LeadFields::ping ? intake::check_ping(*raw, context)
                                                 : intake::check_lead(*raw, context);
  if (!lead) return refuse(problem_of(lead.error()));
  return std::move(*lead);
}

asio::awaitable<Result<void, ApiProblem>> check_mail(ApiCall& call, intake::CheckedLead& lead) {
  auto* const mail = trade_of(call).mail;
  if (mail == nullptr) co_return Result<void, ApiProblem>{};
  std::vector<intake::CheckedLead*> leads{&lead};
  auto const refused =
      co_await intake::find_undeliverable(*mail, std::move(leads), intake::kMailWaitRealTime);
  if (refused.empty()) co_return Result<void, ApiProblem>{};
  std::vector<intake::RowFault> const faults{intake::undeliverable_fault()};
  co_return refuse(problem_of(faults));
}

asio::awaitable<Result<void, ApiProblem>> check_do_not_call(ApiCall& call, MarketRef market,
                                                            intake::CheckedLead const& lead) {
  auto* const lists = trade_of(call).do_not_call;
  if (lists == nullptr) co_return Result<void, ApiProblem>{};
  std::vector<intake::CheckedLead const*> leads{&lead};
  auto const version = market.settings->rules.version;
  auto const hits = co_await lists->find(market.no(), version, std::move(leads), call.ctx.now());
  if (!hits) co_return refuse(api::problem_of(hits.error()));
  if (hits->empty()) co_return Result<void, ApiProblem>{};
  std::vector<intake::RowFault> const faults{intake::do_not_call_fault(hits->front().code)};
  co_return refuse(problem_of(faults));
}

asio::awaitable<Result<void, ApiProblem>> add_warnings(ApiCall& call,
                                                       intake::CheckedLead const& lead,
                                                       bool replayed, Offered& offered) {
  if (!replayed) {
    offered.warnings = lead.warnings;
    offered.domain_suggested = lead.domain_suggested;
    co_return Result<void, ApiProblem>{};
  }
  if (!offered.lead) co_return Result<void, ApiProblem>{};
  auto const stored = co_await trade_of(call).leads.find(viewer_of(call), *offered.lead);
  if (!stored) co_return refuse(api::problem_of(stored.error()));
  if (*stored) {
    offered.warnings = intake::RowWarnings{(*stored)->warnings};
    offered.domain_suggested = (*stored)->domain_suggested;
  }
  co_return Result<void, ApiProblem>{};
}

asio::awaitable<Result<intake::LeadPlace, ApiProblem>> place_of(ApiCall& call, MarketRef market,
                                                                intake::CheckedLead const& lead) {
  intake::LeadPlace place;
  place.tenant_no = call.account_no();
  place.version = market.settings->rules.version;
  place.settings = market.settings;
  place.arrived_at = call.ctx.now();
  auto const keys = intake::company_keys(lead);
  if (keys.empty()) co_return place;
  auto const found = co_await trade_of(call).rights.named(keys);
  if (!found) co_return refuse(api::problem_of(found.error()));
  place.named_for = intake::buyers_of(keys, *found);
  co_return place;
}

asio::awaitable<Result<bool, ApiProblem>> sample_lead(ApiCall& call, intake::LeadPlace& place) {
  if (call.ctx.intake == nullptr) co_return false;
  auto const sampled = co_await call.ctx.intake->realtime.choose(
      place.id.market, call.ctx.ids.seal(place.id), place.arrived_at);
  if (!sampled) co_return refuse(api::problem_of(sampled.error()));
  place.row_no = sampled->day;
  co_return sampled->hold;
}

void put_command(ApiCall const& call, intake::CheckedLead const& lead, bool hold,
                 market::Submission& submission) {
  submission.persons = intake::person_digests(call.ctx.keys, lead, intake::DigestUse::claim);
  if (!hold) {
    submission.command = intake::make_offer(*submission.lead, lead);
    return;
  }
  submission.command = market::hold_of(submission.lead->lead_no);
  submission.admissions.push_back({submission.lead->lead_no, submission.persons});
}

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
    out.field("outcome", offered.held ? "held" : outcome.sold.empty() ? "listed" : "sold");
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
    if (offered.promise_added.micros > 0) {
      out.field("promise_added", offered.promise_added, currency);
    }
    write_warnings(out, offered.warnings, offered.domain_suggested);
    if (call.test_key()) out.field("test", true);
  }
  return answer(201, out);
}

asio::awaitable<ApiResult> try_lead(ApiCall& call, MarketRef market, intake::CheckedLead lead,
                                    intake::LeadPlace place) {
  auto const digests = intake::person_digests(call.ctx.keys, lead, intake::DigestUse::claim);
  auto const planted = co_await planted_in(call.ctx, digests);
  if (!planted) co_return refuse(planted.error());
  place.planted = !planted->empty();
  auto offer = intake::make_offer(lead, place);
  auto const withheld = co_await trade_of(call).rights.withholding(digests);
  if (!withheld) co_return refuse(api::problem_of(withheld.error()));
  offer.withheld = *withheld;
  if (market::barred(offer)) co_return problem(Code::suppressed);
  std::optional<std::vector<market::SoldShare>> shares;
  auto const looked = co_await market.actor->view(
      [&shares, offer](market::EngineView const& view) { shares = market::preview(view, offer); });
  if (!looked) co_return refuse(api::problem_of(looked.error()));
  if (!shares) co_return problem(Code::not_owner);  // the version comes into force right now
  market::Outcome outcome;
  outcome.sold = std::move(*shares);
  Offered tried{std::nullopt, outcome};
  auto const told = co_await add_warnings(call, lead, false, tried);
  if (!told) co_return refuse(told.error());
  co_return render_outcome(call, market.settings->currency, tried);
}

asio::awaitable<Result<AnsweredLead, ApiProblem>> lead_watched(
    ApiCall& call, AnsweredLead fresh, Result<market::Answer, ApiProblem> done,
    WatchedLead watched) {
  if (!done) {
    auto const told =
        co_await watch_outcome(call.ctx, std::move(watched), 0, false, done.error().code);
    co_return refuse(told ? done.error() : told.error());
  }
  auto const posted = co_await lead_of(call, fresh, *done);
  if (!posted) co_return refuse(posted.error());
  auto const told = co_await watch_outcome(call.ctx, std::move(watched), posted->id.no,
                                           done->replayed, std::nullopt);
  if (!told) co_return refuse(told.error());
  co_return *posted;
}

asio::awaitable<Result<AnsweredLead, ApiProblem>> lead_of(ApiCall& call, AnsweredLead fresh,
                                                          market::Answer answer) {
  if (!answer.replayed) co_return fresh;
  auto const market = fresh.id.market;
  if (!answer.outcome.sold.empty()) {
    co_return AnsweredLead{{market, answer.outcome.sold.front().lead_no}, false};
  }
  auto const command = co_await committed_command(call, market, answer);
  if (!command) co_return refuse(command.error());
  if (auto const held = market::held_lead(*command)) {
    co_return AnsweredLead{{market, *held}, true};
  }
  auto const* const offer = market::brought_lead(*command);
  if (offer == nullptr) co_return problem(Code::internal);
  co_return AnsweredLead{{market, offer->lead_no}, false};
}

}  // namespace leadex::api
