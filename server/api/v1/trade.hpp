#pragma once
// The operations of the trade: leads, campaigns, listings, bids, purchases, sales, returns,
// disputes, claw-backs, findings, the books. One handler each, in the file of its resource.
// Handlers run on the connection's thread.

#include "server/api/operation.hpp"
#include "server/api/v1/trade_services.hpp"

namespace leadex::api {

/// Adds them all; `context.trade` is set.
void register_trade(http::Router& router, ApiContext& context);

using Answered = asio::awaitable<ApiResult>;

Answered post_lead(ApiCall& call);
Answered withdraw_lead(ApiCall& call);
Answered get_lead_rounds(ApiCall& call);
Answered get_lead_score(ApiCall& call);
Answered get_lead_stage(ApiCall& call);
Answered create_ping(ApiCall& call);
Answered post_ping(ApiCall& call);

Answered create_campaign(ApiCall& call);
Answered list_campaigns(ApiCall& call);
Answered get_campaign(ApiCall& call);
Answered patch_campaign(ApiCall& call);
Answered pause_campaign(ApiCall& call);
Answered resume_campaign(ApiCall& call);
Answered fund_campaign(ApiCall& call);
Answered defund_campaign(ApiCall& call);
Answered explain_campaign(ApiCall& call);
Answered list_campaign_auctions(ApiCall& call);
Answered get_campaign_bid_requests(ApiCall& call);
Answered get_auction(ApiCall& call);

Answered list_listings(ApiCall& call);
Answered list_listing_facets(ApiCall& call);
Answered get_listing(ApiCall& call);
Answered place_bid(ApiCall& call);
Answered withdraw_bid(ApiCall& call);
Answered create_purchase(ApiCall& call);

Answered create_deal(ApiCall& call);
Answered list_deals(ApiCall& call);
Answered get_deal(ApiCall& call);
Answered accept_deal(ApiCall& call);
Answered end_deal(ApiCall& call);
Answered get_source_terms(ApiCall& call);
Answered set_source_reserve(ApiCall& call);
Answered set_source_grade(ApiCall& call);

Answered add_suppressions(ApiCall& call);
Answered get_suppressions(ApiCall& call);
Answered release_suppressions(ApiCall& call);

Answered create_placement(ApiCall& call);
Answered list_placements(ApiCall& call);
Answered get_placement(ApiCall& call);
Answered patch_placement(ApiCall& call);
Answered get_placement_stats(ApiCall& call);
Answered list_placement_postbacks(ApiCall& call);
Answered visit_placement(ApiCall& call);

Answered list_sales(ApiCall& call);
Answered get_sale(ApiCall& call);
Answered get_sale_contact(ApiCall& call);

Answered open_return(ApiCall& call);
Answered list_returns(ApiCall& call);
Answered get_return(ApiCall& call);
Answered accept_return(ApiCall& call);
Answered contest_return(ApiCall& call);
Answered list_disputes(ApiCall& call);
Answered get_dispute(ApiCall& call);
Answered decide_dispute(ApiCall& call);

Answered create_conversion(ApiCall& call);
Answered list_conversions(ApiCall& call);
Answered get_conversion(ApiCall& call);
Answered approve_conversion(ApiCall& call);
Answered reject_conversion(ApiCall& call);
Answered decide_conversion(ApiCall& call);
Answered receive_postback(ApiCall& call);
Answered create_postback_token(ApiCall& call);
Answered list_postback_tokens(ApiCall& call);
Answered delete_postback_token(ApiCall& call);
Answered get_estimates(ApiCall& call);

Answered create_disposition(ApiCall& call);
Answered list_dispositions(ApiCall& call);
Answered get_disqualification(ApiCall& call);
Answered list_lead_estimates(ApiCall& call);

Answered list_findings(ApiCall& call);
Answered get_finding(ApiCall& call);
Answered decide_finding(ApiCall& call);
Answered list_holdout(ApiCall& call);
Answered record_holdout(ApiCall& call);

Answered claw_back_sale(ApiCall& call);
Answered list_claw_backs(ApiCall& call);

Answered list_ledger_accounts(ApiCall& call);
Answered list_ledger_transfers(ApiCall& call);
Answered list_earnings(ApiCall& call);

}  // namespace leadex::api
