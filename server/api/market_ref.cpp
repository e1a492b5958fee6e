#include "server/api/market_ref.hpp"

#include "billing/values/check.hpp"
#include "matching/market/held.hpp"

namespace leadex::api {

namespace {

Result<MarketRef, ApiProblem> ready(std::shared_ptr<market::MarketActor> actor) {
  if (!actor) return problem(Code::not_found);
  auto settings = actor->settings();
  if (!actor->ready() || !settings) return problem(Code::not_owner);
  return MarketRef{std::move(actor), std::move(settings)};
}

Code code_of(market::SubmitError error) {
  using market::SubmitError;
  switch (error) {
    case SubmitError::busy:
    case SubmitError::deadline_passed:
      return Code::busy;
    case SubmitError::not_owner:
      return Code::not_owner;
    case SubmitError::in_progress:
      return Code::in_progress;
    case SubmitError::key_reused:
      return Code::idempotency_key_reused;
    case SubmitError::duplicate:
      return Code::duplicate;
    case SubmitError::halted:
      return Code::market_halted;
    case SubmitError::internal_invariant:
      break;
  }
  return Code::internal;
}

Code code_of(market::Refusal refusal) {
  using market::Refusal;
  switch (refusal) {
    case Refusal::not_configured:
      return Code::not_owner;
    case Refusal::campaign_unknown:
    case Refusal::lead_unknown:
    case Refusal::bid_unknown:
    case Refusal::sale_unknown:
    case Refusal::return_unknown:
    case Refusal::deal_unknown:
      return Code::not_found;
    case Refusal::deal_not_open:
      return Code::deal_not_open;
    case Refusal::not_counterparty:
      return Code::not_counterparty;
    case Refusal::campaign_paused:
      return Code::campaign_paused;
    case Refusal::targeting_invalid:
      return Code::targeting_invalid;
    case Refusal::already_bought:
      return Code::already_bought;
    case Refusal::below_reserve:
      return Code::below_reserve;
    case Refusal::exclusive_gone:
      return Code::exclusive_gone;
    case Refusal::insufficient_funds:
      return Code::insufficient_funds;
    case Refusal::cap_reached:
      return Code::cap_reached;
    case Refusal::sale_not_pending:
      return Code::sale_not_pending;
    case Refusal::sale_not_delivered:
      return Code::sale_not_delivered;
    case Refusal::return_window_closed:
      return Code::return_window_closed;
    case Refusal::return_ceiling_reached:
      return Code::return_ceiling_reached;
    case Refusal::already_returned:
      return Code::already_returned;
    case Refusal::return_not_open:
      return Code::return_not_open;
    case Refusal::dispute_not_open:
      return Code::dispute_not_open;
    case Refusal::amount_invalid:
      return Code::amount_invalid;
    case Refusal::lead_sold:
      return Code::lead_sold;
    case Refusal::limit_reached:
      return Code::limit_reached;
    case Refusal::auction_ended:
      return Code::auction_ended;
    case Refusal::zone_fixed:
      return Code::time_zone_fixed;
    case Refusal::trial_fixed:
      return Code::trial_fixed;
    case Refusal::ping_expired:
      return Code::ping_expired;
    case Refusal::ping_used:
      return Code::ping_used;
    case Refusal::not_of_this_model:
      return Code::not_of_this_model;
    case Refusal::not_per_acquisition:
      return Code::not_per_acquisition;
    case Refusal::already_converted:
      return Code::already_converted;
    case Refusal::event_unknown:
      return Code::event_unknown;
    case Refusal::conversion_window_closed:
      return Code::conversion_window_closed;
    case Refusal::conversion_unknown:
      return Code::conversion_decided;
    case Refusal::return_open:
      return Code::return_open;
    case Refusal::estimates_invalid:
    case Refusal::lead_known:
    case Refusal::lead_shared:
    case Refusal::lead_settled:
    case Refusal::version_unknown:
    case Refusal::sale_not_settled:
    case Refusal::none:
      break;
  }
  return Code::conflict;
}

}  // namespace

Result<MarketRef, ApiProblem> find_market(ApiContext& context, std::string_view name) {
  return ready(context.markets.find(name));
}

Result<MarketRef, ApiProblem> find_market(ApiContext& context, MarketNo no) {
  return ready(context.markets.find(no));
}

ApiProblem problem_of(market::SubmitError error) { return {code_of(error), {}, {}, {}}; }

ApiProblem problem_of(market::Refusal refusal) {
  LEADEX_CHECK(refusal != market::Refusal::none);
  return {code_of(refusal), {}, {}, {}};
}

ApiProblem problem_of(market::ViewError error) {
  return {error == market::ViewError::busy ? Code::busy : Code::not_owner, {}, {}, {}};
}

ApiProblem problem_of(storage::StoreError error) {
  using storage::StoreError;
  switch (error) {
    case StoreError::not_found:
      return {Code::not_found, {}, {}, {}};
    case StoreError::conflict:
      return {Code::conflict, {}, {}, {}};
    case StoreError::retry_later:
      return {Code::busy, {}, {}, {}};
    case StoreError::outcome_unknown:
      return {Code::outcome_unknown, {}, {}, {}};
    case StoreError::unavailable:
      break;
  }
  return {Code::unavailable, {}, {}, {}};
}

asio::awaitable<Result<market::Answer, ApiProblem>> submit(ApiCall& call, MarketRef market,
                                                           market::Submission submission) {
  submission.deadline = call.request.deadline;
  bool const brings = market::brought_lead(submission.command) != nullptr ||
                      market::held_lead(submission.command).has_value();
  auto answer = co_await market.actor->submit(std::move(submission));
  if (!answer) co_return refuse(problem_of(answer.error()));
  if (answer->outcome.refusal != market::Refusal::none) {
    // Of a lead that comes it says that the exchange's own list has its person.
    bool const unknown = answer->outcome.refusal == market::Refusal::lead_unknown;
    if (brings && unknown) co_return problem(Code::suppressed);
    co_return refuse(problem_of(answer->outcome.refusal));
  }
  co_return std::move(*answer);
}

void mark_replayed(http::Response& response, bool replayed) {
  if (replayed) response.headers.set("Idempotent-Replayed", "true");
}

}  // namespace leadex::api
