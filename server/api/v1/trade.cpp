#include "server/api/v1/trade.hpp"

#include "billing/values/check.hpp"
#include "server/api/v1/staff.hpp"

namespace leadex::api {

void register_trade(http::Router& router, ApiContext& context) {
  LEADEX_CHECK(context.trade != nullptr);
  auto const put = [&](std::string_view id, ApiHandler handler) {
    add(router, context, id, std::move(handler));
  };
  put("post_lead", post_lead);
  put("withdraw_lead", withdraw_lead);
  put("get_lead_rounds", get_lead_rounds);
  put("get_lead_score", get_lead_score);
  put("get_lead_stage", get_lead_stage);
  put("create_ping", create_ping);
  put("post_ping", post_ping);
  put("suspend_account", suspend_account);  // with the account's campaigns
  put("create_campaign", create_campaign);
  put("list_campaigns", list_campaigns);
  put("get_campaign", get_campaign);
  put("patch_campaign", patch_campaign);
  put("pause_campaign", pause_campaign);
  put("resume_campaign", resume_campaign);
  put("fund_campaign", fund_campaign);
  put("defund_campaign", defund_campaign);
  put("explain_campaign", explain_campaign);
  put("list_campaign_auctions", list_campaign_auctions);
  put("get_campaign_bid_requests", get_campaign_bid_requests);
  put("get_auction", get_auction);
  // A market's attributes filter by their names, which the contract cannot list.
  add(router, context, "list_listings", list_listings, {.free_query = true});
  add(router, context, "list_listing_facets", list_listing_facets, {.free_query = true});
  put("get_listing", get_listing);
  put("place_bid", place_bid);
  put("withdraw_bid", withdraw_bid);
  put("create_purchase", create_purchase);
  put("create_deal", create_deal);
  put("list_deals", list_deals);
  put("get_deal", get_deal);
  put("accept_deal", accept_deal);
  put("end_deal", end_deal);
  put("get_source_terms", get_source_terms);
  put("set_source_reserve", set_source_reserve);
  put("set_source_grade", set_source_grade);
  put("add_suppressions", add_suppressions);
  put("get_suppressions", get_suppressions);
  put("release_suppressions", release_suppressions);
  LEADEX_CHECK(context.clicks != nullptr);
  put("create_placement", create_placement);
  put("list_placements", list_placements);
  put("get_placement", get_placement);
  put("patch_placement", patch_placement);
  put("get_placement_stats", get_placement_stats);
  put("list_placement_postbacks", list_placement_postbacks);
  // Visitors have no key, and whatever a page adds to the link is no fault of theirs.
  add(router, context, "visit_placement", visit_placement, {.open = true, .lenient = true});
  put("list_sales", list_sales);
  put("get_sale", get_sale);
  put("get_sale_contact", get_sale_contact);
  put("open_return", open_return);
  put("list_returns", list_returns);
  put("get_return", get_return);
  put("accept_return", accept_return);
  put("contest_return", contest_return);
  put("list_disputes", list_disputes);
  put("get_dispute", get_dispute);
  put("decide_dispute", decide_dispute);
  put("create_conversion", create_conversion);
  put("list_conversions", list_conversions);
  put("get_conversion", get_conversion);
  put("approve_conversion", approve_conversion);
  put("reject_conversion", reject_conversion);
  put("decide_conversion", decide_conversion);
  add(router, context, "receive_postback", receive_postback, {.open = true, .lenient = true});
  put("create_postback_token", create_postback_token);
  put("list_postback_tokens", list_postback_tokens);
  put("delete_postback_token", delete_postback_token);
  put("get_estimates", get_estimates);
  put("create_disposition", create_disposition);
  put("list_dispositions", list_dispositions);
  put("get_disqualification", get_disqualification);
  put("list_lead_estimates", list_lead_estimates);
  put("list_findings", list_findings);
  put("get_finding", get_finding);
  put("decide_finding", decide_finding);
  put("list_holdout", list_holdout);
  put("record_holdout", record_holdout);
  put("claw_back_sale", claw_back_sale);
  put("list_claw_backs", list_claw_backs);
  put("list_ledger_accounts", list_ledger_accounts);
  put("list_ledger_transfers", list_ledger_transfers);
  put("list_earnings", list_earnings);
}

}  // namespace leadex::api
