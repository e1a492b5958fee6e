#include "server/api/v1/money_steps.hpp"

#include <charconv>

#include "billing/values/check.hpp"
#include "server/api/kept_answer.hpp"

namespace leadex::api {

namespace {

using Left = Result<storage::FundIntent, ApiProblem>;

ApiProblem problem_of(storage::PlatformRefusal refusal) {
  using storage::PlatformRefusal;
  switch (refusal) {
    case PlatformRefusal::insufficient_funds:
      return {Code::insufficient_funds, {}, {}, {}};
    case PlatformRefusal::amount_not_positive:
    case PlatformRefusal::overflow:
      return {Code::amount_invalid, {}, {}, {}};
    case PlatformRefusal::market_unknown:
      return {Code::not_found, {}, {}, {}};
    default:
      return {Code::internal, {}, {}, {}};
  }
}

/// What one attempt of the platform's half needs; copied into the job.
struct Leave {
  FundStep step;
  std::int64_t tenant_no{};
  IdempotencyKey key;

  Left operator()(storage::PlatformTx& tx) const {
    storage::IdempotencyScope const scope{tenant_no, step.step, key.text, key.body_hash};
    auto const known = tx.idempotency().begin(scope);
    if (auto refused = api::problem_of(known.state)) return refuse(std::move(*refused));
    if (known.state == storage::IdempotencyState::replay) return found(tx, known.body);
    auto const intent =
        tx.ledger().fund_leaves(tenant_no, step.market, step.campaign_no, step.amount);
    if (!intent) return refuse(problem_of(intent.error()));
    tx.idempotency().store(scope, 200, std::to_string(intent->intent_no));
    return *intent;
  }

  Left found(storage::PlatformTx& tx, std::string const& body) const {
    std::int64_t intent_no{};
    auto const* const end = body.data() + body.size();
    LEADEX_CHECK(std::from_chars(body.data(), end, intent_no).ptr == end);
    auto const intent = tx.ledger().find_intent(step.market, intent_no);
    if (!intent) return problem(Code::internal);
    return *intent;
  }
};

}  // namespace

ApiProblem problem_of(app::IntentError error) {
  switch (error) {
    case app::IntentError::not_owner:
      return {Code::not_owner, {}, {}, {}};
    case app::IntentError::halted:
      return {Code::market_halted, {}, {}, {}};
    case app::IntentError::busy:
      return {Code::busy, {}, {}, {}};
    case app::IntentError::unavailable:
      return {Code::unavailable, {}, {}, {}};
    case app::IntentError::refused:
      break;
  }
  return {Code::internal, {}, {}, {}};
}

asio::awaitable<Result<void, ApiProblem>> fund_once(ApiCall& call, FundStep step) {
  LEADEX_CHECK(call.idempotency.has_value());
  Leave leave{std::move(step), call.account_no(), *call.idempotency};
  auto const left = co_await call.ctx.database.transact(std::move(leave));
  if (!left) co_return refuse(api::problem_of(left.error()));
  if (!*left) co_return refuse(left->error());
  auto const arrived = co_await trade_of(call).intents.fund_arrives(**left, call.request.deadline);
  if (!arrived) co_return refuse(problem_of(arrived.error()));
  co_return Result<void, ApiProblem>{};
}

}  // namespace leadex::api
