#include <algorithm>

#include "server/api/v1/trade.hpp"
#include "server/api/v1/trade_support.hpp"
#include "server/market/commit_body.hpp"
#include "server/render/campaign.hpp"

namespace leadex::api {

namespace {

/// A listing's id names the same lead.
std::optional<LeadId> lead_or_listing(ApiCall const& call, std::string_view text) {
  if (auto const lead = call.ctx.ids.open_as<LeadId>(text)) return *lead;
  if (auto const listing = call.ctx.ids.open_listing(text)) return *listing;
  return std::nullopt;
}

market::OfferLead offer_of(storage::LeadView const& lead) {
  market::OfferLead offer;
  offer.lead_no = lead.id.no;
  offer.generator_no = lead.generator_no;
  offer.version = lead.version;
  offer.score = lead.score.value_or(market::kNone);
  offer.vehicle = lead.vehicle;
  offer.reason = lead.reason;
  offer.captured_us = to_unix_micros(lead.captured_at);
  offer.attributes = lead.attributes;
  return offer;
}

http::Response render_verdict(ApiCall const& call, CampaignId campaign, LeadId lead,
                              market::Verdict const& verdict) {
  json::JsonWriter out;
  {
    auto const object = out.object();
    out.field("campaign_id", call.ctx.ids.seal(campaign));
    out.field("lead_id", call.ctx.ids.seal(lead));
    out.field("matches", verdict.eligible);
    std::optional<std::string> failing;
    if (!verdict.eligible && verdict.reason == "targeting") failing = verdict.path;
    out.field("failing", failing);
    std::optional<std::string> reason;
    if (!verdict.eligible) {
      reason = verdict.reason;
      if (!verdict.attribute.empty()) *reason += ": " + verdict.attribute + ' ' + verdict.wanted;
    }
    out.field("reason", reason);
  }
  return answer(200, out);
}

}  // namespace

Answered explain_campaign(ApiCall& call) {
  auto const id = path_id<CampaignId>(call);
  if (!id) co_return refuse(id.error());
  auto const campaign = co_await trade_of(call).campaigns.find(viewer_of(call), *id);
  if (!campaign) co_return refuse(problem_of(campaign.error()));
  auto const lead_id = lead_or_listing(call, call.query("lead_id").value_or(""));
  if (!*campaign || !lead_id || lead_id->market != id->market) co_return problem(Code::not_found);
  // Only what is on sale: that much of the lead is shown to every buyer anyway.
  auto const leads = co_await trade_of(call).leads.listed(id->market, {lead_id->no});
  if (!leads) co_return refuse(problem_of(leads.error()));
  if (leads->empty()) co_return problem(Code::not_found);
  auto const market = find_market(call.ctx, id->market);
  if (!market) co_return refuse(market.error());
  std::optional<market::Verdict> verdict;
  auto const looked =
      co_await market->actor->view([&verdict, offer = offer_of(leads->front()),
                                    campaign_no = id->no](market::EngineView const& view) {
        verdict = view.engine.explain(campaign_no, offer, view.now_us);
      });
  if (!looked) co_return refuse(problem_of(looked.error()));
  if (!verdict) co_return problem(Code::not_found);
  co_return render_verdict(call, *id, *lead_id, *verdict);
}

Answered list_campaign_auctions(ApiCall& call) {
  auto const id = path_id<CampaignId>(call);
  if (!id) co_return refuse(id.error());
  auto const page = read_page(call);
  if (!page) co_return refuse(page.error());
  auto const campaign = co_await trade_of(call).campaigns.find(viewer_of(call), *id);
  if (!campaign) co_return refuse(problem_of(campaign.error()));
  if (!*campaign) co_return problem(Code::not_found);
  storage::AuctionSearch search;
  search.campaign = *id;
  search.before_no = page->before_no();
  search.limit = page->limit;
  if (auto const outcome = call.query("outcome")) search.won = *outcome == "won";
  auto const found = co_await trade_of(call).campaigns.auctions(viewer_of(call), search);
  if (!found) co_return refuse(problem_of(found.error()));
  std::vector<std::string> items;
  for (auto const& auction : found->auctions) {
    auto const own = std::find_if(auction.held.ranked.begin(), auction.held.ranked.end(),
                                  [&](auto const& bid) { return bid.campaign_no == id->no; });
    if (own == auction.held.ranked.end()) continue;
    json::JsonWriter out;
    render::write_campaign_auction(
        out, call.ctx.ids, {auction.id, auction.lead_no, auction.at, *own, auction.held.click},
        auction.currency);
    items.push_back(out.str());
  }
  std::vector<std::int64_t> next;
  if (found->go_on_before) next.push_back(*found->go_on_before);
  co_return page_answer(call, items, next);
}

Answered get_auction(ApiCall& call) {
  auto const id = path_id<AuctionId>(call);
  if (!id) co_return refuse(id.error());
  auto const found = co_await trade_of(call).campaigns.auction(viewer_of(call), *id);
  if (!found) co_return refuse(problem_of(found.error()));
  if (!*found) co_return problem(Code::not_found);
  render::AuctionAudience audience;
  audience.staff = viewer_of(call).sees_all();
  if (call.principal.role == storage::Role::buyer) audience.buyer_no = call.account_no();
  json::JsonWriter out;
  render::write_auction(
      out, call.ctx.ids,
      {(*found)->id, (*found)->market, (*found)->currency, (*found)->at, (*found)->held}, audience);
  co_return answer(200, out);
}

}  // namespace leadex::api
