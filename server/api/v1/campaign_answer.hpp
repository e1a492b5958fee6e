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

}  // namespace leadex::api
