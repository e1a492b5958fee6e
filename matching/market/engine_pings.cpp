// Pings: what a lead would bring, promised and reserved before the lead comes. Reservations follow
// the time of commands; they are in no table, so a reload forgets them and the log says so.

#include <algorithm>

#include "billing/values/check.hpp"
#include "matching/market/barred.hpp"
#include "matching/market/engine.hpp"

namespace leadex::market {

namespace {

/// Deals need not reach a reserve, but a minimum they must.
void leave_out_low_deals(auction::AuctionInput& input, std::int64_t minimum_micros) {
  for (auto& candidate : input.candidates) {
    if (candidate.deal && candidate.deal->micros < minimum_micros) candidate.deal.reset();
  }
}

std::vector<PromisedBid> bids_of(auction::AuctionResult const& result,
                                 std::int64_t minimum_micros) {
  std::vector<PromisedBid> bids;
  for (auto const& winner : result.winners) {
    if (winner.price.micros < minimum_micros) continue;  // the market's fixed price
    bids.push_back({.campaign_no = winner.campaign_no,
                    .buyer_no = winner.buyer_no,
                    .price_micros = winner.price.micros,
                    .exclusive = winner.exclusive});
  }
  return bids;
}

}  // namespace

auction::AuctionInput Engine::input_of(OfferPing const& ping, Listing const& probe,
                                       Values const& values, std::int64_t now_us,
                                       targeting::MatchBuffer& matches) const {
  auto input = bidders(probe, values, now_us, matches, &ping.live, true);
  input.reserve.micros = std::max(input.reserve.micros, ping.minimum_micros);
  leave_out_low_deals(input, ping.minimum_micros);
  return input;
}

Outcome Engine::handle(Context& c, OfferPing const& command) {
  if (command.ttl_us < 0 || command.minimum_micros < 0 ||
      command.minimum_micros > kAmountMax.micros) {
    return {.refusal = Refusal::amount_invalid};
  }
  if (pings_.contains(command.ping_no) || promises_.contains(command.ping_no)) {
    return {.refusal = Refusal::ping_used};
  }
  if (pings_.size() >= kPingsMax) return {.refusal = Refusal::limit_reached};
  auto values = values_of(command.lead);
  if (!values) return {.refusal = Refusal::version_unknown};
  auto const probe = probe_of(command.lead);
  fill_virtual(probe, c.now_us, *values);
  auto const input = input_of(command, probe, *values, c.now_us, matches_);
  if (input.candidates.empty()) return {};
  auto const result = auction::run_auction(input);
  LEADEX_CHECK(result.has_value());

  Ping ping;
  ping.expires_us = c.now_us + command.ttl_us;
  ping.generator_no = command.lead.generator_no;
  ping.bids = bids_of(*result, command.minimum_micros);
  if (ping.bids.empty()) return {};
  ping.held = told(probe, input, *result, false);
  reserve(ping);
  c.applied.effects.emplace_back(PingReserved{command.ping_no, ping.expires_us, ping.bids});
  pings_due_.push({ping.expires_us, command.ping_no, 0});
  pings_.emplace(command.ping_no, std::move(ping));
  return {.rests = true};
}

std::optional<std::vector<PromisedBid>> Engine::preview(OfferPing const& ping,
                                                        std::int64_t now_us) const {
  auto values = values_of(ping.lead);
  if (!values) return std::nullopt;
  auto const probe = probe_of(ping.lead);
  fill_virtual(probe, now_us, *values);
  targeting::MatchBuffer matches;
  auto const input = input_of(ping, probe, *values, now_us, matches);
  if (input.candidates.empty()) return std::vector<PromisedBid>{};
  auto const result = auction::run_auction(input);
  LEADEX_CHECK(result.has_value());
  return bids_of(*result, ping.minimum_micros);
}

std::vector<LiveBidder> Engine::live_bidders(OfferPing const& ping, std::int64_t now_us,
                                             std::size_t most) const {
  std::vector<LiveBidder> found;
  if (live_campaigns_ == 0) return found;
  auto values = values_of(ping.lead);
  if (!values) return found;
  auto const probe = probe_of(ping.lead);
  fill_virtual(probe, now_us, *values);
  targeting::MatchBuffer matches;
  auto const least = std::max(probe.reserve_micros, ping.minimum_micros);
  for (auto const& candidate : bidders(probe, *values, now_us, matches, nullptr, true).candidates) {
    auto const& campaign = campaigns_.at(candidate.campaign_no);
    auto const whole = candidate.exclusive_bid.value_or(candidate.bid);
    bool const agreed = candidate.deal && candidate.deal->micros >= ping.minimum_micros;
    if (!campaign.terms.live_bid) continue;
    if (!agreed && std::max(candidate.bid, whole).micros < least) continue;
    found.push_back({.campaign_no = campaign.campaign_no,
                     .buyer_no = campaign.buyer_no,
                     .version = campaign.version,
                     .bid_micros = candidate.bid.micros,
                     .exclusive_micros = whole.micros,
                     .whole_only = candidate.exclusivity == auction::Exclusivity::exclusive,
                     .in_trial = campaign.in_trial()});
  }
  auto const count = std::min(most, found.size());
  auto const higher = [](LiveBidder const& a, LiveBidder const& b) {
    auto const value = [](LiveBidder const& one) {
      return std::max(one.bid_micros, one.exclusive_micros);
    };
    return std::pair{value(b), a.campaign_no} < std::pair{value(a), b.campaign_no};
  };
  std::partial_sort(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(count), found.end(),
                    higher);
  found.resize(count);
  return found;
}

void Engine::reserve(Ping& ping) {
  for (auto const& bid : ping.bids) {
    auto& campaign = campaigns_.at(bid.campaign_no);
    LEADEX_CHECK(affordable(campaign, bid.price_micros));
    bool const trial = campaign.in_trial();
    ping.of_trial.push_back(trial ? 1 : 0);
    campaign.reserved.n += 1;
    campaign.reserved.micros += bid.price_micros;
    campaign.reserved.trial_n += trial ? 1 : 0;
    campaign.reserved.by_source[ping.generator_no] += 1;
    refresh(campaign);
  }
}

void Engine::release(Ping const& ping) {
  for (std::size_t i = 0; i < ping.bids.size(); ++i) {
    auto const& bid = ping.bids[i];
    auto& campaign = campaigns_.at(bid.campaign_no);
    campaign.reserved.n -= 1;
    campaign.reserved.micros -= bid.price_micros;
    campaign.reserved.trial_n -= ping.of_trial[i];
    auto const source = campaign.reserved.by_source.find(ping.generator_no);
    if (--source->second == 0) campaign.reserved.by_source.erase(source);
    refresh(campaign);
  }
}

void Engine::drop_ping(std::int64_t ping_no) {
  auto const found = pings_.find(ping_no);
  if (found == pings_.end()) return;
  release(found->second);
  pings_.erase(found);
}

/// Like asks that fall: nobody's outcome, so it does not matter which command it comes with.
void Engine::expire_pings(std::int64_t now_us) {
  while (!pings_due_.empty() && pings_due_.top().due_us < now_us) {
    auto const no = pings_due_.top().no;
    pings_due_.pop();
    drop_ping(no);
    promises_.erase(no);
  }
}

Outcome Engine::handle(Context&, ForgetPings const&) {
  while (!pings_.empty()) drop_ping(pings_.begin()->first);
  return {};
}

Outcome Engine::handle(Context& c, PostPing const& command) {
  if (c.now_us > command.expires_us) return {.refusal = Refusal::ping_expired};
  if (promises_.contains(command.ping_no)) return {.refusal = Refusal::ping_used};
  if (barred(command.lead)) return {.refusal = Refusal::lead_unknown};
  auto const values = take_in(command.lead);
  if (!values) return {.refusal = values.error()};
  auto& listing = listings_.at(command.lead.lead_no);
  PromiseUsed used{.ping_no = command.ping_no,
                   .expires_us = command.expires_us,
                   .lead_no = listing.lead_no,
                   .generator_no = listing.generator_no};
  for (auto const& bid : command.promised) {
    // What a buyer may not have, now that it is known whose lead it is, nobody owes.
    if (!may_have(bid, listing)) continue;
    used.gross_micros += bid.price_micros;
    used.net_micros += bid.net_micros;
  }
  // Whoever asks for nothing of what is reserved has used it up as well: it is let go now.
  bool const calls_in = !command.promised.empty() || pings_.contains(command.ping_no);
  // Where something was promised only who pays at once can bring it: a sale per acquisition would
  // leave the exchange to pay the whole promise, though somebody had paid a part of it.
  if (!keep_promises(c, listing, command)) {
    meet_campaigns(c, listing, *values, !command.promised.empty());
  }
  if (calls_in) {
    c.applied.effects.emplace_back(used);
    promises_[command.ping_no] = command.expires_us;
    pings_due_.push({command.expires_us, command.ping_no, 0});
  }
  return close_offer(c, listing);
}

bool Engine::may_have(PromisedBid const& bid, Listing const& listing) const {
  auto const* const buying = campaign(bid.campaign_no);
  return buying != nullptr && !buying->barred && listing.open_to(bid.buyer_no);
}

/// Sells what was promised and is still reserved, whatever its buyers have stopped or lowered
/// since: nobody gets out of a promise that way. What the poster did not ask for is let go.
/// @return whether every promise was kept so; none made counts as not.
bool Engine::keep_promises(Context& c, Listing& listing, PostPing const& command) {
  auto const found = pings_.find(command.ping_no);
  if (found == pings_.end()) return false;
  auto const ping = std::move(found->second);
  pings_.erase(found);
  release(ping);
  std::vector<PromisedBid> kept;
  for (auto const& bid : command.promised) {
    auto const same = [&](PromisedBid const& held) {
      return held.campaign_no == bid.campaign_no && held.buyer_no == bid.buyer_no &&
             held.price_micros == bid.price_micros && held.exclusive == bid.exclusive;
    };
    bool const reserved = std::any_of(ping.bids.begin(), ping.bids.end(), same);
    if (reserved && may_have(bid, listing)) kept.push_back(bid);
  }
  if (kept.empty()) return false;
  auto held = ping.held;
  held.auction_no = ++numbers_.auction;
  held.lead_no = listing.lead_no;
  c.applied.effects.emplace_back(std::move(held));
  auto const auction_no = numbers_.auction;
  c.applied.outcome.number = auction_no;
  for (auto const& bid : kept) {
    sell(c, listing,
         {.budget = {bid.buyer_no, bid.campaign_no},
          .gross_micros = bid.price_micros,
          .exclusive = bid.exclusive,
          .shares_max = campaigns_.at(bid.campaign_no).terms.max_shares,
          .auction_no = auction_no,
          .promised = true});
  }
  return kept.size() == command.promised.size();
}

}  // namespace leadex::market
