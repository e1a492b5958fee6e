// Who bids on a lead, and how much: what the index finds, less what a pair of campaign and lead
// forbids, as candidates of one auction.

#include <algorithm>
#include <bit>

#include "matching/market/barred.hpp"
#include "matching/market/engine.hpp"

namespace leadex::market {

namespace {

/// Puts the answer of a buyer's endpoint in the place of its standing bid, up to which it counts; a
/// trial keeps its price. False when it is no bid, or one for what the campaign does not buy.
bool bids_live(auction::Candidate& candidate, LiveBid const& live, bool in_trial) {
  if (live.bid_micros <= 0 || live.bid_micros > kAmountMax.micros) return false;
  if (live.exclusive && candidate.exclusivity == auction::Exclusivity::shared) return false;
  if (candidate.exclusivity == auction::Exclusivity::any) {
    candidate.exclusivity =
        live.exclusive ? auction::Exclusivity::exclusive : auction::Exclusivity::shared;
  }
  if (in_trial) return true;
  bool const whole = candidate.exclusivity == auction::Exclusivity::exclusive;
  auto const most = whole ? candidate.exclusive_bid.value_or(candidate.bid) : candidate.bid;
  candidate.bid = std::min(Money{live.bid_micros}, most);
  candidate.exclusive_bid.reset();
  return true;
}

/// Visits are for campaigns that want visitors, leads for those that do not pay for clicks.
bool meets(Campaign const& campaign, Listing const& listing) {
  return listing.click ? campaign.buys_visits() : !campaign.pays_for_clicks();
}

}  // namespace

bool source_allowed(CampaignTerms const& terms, std::int64_t generator_no) {
  auto const among = [&](std::vector<std::int64_t> const& list) {
    return std::find(list.begin(), list.end(), generator_no) != list.end();
  };
  if (!terms.sources_allowed.empty() && !among(terms.sources_allowed)) return false;
  return !among(terms.sources_blocked);
}

/// The checks that are not in the index: they depend on the pair or change with every sale.
bool Engine::welcome(Campaign const& campaign, Listing const& listing, std::int64_t now_us) const {
  auto const& terms = campaign.terms;
  if (!meets(campaign, listing)) return false;
  if (terms.minimum_score != kNone && listing.score < terms.minimum_score) return false;
  return source_allowed(terms, listing.generator_no) && listing.open_to(campaign.buyer_no) &&
         open_at(campaign, now_us) && in_pace(campaign, now_us) &&
         has_source_room(campaign, listing.generator_no);
}

auction::AuctionInput Engine::input_for(Listing const& listing, std::int64_t now_us) const {
  auto const& rules = rules_of(listing);
  auction::AuctionInput input;
  input.max_shares = rules.max_shares;
  input.reserve = Money{listing.reserve_micros};
  input.shares_sold = std::popcount(listing.shares_held);
  input.owners_max_shares = listing.shares_max;
  input.rule = rules.price_rule;
  input.fixed_price = Money{asked_at(listing, now_us)};
  input.routing = rules.routing;
  input.hybrid_n = rules.hybrid_n;
  input.explained_max = kRankedBidsMax;
  return input;
}

/// Its bid as far as budget and caps cover it; nothing when they cover none: a bid that is not
/// covered is no bid.
std::optional<auction::Candidate> Engine::candidate_of(Campaign const& campaign,
                                                       Listing const& listing, LiveBid const* live,
                                                       std::int64_t worth_ppb) const {
  auto const& terms = campaign.terms;
  auto const& rules = rules_of(listing);
  auction::Candidate candidate;
  candidate.campaign_no = campaign.campaign_no;
  candidate.buyer_no = campaign.buyer_no;
  candidate.bid = Money{campaign.bid()};
  candidate.exclusivity = listing.click ? auction::Exclusivity::exclusive : terms.exclusivity;
  auto const whole_bid = campaign.exclusive_bid();
  if (whole_bid && !listing.click) candidate.exclusive_bid = Money{*whole_bid};
  if (live != nullptr && !bids_live(candidate, *live, campaign.in_trial())) return std::nullopt;
  candidate.max_shares = terms.max_shares;
  candidate.tier =
      campaign.campaign_no == rules.fallback_campaign ? auction::kTierMax : terms.priority;
  // Else a campaign would pay with its leads' turns for visits, most of which come to nothing.
  bool const of_visits = listing.click && !campaign.pays_for_clicks();
  candidate.served = of_visits ? campaign.visits : campaign.counters[1].n - campaign.visits;
  candidate.weight = terms.weight;
  candidate.turn = of_visits ? campaign.visit_turn : campaign.turn;
  // What two have agreed on is the price of a lead.
  auto const* deal =
      listing.click ? nullptr : deal_between(campaign.buyer_no, listing.generator_no);
  candidate.worth_ppb = worth_ppb;
  candidate.reserve_on_value = campaign.pays_on_result(listing.click);
  bool const deal_stands = deal != nullptr && deal->price_micros >= rules.reserve_micros;
  // A deal is about leads.
  if (deal_stands && !campaign.per_acquisition() && affordable(campaign, deal->price_micros)) {
    candidate.deal = Money{deal->price_micros};
    candidate.deal_is_exclusive = deal->exclusive;
  }
  bool const alone = candidate.exclusivity != auction::Exclusivity::shared;
  bool const among = candidate.exclusivity != auction::Exclusivity::exclusive;
  auto const whole = candidate.exclusive_bid.value_or(candidate.bid);
  bool const pooled = pools(campaign, rules, listing.click);
  auto const covered = [&](Money bid) {
    return affordable(campaign, bid.micros,
                      pooled ? auction::value_of(bid.micros, worth_ppb) : kNone);
  };
  bool const alone_covered = alone && covered(whole);
  bool const among_covered = among && covered(candidate.bid);
  if (!alone_covered && !among_covered) return std::nullopt;
  if (alone && among && !alone_covered) candidate.exclusivity = auction::Exclusivity::shared;
  if (alone && among && !among_covered) candidate.exclusivity = auction::Exclusivity::exclusive;
  return candidate;
}

/// The lead's auction as its bidders stand now. `values` are whole, the virtual ones too. `live` is
/// what was answered to a ping; without it all bid as they stand.
auction::AuctionInput Engine::bidders(Listing const& listing, Values const& values,
                                      std::int64_t now_us, targeting::MatchBuffer& matches,
                                      std::vector<LiveBid> const* live, bool of_ping) const {
  auto const answer_of = [live](Campaign const& campaign) -> LiveBid const* {
    auto const said =
        std::lower_bound(live->begin(), live->end(), campaign.campaign_no,
                         [](LiveBid const& bid, std::int64_t no) { return bid.campaign_no < no; });
    bool const asked = said != live->end() && said->campaign_no == campaign.campaign_no;
    return asked ? &*said : nullptr;
  };
  auto input = input_for(listing, now_us);
  if (barred(listing)) return input;
  index_.match(values, matches);
  auto const& rules = rules_of(listing);
  auto const odds = odds_of(listing);
  for (auto const slot : matches.slots) {
    auto const& campaign = *in_slot_[slot];
    // A ping is promised what it will be paid.
    if (campaign.pays_on_result(listing.click) && (of_ping || !trades_acquisitions(rules)))
      continue;
    if (!welcome(campaign, listing, now_us)) continue;
    LiveBid const* const answer = live == nullptr ? nullptr : answer_of(campaign);
    if (live != nullptr && answer == nullptr && campaign.terms.live_bid) continue;
    auto const worth_ppb = worth_of(campaign, listing, odds);
    if (auto candidate = candidate_of(campaign, listing, answer, worth_ppb)) {
      input.candidates.push_back(std::move(*candidate));
    }
  }
  return input;
}

}  // namespace leadex::market
