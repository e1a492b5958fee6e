#include "server/api/kept_answer.hpp"
#include "server/api/v1/campaign_answer.hpp"
#include "server/api/v1/money_steps.hpp"
#include "server/api/v1/trade.hpp"

namespace leadex::api {

namespace {

/// What both directions check first: the campaign is the caller's, its market is here.
struct Target {
  CampaignId id;
  std::int64_t buyer_no{};
  MarketRef market;
  Money amount;
};

asio::awaitable<Result<Target, ApiProblem>> find_target(ApiCall& call) {
  auto const id = path_id<CampaignId>(call);
  if (!id) co_return refuse(id.error());
  auto const campaign = co_await trade_of(call).campaigns.find(viewer_of(call), *id);
  if (!campaign) co_return refuse(problem_of(campaign.error()));
  if (!*campaign) co_return problem(Code::not_found);
  auto const market = find_market(call.ctx, id->market);
  if (!market) co_return refuse(market.error());
  auto const amount = body_amount(call, "amount", (*campaign)->currency);
  if (!amount) co_return refuse(amount.error());
  co_return Target{*id, (*campaign)->buyer_no, *market, *amount};
}

asio::awaitable<Result<void, ApiProblem>> defund(ApiCall& call, Target target) {
  auto const number = co_await trade_of(call).intent_numbers.next(target.id.market);
  if (!number) co_return refuse(problem_of(number.error()));
  market::Submission submission;
  submission.command =
      market::DefundBudget{{target.buyer_no, target.id.no}, *number, target.amount.micros};
  submission.idempotency = call.claim(market::Operation::defund);
  auto const done = co_await submit(call, target.market, std::move(submission));
  if (!done) co_return refuse(done.error());
  auto intent_no = *number;
  if (done->replayed) {
    auto const command = co_await committed_command(call, target.id.market, *done);
    if (!command) co_return refuse(command.error());
    auto const* const first = std::get_if<market::DefundBudget>(&*command);
    if (first == nullptr) co_return problem(Code::internal);
    intent_no = first->intent_no;
  }
  auto const arrived = co_await trade_of(call).intents.defund_arrives(target.id.market, intent_no);
  if (!arrived) co_return refuse(problem_of(arrived.error()));
  co_return Result<void, ApiProblem>{};
}

enum class Way : std::uint8_t { fund, defund };

asio::awaitable<ApiResult> move_money(ApiCall& call, Way way) {
  auto const target = co_await find_target(call);
  if (!target) co_return refuse(target.error());
  auto kept = co_await kept_answer(call);
  if (!kept) co_return refuse(kept.error());
  if (*kept) {
    auto response = http::make_response(200, "application/json", std::move(**kept));
    mark_replayed(response, true);
    co_return response;
  }
  Result<void, ApiProblem> moved;
  if (way == Way::fund) {
    FundStep step{target->id.market, target->id.no, target->amount, call.request.operation_id};
    moved = co_await fund_once(call, std::move(step));
  } else {
    moved = co_await defund(call, *target);
  }
  if (!moved) co_return refuse(moved.error());
  auto response = co_await answer_campaign(call, target->id);
  if (response) response->body = co_await keep_answer(call, std::move(response->body));
  co_return response;
}

}  // namespace

Answered fund_campaign(ApiCall& call) { co_return co_await move_money(call, Way::fund); }
Answered defund_campaign(ApiCall& call) { co_return co_await move_money(call, Way::defund); }

}  // namespace leadex::api
