#pragma once
// Pings and posts of test keys: answered as real ones, and nothing is reserved, written or asked of
// anybody's endpoint. Any thread.

#include <vector>

#include "server/api/v1/ping_token.hpp"
#include "server/api/v1/posted_lead.hpp"

namespace leadex::api {

/// What the market would promise now. Campaigns that bid live do not bid: their buyers are not
/// asked for a trial's sake.
[[nodiscard]] asio::awaitable<Result<market::PingAnswer, ApiProblem>> try_ping(
    ApiCall& call, MarketRef market, market::OfferPing ping);

/// What the post would bring: the promised bids, or without any that are left what the lead would
/// bring now. @errors ping_expired, ping_mismatch
[[nodiscard]] asio::awaitable<ApiResult> try_post(ApiCall& call, MarketRef market, PingToken token,
                                                  std::vector<market::PromisedBid> bids,
                                                  intake::CheckedLead lead,
                                                  intake::LeadPlace place);

}  // namespace leadex::api
