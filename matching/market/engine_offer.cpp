// Fresh leads: who wants them, the auction, and what rests.

#include <algorithm>
#include <bit>
#include <span>

#include "billing/values/check.hpp"
#include "matching/market/barred.hpp"
#include "matching/market/engine.hpp"

namespace leadex::market {

namespace {

constexpr std::int64_t kSecondUs = 1'000'000;
// Score bands of the temperature, as published with the score.
constexpr std::int64_t kHotScore = 70;
constexpr std::int64_t kWarmScore = 40;

std::string to_text(std::vector<std::byte> const& bytes) {
  return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
}

}  // namespace

/// Numbers the texts of a lead that stays, so that a listing never holds a number unknown here.
void Engine::learn_texts(OfferLead const& lead) {
  auto const version = versions_.find(lead.version);
  if (version == versions_.end() || version->second.attributes.size() != lead.attributes.size()) {
    return;  // it will be refused
  }
  (void)texts_.intern(lead.reason);
  for (std::size_t i = 0; i < lead.attributes.size(); ++i) {
    if (lead.attributes[i].kind != AttributeText::Kind::text) continue;
    auto const index = schema().find(version->second.attributes[i].name);
    if (!index || *index >= schema().market_size()) continue;
    bool const text = schema().at(*index).type == targeting::AttributeType::text;
    if (text) (void)texts_.intern(lead.attributes[i].text);
  }
}

/// Makes a listing of a lead that came, which rests nowhere yet. @return its values.
Result<Engine::Values, Refusal> Engine::take_in(OfferLead const& command) {
  if (listings_.contains(command.lead_no)) return refuse(Refusal::lead_known);
  learn_texts(command);
  auto values = values_of(command);
  if (!values) return refuse(Refusal::version_unknown);
  Listing fresh;
  fresh.lead_no = command.lead_no;
  fresh.generator_no = command.generator_no;
  fresh.ask_micros = command.ask_micros;
  fresh.score = command.score;
  fresh.captured_us = command.captured_us;
  fresh.vehicle = command.vehicle;
  fresh.reason_id = static_cast<std::int32_t>(text_number(command.reason));
  fresh.version = command.version;
  fresh.reserve_micros = reserve_for(command.generator_no, versions_.at(command.version));
  fresh.access = access_of(command);
  fresh.packed = pack(*values, schema().market_size());
  listings_.emplace(command.lead_no, std::move(fresh));
  return std::move(*values);
}

Outcome Engine::handle(Context& c, OfferLead const& command) {
  if (barred(command)) return {.refusal = Refusal::lead_unknown};
  auto const values = take_in(command);
  if (!values) return {.refusal = values.error()};
  auto& listing = listings_.at(command.lead_no);
  meet_campaigns(c, listing, *values);
  return close_offer(c, listing);
}

/// After the sales of a lead that came: what is left of it rests.
Outcome Engine::close_offer(Context& c, Listing& listing) {
  Outcome outcome = std::move(c.applied.outcome);
  rest_or_close(c, listing);
  outcome.rests = listing.resting;
  if (!listing.resting) {  // sold as it came: it was never on the market to be taken off
    c.applied.effects.emplace_back(
        LeadMoved{listing.lead_no, LeadState::sold, 0, listing.reserve_micros});
  }
  drop_if_idle(listing.lead_no);
  return outcome;
}

void Engine::fill_virtual(Listing const& listing, std::int64_t now_us, Values& values) const {
  auto const& s = schema();
  values.resize(s.size(), targeting::kMissing);
  values[s.score()] = listing.score == kNone ? targeting::kMissing : listing.score;
  values[s.temperature()] = listing.score == kNone        ? targeting::kMissing
                            : listing.score >= kHotScore  ? 0
                            : listing.score >= kWarmScore ? 1
                                                          : 2;
  values[s.vehicle()] = listing.vehicle;
  values[s.source_reason()] = listing.reason_id;
  values[s.lead_age_s()] =
      std::clamp<std::int64_t>((now_us - listing.captured_us) / kSecondUs, 0, 1'000'000'000);
}

/// Runs the auction of a lead among the standing campaigns and books its sales. Sets
/// outcome.number to the auction; none is held when nobody is eligible.
void Engine::meet_campaigns(Context& c, Listing& listing, Values const& market_values,
                            bool of_ping) {
  if (barred(listing) || worn_out(listing)) return;
  auto values = market_values;
  fill_virtual(listing, c.now_us, values);
  auto const input = bidders(listing, values, c.now_us, matches_, nullptr, of_ping);
  if (input.candidates.empty()) return;
  auto const result = auction::run_auction(input);
  LEADEX_CHECK(result.has_value());
  auto const auction_no = record(c, listing, input, *result, false);
  c.applied.outcome.number = auction_no;
  auto const odds = odds_of(listing);
  for (auto const& winner : result->winners) {
    auto const& campaign = campaigns_.at(winner.campaign_no);
    sell(c, listing,
         {.budget = {campaign.buyer_no, campaign.campaign_no},
          .gross_micros = winner.price.micros,
          .exclusive = winner.exclusive,
          .shares_max = campaign.terms.max_shares,
          .auction_no = auction_no,
          .in_turn = !winner.by_deal && winner.campaign_no != rules_of(listing).fallback_campaign,
          .worth_ppb = worth_of(campaign, listing, odds)});
  }
}

std::int64_t Engine::record(Context& c, Listing const& listing, auction::AuctionInput const& input,
                            auction::AuctionResult const& result, bool of_bids) {
  auto held = told(listing, input, result, of_bids);
  held.auction_no = ++numbers_.auction;
  held.book = to_text(auction::encode_book(input, result.ranking));
  c.applied.effects.emplace_back(std::move(held));
  return numbers_.auction;
}

/// An auction as its record tells it, yet without number and book.
AuctionHeld Engine::told(Listing const& listing, auction::AuctionInput const& input,
                         auction::AuctionResult const& result, bool of_bids) const {
  AuctionHeld held;
  held.estimates = estimates_.version;
  held.lead_no = listing.lead_no;
  held.click = listing.click;
  held.rules_version = listing.version;
  held.candidates = static_cast<std::int64_t>(input.candidates.size());
  held.reserve_micros = input.reserve.micros;
  held.winners = static_cast<std::int64_t>(result.winners.size());
  held.exclusive = !result.winners.empty() && result.winners.front().exclusive;
  held.revenue_micros = result.revenue.micros;
  held.losing_package_micros = result.losing_package.micros;
  auto const amount = [](std::optional<Money> money) { return money ? money->micros : kNone; };
  auto const named = std::min(result.ranking.size(), kRankedBidsMax);
  for (auto const i : std::span{result.ranking}.first(named)) {
    auto const& candidate = input.candidates[i];
    auto const& placing = result.placings[i];
    held.ranked.push_back({.campaign_no = of_bids ? 0 : candidate.campaign_no,
                           .bid_no = of_bids ? candidate.campaign_no : 0,
                           .buyer_no = candidate.buyer_no,
                           .bid_micros = candidate.bid.micros,
                           .loss = placing.loss,
                           .min_to_win = amount(placing.min_to_win),
                           .min_exclusive_to_win = amount(placing.min_exclusive_to_win)});
  }
  return held;
}

/// A public sale id has room for so many rounds; whoever voids a lead that often wants none of it.
bool Engine::worn_out(Listing const& listing) {
  return std::any_of(listing.owners.begin(), listing.owners.end(), [](auto const& owner) {
    return owner.slot >= kSaleSlotsMax - kSharesPerRound;
  });
}

std::int32_t Engine::shares_left(Listing const& listing) const {
  if (barred(listing) || listing.exclusive_held || worn_out(listing)) return 0;
  auto const held = std::popcount(listing.shares_held);
  return std::max(0, std::min(rules_of(listing).max_shares, listing.shares_max) - held);
}

/// After sales or a void: what has shares left rests, what has none leaves the market.
void Engine::rest_or_close(Context& c, Listing& listing) {
  bool const open = shares_left(listing) > 0;
  if (open == listing.resting) {
    if (open) shop_.set_supply(listing.lead_no, shares_left(listing), listing.shares_held == 0);
    return;
  }
  if (!open) {
    take_off(listing);
    while (!listing.bids.empty()) close_bid(c, listing, 0, BidState::lost);
    c.applied.effects.emplace_back(moved(listing, LeadState::sold));
    return;
  }
  bool const first = listing.listed_us == 0;
  if (first) listing.listed_us = c.now_us;
  listing.applied_no = command_no_;
  put_on(listing, c.now_us);
  c.applied.effects.emplace_back(moved(listing, LeadState::listed));
  schedule(Tick::listing_expiry,
           {listing.listed_us + rules_of(listing).listing_ttl_us, listing.lead_no, kDueExpiry});
  if (first) {
    schedule(Tick::listing_expiry, {listing.listed_us + rules_of(listing).listing_auction_us,
                                    listing.lead_no, kDueAuction});
  }
}

void Engine::put_on(Listing& listing, std::int64_t now_us) {
  listing.resting = true;
  listing.asked_micros = asked_at(listing, now_us);
  show(listing);
  plan_fall(listing, now_us);
}

/// Puts a listing before the searches.
void Engine::show(Listing const& listing) {
  Values values;
  unpack(listing.packed, schema().market_size(), values);
  fill_virtual(listing, listing.captured_us, values);  // the shop follows the age by itself
  shop_.insert({.lead_no = listing.lead_no,
                .ask_micros = ask(listing),
                .listed_us = listing.listed_us,
                .captured_us = listing.captured_us,
                .shares_left = shares_left(listing),
                .whole = listing.shares_held == 0,
                .values = values});
}

void Engine::take_off(Listing& listing) {
  if (!listing.resting) return;
  listing.resting = false;
  shop_.remove(listing.lead_no);
}

/// A lead that neither rests nor awaits a delivery is forgotten.
void Engine::drop_if_idle(std::int64_t lead_no) {
  auto const found = listings_.find(lead_no);
  if (found == listings_.end()) return;
  auto const& listing = found->second;
  if (!listing.resting && listing.pending == 0) {
    LEADEX_CHECK(listing.bids.empty());
    listings_.erase(found);
    forget_trade(lead_no);
  }
}

Outcome Engine::handle(Context& c, WithdrawLead const& command) {
  auto const found = listings_.find(command.lead_no);
  if (found == listings_.end()) return {.refusal = Refusal::lead_unknown};
  auto& listing = found->second;
  if (command.generator_no != 0 && command.generator_no != listing.generator_no) {
    return {.refusal = Refusal::lead_unknown};
  }
  if (listing.shares_held != 0 || !listing.resting) return {.refusal = Refusal::lead_sold};
  take_off(listing);
  while (!listing.bids.empty()) close_bid(c, listing, 0, BidState::lost);
  c.applied.effects.emplace_back(moved(listing, LeadState::withdrawn));
  drop_if_idle(command.lead_no);
  return {};
}

}  // namespace leadex::market
