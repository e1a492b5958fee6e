#include "server/api/v1/live_bids.hpp"

#include <algorithm>

#include "server/api/v1/trade.hpp"

namespace leadex::api {

namespace {

using Clock = std::chrono::steady_clock;

market::BidRound round_of(MarketRef const& market, market::OfferPing const& ping,
                          std::vector<market::LiveBidder> bidders, Clock::time_point until) {
  market::BidRound round;
  round.market = market.no();
  round.market_name = market.name();
  round.settings = market.settings;
  round.minimum_micros = ping.minimum_micros;
  round.attributes = ping.lead.attributes;
  round.vehicle = ping.lead.vehicle;
  round.reason = ping.lead.reason;
  round.bidders = std::move(bidders);
  round.deadline = until;
  return round;
}

}  // namespace

Clock::time_point bids_until(Clock::time_point now, Clock::time_point until,
                             std::chrono::milliseconds reserve) {
  return until - std::min<Clock::duration>(reserve, (until - now) / 2);
}

asio::awaitable<Result<market::PingAnswer, market::SubmitError>> ping_market(
    ApiCall& call, MarketRef market, market::OfferPing ping, Clock::time_point deadline) {
  auto const& live = trade_of(call).live;
  if (live.requester != nullptr) {
    auto first = co_await market.actor->ping(ping, deadline, live.asked_max);
    if (!first || first->to_ask.empty()) co_return first;
    auto const until = bids_until(Clock::now(), deadline, live.answer_reserve);
    ping.live =
        co_await live.requester->ask(round_of(market, ping, std::move(first->to_ask), until));
  }
  co_return co_await market.actor->ping(std::move(ping), deadline);
}

asio::awaitable<void> follow_bid_url(ApiCall& call, CampaignId campaign) {
  auto* const requester = trade_of(call).live.requester;
  if (requester != nullptr) co_await requester->changed(campaign);
}

Answered get_campaign_bid_requests(ApiCall& call) {
  auto const id = path_id<CampaignId>(call);
  if (!id) co_return refuse(id.error());
  auto const campaign = co_await trade_of(call).campaigns.find(viewer_of(call), *id);
  if (!campaign) co_return refuse(problem_of(campaign.error()));
  if (!*campaign) co_return problem(Code::not_found);
  auto* const requester = trade_of(call).live.requester;
  market::BidEndpointState state{.since = call.ctx.now()};
  if (requester != nullptr) state = co_await requester->state(*id);
  auto const& counts = state.counts;
  json::JsonWriter out;
  {
    auto const object = out.object();
    out.field("campaign_id", call.ctx.ids.seal(*id));
    out.field("since", state.since);
    out.field("resting", state.resting);
    out.field("asked", counts.asked);
    out.field("answered", counts.answered);
    out.field("bids", counts.bids);
    out.field("cut", counts.cut);
    out.field("late", counts.late);
    out.field("timed_out", counts.timed_out);
    out.field("failed", counts.failed);
    out.field("skipped", counts.skipped);
  }
  co_return answer(200, out);
}

}  // namespace leadex::api
