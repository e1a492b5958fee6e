#pragma once
// Live bids: buyers' own endpoints are asked before a ping is answered. What the handlers need for
// it, and the way of a ping through it. Any thread.

#include <chrono>

#include "server/api/v1/trade_support.hpp"
#include "server/market/bid_requester.hpp"

namespace leadex::api {

/// When the endpoints' time is over, for a ping that has to be answered by `until`: the reserve
/// remains for the auction and the answer, but never more than half of what is left.
[[nodiscard]] std::chrono::steady_clock::time_point bids_until(
    std::chrono::steady_clock::time_point now, std::chrono::steady_clock::time_point until,
    std::chrono::milliseconds reserve);

/// The market's answer to a ping, after the endpoints of campaigns that could take it were asked.
/// Campaigns that bid live and were not heard in time do not bid.
[[nodiscard]] asio::awaitable<Result<market::PingAnswer, market::SubmitError>> ping_market(
    ApiCall& call, MarketRef market, market::OfferPing ping,
    std::chrono::steady_clock::time_point deadline);

/// A campaign that names an address, or did so before, was written and committed.
[[nodiscard]] asio::awaitable<void> follow_bid_url(ApiCall& call, CampaignId campaign);

}  // namespace leadex::api
