// What a bid is worth on the average, by the estimates in force.

#include "matching/market/engine.hpp"

namespace leadex::market {

estimate::EstimateVersion without_history() {
  estimate::EstimateSettings const settings;
  estimate::EstimateVersion none;
  none.conversions.market_ppb = settings.conversions.prior_ppb;
  none.conversions.unknown_buyer_ppb = settings.conversions.unknown_buyer_ppb;
  none.returns.market_ppb = settings.returns.prior_ppb;
  none.returns.unknown_buyer_ppb = settings.returns.unknown_buyer_ppb;
  return none;
}

Outcome Engine::handle(Context& c, SetEstimates const& command) {
  auto const& next = command.estimates;
  if (!next.valid() || next.version <= estimates_.version) {
    return {.refusal = Refusal::estimates_invalid};
  }
  estimates_ = next;
  for (auto& [no, campaign] : campaigns_) learn_factors(campaign);
  c.applied.effects.emplace_back(EstimatesSet{next.version});
  return {.number = next.version};
}

/// They stay while the estimates do: no bid looks them up again.
void Engine::learn_factors(Campaign& campaign) const {
  campaign.conversion_factor_ppb =
      estimates_.conversions.factor_ppb(campaign.campaign_no, campaign.buyer_no);
  campaign.return_factor_ppb =
      estimates_.returns.factor_ppb(campaign.campaign_no, campaign.buyer_no);
  campaign.visit_factor_ppb = estimates_.visits.factor_ppb(campaign.campaign_no, campaign.buyer_no);
}

Engine::SourceOdds Engine::odds_of(Listing const& listing) const {
  auto const no = listing.generator_no;
  if (listing.click) return {estimates_.visits.at(no), {}};
  return {estimates_.conversions.at(no), estimates_.returns.at(no)};
}

/// In parts per billion, rounded down. A lead that is paid for as such counts whole where prices
/// decide; where values do, by its chance of being kept. So does a click; a visit that is paid for
/// by what comes of it cannot be returned.
std::int64_t Engine::worth_of(Campaign const& campaign, Listing const& listing,
                              SourceOdds const& odds) const {
  static_assert(auction::kWorthWhole == estimate::kWhole);
  auto const no = campaign.campaign_no;
  bool const acquisition = campaign.pays_on_result(listing.click);
  if (listing.click) {
    if (!acquisition) return auction::kWorthWhole;
    return odds.conversions.probability(no, campaign.visit_factor_ppb).ppb;
  }
  if (!acquisition && rules_of(listing).rank_by == RankBy::price) return auction::kWorthWhole;
  auto const returned = odds.returns.probability(no, campaign.return_factor_ppb);
  auto const kept = estimate::kWhole - returned.ppb;
  if (!acquisition) return kept;
  auto const billable = odds.conversions.probability(no, campaign.conversion_factor_ppb);
  return estimate::part_down(billable.ppb, kept);
}

/// Where everybody pays a fixed price for the lead, a price of something else has no place.
bool Engine::trades_acquisitions(MarketRules const& rules) {
  return rules.cpa_window_us > 0 && rules.price_rule != auction::PriceRule::fixed;
}

}  // namespace leadex::market
