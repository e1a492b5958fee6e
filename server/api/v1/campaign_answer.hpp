#pragma once
// A campaign as the answer of the operations that change it. Any thread.

#include "billing/values/check.hpp"
#include "server/api/v1/trade_support.hpp"
#include "server/render/campaign.hpp"

namespace leadex::api {

/// With the ETag of its version.
[[nodiscard]] http::Response render_campaign(ApiCall const& call, int status,
                                             storage::CampaignView const& campaign);
/// Reads it as committed. @errors not_found
[[nodiscard]] asio::awaitable<ApiResult> answer_campaign(ApiCall& call, CampaignId id);

/// Pauses every campaign of an account that is not paused yet. What was begun before a refusal
/// stays; asked again it goes on.
[[nodiscard]] asio::awaitable<Result<void, ApiProblem>> pause_campaigns_of(ApiCall& call,
                                                                           std::int64_t buyer_no);

}  // namespace leadex::api
