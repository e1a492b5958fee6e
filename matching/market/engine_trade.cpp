// Bids, purchases and sweeps over what rests, and the award that every sale goes through.

#include <algorithm>
#include <bit>

#include "billing/values/check.hpp"
#include "matching/market/engine.hpp"

namespace leadex::market {

namespace {

std::span<std::byte const> as_bytes(std::string const& text) {
  return std::as_bytes(std::span{text.data(), text.size()});
}

}  // namespace

/// The slot a new sale takes: the free share with the lowest number, in the first round in which
/// that share was never sold. An exclusive sale takes share 0, so both kinds meet in one key.
std::int32_t Engine::free_slot(Listing const& listing, bool exclusive) const {
  std::int32_t const share =
      exclusive ? 0 : std::countr_one(static_cast<std::uint32_t>(listing.shares_held));
  std::int32_t round = 0;
  for (auto const& owner : listing.owners) {
    if (owner.slot % kSharesPerRound != share) continue;
    round = std::max(round, owner.slot / kSharesPerRound + 1);
  }
  return round * kSharesPerRound + share;
}

/// Books one sale. The caller has checked money, caps, reserve and shares.
void Engine::sell(Context& c, Listing& listing, Award const& award) {
  auto const& rules = rules_of(listing);
  SaleAwarded sold;
  sold.lead_no = listing.lead_no;
  sold.slot = free_slot(listing, award.exclusive);
  LEADEX_CHECK(sold.slot < kSaleSlotsMax);
  sold.budget = award.budget;
  sold.generator_no = listing.generator_no;
  sold.gross_micros = award.gross_micros;
  sold.exclusive = award.exclusive;
  sold.shares_max = std::min(award.shares_max, rules.max_shares);
  sold.auction_no = award.auction_no;
  sold.sold_us = c.now_us;
  sold.model = listing.click ? PricingModel::cpc : PricingModel::cpl;
  LEADEX_CHECK(award.gross_micros > 0);
  auto const buying = campaigns_.find(award.budget.campaign_no);
  auto const had = buying == campaigns_.end() ? 0 : buying->second.spendable();
  // What was promised to a ping, or chosen by hand, is paid for as a lead.
  if (buying != campaigns_.end() && !award.by_hand && !award.promised) {
    agree(sold, buying->second, listing, award.worth_ppb);
  }
  if (sold.acquisition.held_micros != kNone) {
    buying->second.pool.add(sold.gross_micros, sold.acquisition.held_micros);
  } else {
    auto& money = budget(award.budget);
    LEADEX_CHECK(money >= award.gross_micros);
    money -= award.gross_micros;
  }

  bool webhook = false;
  if (buying != campaigns_.end()) {
    auto& campaign = buying->second;
    webhook = campaign.terms.delivery == Delivery::webhook && !listing.click;
    bool const turns =
        rules.routing == auction::Routing::round_robin || rules.routing == auction::Routing::hybrid;
    if (turns && award.in_turn) {
      (sold.acquisition.visit ? campaign.visit_turn : campaign.turn) = award.auction_no;
    }
    sold.trial = !award.by_hand && campaign.in_trial();
    count_sale(c, campaign, sold, award.promised, had);
  }
  bool const awaits = sold.acquisition.visit;
  sold.state = webhook ? SaleState::pending : awaits ? SaleState::waiting : SaleState::delivered;
  sold.due_us =
      awaits ? lapses_us(sold.acquisition)
             : c.now_us + (webhook         ? rules.delivery_deadline_us
                           : listing.click ? rules.click_review_us
                                           : return_window_us(listing, award.budget, sold.trial));

  listing.shares_held |= static_cast<std::uint16_t>(1U << (sold.slot % kSharesPerRound));
  listing.exclusive_held = listing.exclusive_held || award.exclusive;
  listing.shares_max = std::min(listing.shares_max, sold.shares_max);
  listing.owners.push_back({.buyer_no = award.budget.buyer_no,
                            .slot = sold.slot,
                            .shares_max = static_cast<std::int16_t>(sold.shares_max)});
  if (webhook) ++listing.pending;

  OpenSale open;
  open.key = {sold.lead_no, sold.slot};
  open.budget = award.budget;
  open.generator_no = sold.generator_no;
  open.gross_micros = sold.gross_micros;
  open.sold_us = sold.sold_us;
  open.due_us = sold.due_us;
  open.state = sold.state;
  open.windows = sold.windows;
  open.trial = sold.trial;
  open.of_source = sold.of_source;
  open.model = sold.model;
  open.acquisition = sold.acquisition;
  keep_sale(open);
  schedule(webhook ? Tick::delivery_deadline : Tick::settlement,
           {open.due_us, open.key.lead_no, open.key.slot});
  if (!webhook && !listing.click)
    buyers_[award.budget.buyer_no].delivered[open.sold_us / kHourUs] += 1;

  c.applied.outcome.sold.push_back({.lead_no = sold.lead_no,
                                    .slot = sold.slot,
                                    .gross_micros = sold.gross_micros,
                                    .exclusive = sold.exclusive});
  c.applied.effects.emplace_back(sold);
}

bool Engine::buyable(Listing const& listing, std::int64_t buyer_no, bool exclusive,
                     std::int32_t own_shares_max) const {
  if (!listing.resting || worn_out(listing)) return false;
  auto const held = std::popcount(listing.shares_held);
  if (exclusive ? held != 0 : shares_left(listing) < 1 || own_shares_max < held + 1) return false;
  return listing.open_to(buyer_no);
}

Outcome Engine::handle(Context& c, PlaceBid const& command) {
  auto const found = listings_.find(command.lead_no);
  if (found == listings_.end() || !found->second.resting) return {.refusal = Refusal::lead_unknown};
  auto& listing = found->second;
  auto const& rules = rules_of(listing);
  Campaign const* campaign = nullptr;
  if (command.budget.campaign_no != 0) {
    campaign = find_campaign(command.budget.campaign_no, command.budget.buyer_no);
    if (campaign == nullptr) return {.refusal = Refusal::campaign_unknown};
    if (campaign->stopped()) return {.refusal = Refusal::campaign_paused};
    if (campaign->pays_for_clicks()) return {.refusal = Refusal::not_of_this_model};
  }
  auto const own_max = campaign != nullptr ? campaign->terms.max_shares : rules.max_shares;
  if (listing.had(command.budget.buyer_no)) return {.refusal = Refusal::already_bought};
  // It is not told why: whose list a person is on is nobody's business.
  if (!listing.open_to(command.budget.buyer_no)) return {.refusal = Refusal::lead_unknown};
  if (!buyable(listing, command.budget.buyer_no, command.exclusive, own_max)) {
    return {.refusal = Refusal::exclusive_gone};
  }
  if (command.price_micros < std::max<std::int64_t>(listing.reserve_micros, 1)) {
    return {.refusal = Refusal::below_reserve};
  }
  auto const asked = ask(listing) * (command.exclusive ? rules.max_shares : 1);
  // Where everybody pays the ask, a bid below it can win nothing.
  if (rules.price_rule == auction::PriceRule::fixed && command.price_micros < asked) {
    return {.refusal = Refusal::below_reserve};
  }
  bool const at_once = command.price_micros >= asked;
  auto const price = at_once ? asked : command.price_micros;
  // A standing bid of the same buyer is replaced, so what it holds counts as free here.
  std::int64_t held = 0;
  auto const own = std::find_if(listing.bids.begin(), listing.bids.end(), [&](auto const& bid) {
    return bid.budget.buyer_no == command.budget.buyer_no;
  });
  if (own != listing.bids.end() && own->budget == command.budget) held = own->price_micros;
  auto const free = available(command.budget) + held;
  if (free < price) return {.refusal = Refusal::insufficient_funds, .micros = price - free};
  if (campaign != nullptr &&
      !(has_room(*campaign, price) && has_source_room(*campaign, listing.generator_no))) {
    return {.refusal = Refusal::cap_reached};
  }
  if (!at_once && c.now_us >= listing.listed_us + rules.listing_auction_us) {
    return {.refusal = Refusal::auction_ended};
  }
  if (!at_once && listing.bids.size() >= kStandingBidsMax) {
    return {.refusal = Refusal::limit_reached};
  }
  if (own != listing.bids.end()) {
    close_bid(c, listing, static_cast<std::size_t>(own - listing.bids.begin()),
              BidState::withdrawn);
  }
  if (!at_once) return stand(c, listing, command);
  auto const number = ++numbers_.bid;
  c.applied.effects.emplace_back(BidMoved{number, listing.lead_no, command.budget, price,
                                          command.exclusive, BidState::sold, true});
  sell(c, listing,
       {.budget = command.budget,
        .gross_micros = price,
        .exclusive = command.exclusive,
        .by_hand = true,
        .shares_max = own_max});
  Outcome outcome = std::move(c.applied.outcome);
  outcome.number = number;
  rest_or_close(c, listing);
  drop_if_idle(command.lead_no);
  return outcome;
}

Outcome Engine::stand(Context& c, Listing& listing, PlaceBid const& command) {
  auto const number = ++numbers_.bid;
  budget(command.budget) -= command.price_micros;
  if (auto const found = campaigns_.find(command.budget.campaign_no); found != campaigns_.end()) {
    refresh(found->second);
  }
  listing.bids.push_back({number, command.budget, command.price_micros, command.exclusive});
  bid_leads_[number] = listing.lead_no;
  c.applied.effects.emplace_back(BidMoved{number, listing.lead_no, command.budget,
                                          command.price_micros, command.exclusive,
                                          BidState::standing, true});
  return {.rests = true, .number = number};
}

/// Ends a standing bid and gives back what it held.
void Engine::close_bid(Context& c, Listing& listing, std::size_t position, BidState state) {
  auto const bid = listing.bids[position];
  listing.bids.erase(listing.bids.begin() + static_cast<std::ptrdiff_t>(position));
  bid_leads_.erase(bid.bid_no);
  give_to_budget(c, bid.budget, bid.price_micros);
  c.applied.effects.emplace_back(BidMoved{bid.bid_no, listing.lead_no, bid.budget, bid.price_micros,
                                          bid.exclusive, state, false});
}

Outcome Engine::handle(Context& c, WithdrawBid const& command) {
  auto const lead = bid_leads_.find(command.bid_no);
  if (lead == bid_leads_.end()) return {.refusal = Refusal::bid_unknown};
  auto& listing = listings_.at(lead->second);
  auto const bid = std::find_if(listing.bids.begin(), listing.bids.end(),
                                [&](auto const& b) { return b.bid_no == command.bid_no; });
  LEADEX_CHECK(bid != listing.bids.end());
  if (bid->budget.buyer_no != command.buyer_no) return {.refusal = Refusal::bid_unknown};
  close_bid(c, listing, static_cast<std::size_t>(bid - listing.bids.begin()), BidState::withdrawn);
  return {};
}

/// The market's price rule decides among the bids that stand. Their holds are given back first, so
/// every bid is covered again when it wins.
void Engine::end_listing_auction(Context& c, Listing& listing) {
  if (listing.bids.empty() || !listing.resting) return;
  auto const bids = listing.bids;
  auto input = input_for(listing, c.now_us);
  input.routing = auction::Routing::price;  // bids came one by one: the price decides among them
  for (auto const& bid : bids) {
    auto const found = campaigns_.find(bid.budget.campaign_no);
    if (found != campaigns_.end() && !(has_room(found->second, bid.price_micros) &&
                                       has_source_room(found->second, listing.generator_no))) {
      continue;
    }
    auto const own_max =
        found != campaigns_.end() ? found->second.terms.max_shares : input.max_shares;
    if (!buyable(listing, bid.budget.buyer_no, bid.exclusive, own_max)) continue;
    auction::Candidate candidate;
    candidate.campaign_no = bid.bid_no;
    candidate.buyer_no = bid.budget.buyer_no;
    candidate.bid = Money{bid.price_micros};
    candidate.exclusivity =
        bid.exclusive ? auction::Exclusivity::exclusive : auction::Exclusivity::shared;
    candidate.max_shares = own_max;
    input.candidates.push_back(candidate);
  }
  if (input.candidates.empty()) {
    while (!listing.bids.empty()) close_bid(c, listing, 0, BidState::lost);
    return;
  }
  auto const result = auction::run_auction(input);
  LEADEX_CHECK(result.has_value());
  auto const auction_no = record(c, listing, input, *result, true);
  for (auto const& bid : bids) {
    auto const won = std::find_if(result->winners.begin(), result->winners.end(),
                                  [&](auto const& w) { return w.campaign_no == bid.bid_no; });
    bool const sold = won != result->winners.end();
    auto const own_max = [&] {
      auto const found = campaigns_.find(bid.budget.campaign_no);
      return found != campaigns_.end() ? found->second.terms.max_shares : input.max_shares;
    }();
    close_bid(c, listing, 0, sold ? BidState::sold : BidState::lost);
    if (!sold) continue;
    sell(c, listing,
         {.budget = bid.budget,
          .gross_micros = won->price.micros,
          .exclusive = won->exclusive,
          .by_hand = true,
          .shares_max = own_max,
          .auction_no = auction_no});
  }
  rest_or_close(c, listing);
}

bool Engine::reaches_ask(Listing const& listing, StandingBid const& bid,
                         std::int64_t asked_micros) const {
  return bid.price_micros >= asked_micros * (bid.exclusive ? rules_of(listing).max_shares : 1);
}

/// The ask has come down to bids that stand: the highest buys first, at the ask.
void Engine::fill_bids(Context& c, Listing& listing) {
  for (;;) {
    std::size_t best = listing.bids.size();
    for (std::size_t i = 0; i < listing.bids.size(); ++i) {
      bool const higher = best == listing.bids.size() ||
                          listing.bids[i].price_micros > listing.bids[best].price_micros;
      if (higher && reaches_ask(listing, listing.bids[i], ask(listing))) best = i;
    }
    if (best == listing.bids.size() || !listing.resting) return;
    auto const bid = listing.bids[best];
    auto const price = ask(listing) * (bid.exclusive ? rules_of(listing).max_shares : 1);
    auto const found = campaigns_.find(bid.budget.campaign_no);
    Campaign const* campaign = found == campaigns_.end() ? nullptr : &found->second;
    auto const own_max =
        campaign != nullptr ? campaign->terms.max_shares : rules_of(listing).max_shares;
    bool const room = campaign == nullptr || (has_room(*campaign, price) &&
                                              has_source_room(*campaign, listing.generator_no));
    bool const sold = room && buyable(listing, bid.budget.buyer_no, bid.exclusive, own_max);
    close_bid(c, listing, best, sold ? BidState::sold : BidState::lost);
    if (!sold) continue;
    sell(c, listing,
         {.budget = bid.budget,
          .gross_micros = price,
          .exclusive = bid.exclusive,
          .by_hand = true,
          .shares_max = own_max});
    rest_or_close(c, listing);
  }
}

Outcome Engine::handle(Context& c, Purchase const& command) {
  auto const tree = targeting::decode_known(as_bytes(command.filter), schema(), texts_);
  if (!tree) return {.refusal = Refusal::targeting_invalid};
  if (command.quantity < 1 || command.quantity > kPurchaseQuantityMax || command.limit_micros < 1) {
    return {.refusal = Refusal::amount_invalid};
  }
  Campaign const* campaign = nullptr;
  if (command.budget.campaign_no != 0) {
    campaign = find_campaign(command.budget.campaign_no, command.budget.buyer_no);
    if (campaign == nullptr) return {.refusal = Refusal::campaign_unknown};
    if (campaign->stopped()) return {.refusal = Refusal::campaign_paused};
    if (campaign->pays_for_clicks()) return {.refusal = Refusal::not_of_this_model};
  }
  struct Pick {
    std::int64_t lead_no;
    std::int64_t price;
  };
  std::vector<Pick> picks;
  std::int64_t total = 0;
  std::int64_t seen = 0;
  auto const supply = command.exclusive ? storefront::Supply::whole : storefront::Supply::share;
  shop_.sweep({&*tree, std::nullopt, command.limit_micros, supply, c.now_us},
              [&](storefront::Hit const& hit) {
                if (++seen > kScanMax) return false;
                auto const& listing = listings_.at(hit.lead_no);
                auto const& rules = rules_of(listing);
                auto const own_max =
                    campaign != nullptr ? campaign->terms.max_shares : rules.max_shares;
                auto const price = ask(listing) * (command.exclusive ? rules.max_shares : 1);
                if (price > command.limit_micros) return true;
                if (!buyable(listing, command.budget.buyer_no, command.exclusive, own_max)) {
                  return true;
                }
                picks.push_back({listing.lead_no, price});
                total += price;
                return std::ssize(picks) < command.quantity;
              });
  // A desk pays for all or nothing: its wallet can still top it up. A campaign buys what it can.
  if (campaign == nullptr && total > available(command.budget)) {
    return {.refusal = Refusal::insufficient_funds, .micros = total - available(command.budget)};
  }
  for (auto const& pick : picks) {
    auto& listing = listings_.at(pick.lead_no);
    if (campaign != nullptr) {
      if (!affordable(*campaign, pick.price)) break;
      if (!has_source_room(*campaign, listing.generator_no)) continue;
    }
    sell(c, listing,
         {.budget = command.budget,
          .gross_micros = pick.price,
          .exclusive = command.exclusive,
          .by_hand = true,
          .shares_max =
              campaign != nullptr ? campaign->terms.max_shares : rules_of(listing).max_shares});
    rest_or_close(c, listing);
    drop_if_idle(pick.lead_no);
  }
  Outcome outcome = std::move(c.applied.outcome);
  outcome.number = ++numbers_.order;
  return outcome;
}

/// One slice: at most kSweepSalesMax sales and kScanMax listings, then `more`.
Outcome Engine::handle(Context& c, SweepListings const& command) {
  auto const found = campaigns_.find(command.campaign_no);
  if (found == campaigns_.end()) return {.refusal = Refusal::campaign_unknown};
  auto& campaign = found->second;
  // What rests has a price for the lead: who pays for more than that does not buy it.
  if (!campaign.terms.buys_listings || campaign.per_acquisition() ||
      !index_.eligible(campaign.slot)) {
    return {};
  }
  struct Pick {
    std::int64_t lead_no;
    std::int64_t price;
    bool exclusive;
  };
  auto const& terms = campaign.terms;
  bool const shares = terms.exclusivity != auction::Exclusivity::exclusive;
  auto const bid = campaign.bid();
  auto const whole_bid = campaign.exclusive_bid().value_or(bid);
  auto const best_bid = std::max(bid, whole_bid);
  std::vector<Pick> picks;
  std::int64_t seen = 0;
  bool more = false;
  shop_.sweep(
      {&campaign.expression, campaign.sweep_from, best_bid, storefront::Supply::any, c.now_us},
      [&](storefront::Hit const& hit) {
        if (std::ssize(picks) >= kSweepSalesMax || ++seen > kScanMax) {
          more = true;
          return false;
        }
        campaign.sweep_from = hit.place;
        auto const& listing = listings_.at(hit.lead_no);
        if (!welcome(campaign, listing, c.now_us)) return true;
        auto const asked = ask(listing);
        auto const whole = asked * rules_of(listing).max_shares;
        if (shares && asked <= bid &&
            buyable(listing, campaign.buyer_no, false, terms.max_shares)) {
          picks.push_back({listing.lead_no, asked, false});
        } else if (terms.exclusivity != auction::Exclusivity::shared && whole <= whole_bid &&
                   buyable(listing, campaign.buyer_no, true, terms.max_shares)) {
          picks.push_back({listing.lead_no, whole, true});
        }
        return true;
      });
  for (auto const& pick : picks) {
    if (campaign.status != CampaignStatus::active || !affordable(campaign, pick.price) ||
        campaign.bid() != bid) {  // a trial that ended bids another price
      more = campaign.status == CampaignStatus::active && campaign.bid() != bid;
      break;
    }
    auto& listing = listings_.at(pick.lead_no);
    if (!welcome(campaign, listing, c.now_us)) continue;  // its pace, or a cap on the source
    sell(c, listing,
         {.budget = {campaign.buyer_no, campaign.campaign_no},
          .gross_micros = pick.price,
          .exclusive = pick.exclusive,
          .shares_max = terms.max_shares});
    rest_or_close(c, listing);
    drop_if_idle(pick.lead_no);
  }
  if (!more) campaign.sweep_from.reset();
  Outcome outcome = std::move(c.applied.outcome);
  outcome.more = more;
  return outcome;
}

}  // namespace leadex::market
