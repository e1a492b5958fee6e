// What a resting lead costs: the ask, which may fall to the reserve as time goes by.

#include <algorithm>

#include "matching/market/engine.hpp"

namespace leadex::market {

namespace {

using Wide = __int128;

/// An ask falls in so many equal steps.
constexpr std::int64_t kFallSteps = 24;

std::int64_t step_us(MarketRules const& rules) {
  return std::max<std::int64_t>(1, rules.fall_us / kFallSteps);
}

/// Leads that were listed together do not fall together: each has its own place in a step.
std::int64_t offset_us(Listing const& listing, std::int64_t step) {
  auto const mixed = static_cast<std::uint64_t>(listing.lead_no) * 0x9E3779B97F4A7C15ULL;
  return static_cast<std::int64_t>((mixed >> 1) % static_cast<std::uint64_t>(step));
}

}  // namespace

/// Depends on nothing but the listing, its rules and the time, so a reload finds the same.
std::int64_t Engine::asked_at(Listing const& listing, std::int64_t now_us) const {
  auto const& rules = rules_of(listing);
  auto const floor = std::max<std::int64_t>(listing.reserve_micros, 1);
  auto const own = listing.ask_micros != kNone ? listing.ask_micros : rules.ask_micros;
  auto const top = std::max(own, floor);
  if (rules.fall_us == 0 || listing.listed_us == 0) return top;
  auto const step = step_us(rules);
  auto const steps = std::clamp<std::int64_t>(
      (now_us - listing.listed_us + offset_us(listing, step)) / step, 0, kFallSteps);
  return top - static_cast<std::int64_t>(Wide{top - floor} * steps / kFallSteps);
}

void Engine::plan_fall(Listing& listing, std::int64_t now_us) {
  auto const& rules = rules_of(listing);
  if (rules.fall_us == 0 ||
      listing.asked_micros <= std::max<std::int64_t>(listing.reserve_micros, 1)) {
    return;
  }
  auto const step = step_us(rules);
  auto const gone = now_us - listing.listed_us + offset_us(listing, step);
  listing.falls_us = now_us + step - gone % step;
  falls_.push({listing.falls_us, listing.lead_no, 0});
}

/// A sale is an outcome, and so work of a tick. It is due since the step at which the ask came down
/// to a bid, whenever that is noticed: a reload and a replay find the same instant.
void Engine::plan_fill(Listing const& listing, std::int64_t now_us) {
  auto const wanted_at = [&](std::int64_t asked_micros) {
    return std::any_of(listing.bids.begin(), listing.bids.end(),
                       [&](auto const& bid) { return reaches_ask(listing, bid, asked_micros); });
  };
  if (!wanted_at(ask(listing))) return;
  auto const step = step_us(rules_of(listing));
  auto const first = listing.listed_us - offset_us(listing, step);
  auto due_us = now_us;
  for (std::int64_t i = 1; i <= kFallSteps && first + i * step < now_us; ++i) {
    if (!wanted_at(asked_at(listing, first + i * step))) continue;
    due_us = first + i * step;
    break;
  }
  schedule(Tick::listing_expiry, {due_us, listing.lead_no, kDueFill});
}

/// Before every command: asks stand as its time has them.
void Engine::let_asks_fall(std::int64_t now_us) {
  while (!falls_.empty() && falls_.top().due_us <= now_us) {
    auto const due = falls_.top();
    falls_.pop();
    auto const found = listings_.find(due.no);
    if (found == listings_.end() || !found->second.resting) continue;
    auto& listing = found->second;
    if (listing.falls_us != due.due_us) continue;  // planned anew meanwhile
    listing.asked_micros = asked_at(listing, now_us);
    shop_.set_ask(listing.lead_no, listing.asked_micros);
    plan_fill(listing, now_us);
    plan_fall(listing, now_us);
  }
}

}  // namespace leadex::market
