// Bids and purchases: what a buyer buys itself. Without a campaign its desk in that market pays,
// and what the desk lacks comes from the wallet first.

#include <algorithm>

#include "server/api/v1/money_steps.hpp"
#include "server/api/v1/targeting_json.hpp"
#include "server/api/v1/trade.hpp"
#include "server/crypto/hash.hpp"
#include "server/json/money_text.hpp"

namespace leadex::api {

namespace {

constexpr int kTopUpsMax = 3;

/// The client's key for one round: a refusal for want of money is kept under its round's key, so
/// the next round needs another, and a retry walks through the same rounds.
market::IdempotencyClaim claim_of_round(ApiCall const& call, market::Operation operation,
                                        int round) {
  auto claim = *call.claim(operation);
  if (round == 0) return claim;
  auto const digest = crypto::sha256(claim.key + "/round/" + std::to_string(round));
  claim.key = std::string{crypto::view_of(digest)}.substr(0, claim.key.size());
  return claim;
}

/// Submits; when a desk lacks money, moves it from the wallet and tries again.
asio::awaitable<Result<market::Answer, ApiProblem>> buy(ApiCall& call, MarketRef market,
                                                        market::Command command,
                                                        market::Operation operation, bool desk) {
  for (int round = 0;; ++round) {
    market::Submission submission;
    submission.command = command;
    submission.idempotency = claim_of_round(call, operation, round);
    auto done = co_await submit_raw(call, market, std::move(submission));
    if (!done) co_return refuse(done.error());
    auto const& outcome = done->outcome;
    if (outcome.refusal == market::Refusal::none) co_return std::move(*done);
    bool const top_up = desk && outcome.refusal == market::Refusal::insufficient_funds &&
                        outcome.micros > 0 && round < kTopUpsMax;
    if (!top_up) co_return refuse(problem_of(outcome.refusal));
    FundStep step{market.no(), 0, Money{outcome.micros},
                  call.request.operation_id + ".top_up." + std::to_string(round)};
    auto const moved = co_await fund_once(call, std::move(step));
    if (!moved) co_return refuse(moved.error());
  }
}

/// The campaign of the body that pays; 0 for the desk. @errors not_found, as for an unknown one
asio::awaitable<Result<std::int64_t, ApiProblem>> payer(ApiCall& call, MarketNo market) {
  auto const* const text = json::find_member(call.body, "campaign_id");
  if (text == nullptr || text->IsNull()) co_return 0;
  auto const id = call.ctx.ids.open_as<CampaignId>(json::text_of(*text));
  if (!id || id->market != market) co_return problem(Code::not_found);
  auto const campaign = co_await trade_of(call).campaigns.find(viewer_of(call), *id);
  if (!campaign) co_return refuse(problem_of(campaign.error()));
  if (!*campaign) co_return problem(Code::not_found);
  co_return id->no;
}

bool flag_of(ApiCall const& call, std::string_view name) {
  auto const* const flag = json::find_member(call.body, name);
  return flag != nullptr && flag->IsBool() && flag->GetBool();
}

http::Response render_bid(ApiCall const& call, MarketNo market, market::Answer const& done) {
  auto const& outcome = done.outcome;
  json::JsonWriter out;
  {
    auto const object = out.object();
    out.field("id", call.ctx.ids.seal(BidId{market, outcome.number}));
    out.field("outcome", outcome.sold.empty() ? "standing" : "sold");
    std::optional<std::string> sale;
    if (!outcome.sold.empty()) {
      auto const& share = outcome.sold.front();
      sale = call.ctx.ids.seal(SaleId{market, share.lead_no, share.slot});
    }
    out.field("sale_id", sale);
  }
  auto response = answer(201, out);
  mark_replayed(response, done.replayed);
  return response;
}

http::Response render_purchase(ApiCall const& call, MarketRef const& market,
                               market::Answer const& done) {
  auto const& outcome = done.outcome;
  Money total;
  json::JsonWriter out;
  {
    auto const object = out.object();
    out.field("id", call.ctx.ids.seal(OrderId{market.no(), outcome.number}));
    out.field("filled", outcome.sold.size());
    {
      auto const sales = out.array("sales");
      for (auto const& share : outcome.sold) {
        out.value(call.ctx.ids.seal(SaleId{market.no(), share.lead_no, share.slot}));
        total.micros += share.gross_micros;
      }
    }
    out.field("total", total, market.settings->currency);
  }
  auto response = answer(201, out);
  mark_replayed(response, done.replayed);
  return response;
}

}  // namespace

Answered place_bid(ApiCall& call) {
  auto const lead = call.ctx.ids.open_listing(call.param("id"));
  if (!lead) co_return problem(Code::not_found);
  auto const market = find_market(call.ctx, lead->market);
  if (!market) co_return refuse(market.error());
  auto const price = body_amount(call, "price", market->settings->currency);
  if (!price) co_return refuse(price.error());
  auto const campaign_no = co_await payer(call, lead->market);
  if (!campaign_no) co_return refuse(campaign_no.error());
  market::PlaceBid bid;
  bid.lead_no = lead->no;
  bid.budget = {call.account_no(), *campaign_no};
  bid.price_micros = price->micros;
  bid.exclusive = flag_of(call, "exclusive");
  auto const done =
      co_await buy(call, *market, bid, market::Operation::place_bid, *campaign_no == 0);
  if (!done) co_return refuse(done.error());
  co_return render_bid(call, lead->market, *done);
}

Answered withdraw_bid(ApiCall& call) {
  auto const lead = call.ctx.ids.open_listing(call.param("id"));
  auto const bid = path_id<BidId>(call, "bid_id");
  if (!lead || !bid || bid->market != lead->market) co_return problem(Code::not_found);
  auto const market = find_market(call.ctx, lead->market);
  if (!market) co_return refuse(market.error());
  bool on_listing = false;
  auto const looked = co_await market->actor->view([&](market::EngineView const& view) {
    auto const* const listing = view.engine.listing(lead->no);
    on_listing =
        listing != nullptr && std::ranges::any_of(listing->bids, [&](auto const& standing) {
          return standing.bid_no == bid->no && standing.budget.buyer_no == call.account_no();
        });
  });
  if (!looked) co_return refuse(problem_of(looked.error()));
  if (!on_listing) co_return problem(Code::not_found);
  market::Submission submission;
  submission.command = market::WithdrawBid{bid->no, call.account_no()};
  auto const done = co_await submit(call, *market, std::move(submission));
  if (!done) co_return refuse(done.error());
  co_return no_content();
}

Answered create_purchase(ApiCall& call) {
  auto const market = body_market(call);
  if (!market) co_return refuse(market.error());
  auto const limit = body_amount(call, "limit_price", market->settings->currency);
  if (!limit) co_return refuse(limit.error());
  auto const schema = targeting::Schema::make(market->settings->rules.attributes);
  LEADEX_CHECK(schema.has_value());
  market::Purchase purchase;
  purchase.filter = targeting_of_all(*schema);
  if (auto const* const filter = json::find_member(call.body, "filter")) {
    auto bytes = targeting_bytes(*filter, *schema, "/filter");
    if (!bytes) co_return invalid({bytes.error()});
    purchase.filter = std::move(*bytes);
  }
  auto const campaign_no = co_await payer(call, market->no());
  if (!campaign_no) co_return refuse(campaign_no.error());
  purchase.budget = {call.account_no(), *campaign_no};
  purchase.quantity = json::find_member(call.body, "quantity")->GetInt64();
  purchase.limit_micros = limit->micros;
  purchase.exclusive = flag_of(call, "exclusive");
  auto const done =
      co_await buy(call, *market, purchase, market::Operation::purchase, *campaign_no == 0);
  if (!done) co_return refuse(done.error());
  co_return render_purchase(call, *market, *done);
}

}  // namespace leadex::api
