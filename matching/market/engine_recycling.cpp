// Recycling: leads that nobody bought, or that came back for a reason of their buyer's, rest for a
// while and are listed again at a lower ask. Which leads may come back is for the caller to look
// up; what it says of their owners stands in the command.

#include <algorithm>
#include <array>

#include "matching/market/barred.hpp"
#include "matching/market/engine.hpp"

namespace leadex::market {

namespace {

/// Reasons of returns that say nothing against the lead: another buyer may want it.
constexpr std::array<std::string_view, 2> kReasonsOfTheBuyer{"duplicate", "out_of_area"};

using Wide = __int128;

}  // namespace

void Engine::rest_unsold(Context& c, Listing const& listing) const {
  if (listing.shares_held != 0 || listing.round >= rules_.recycle_rounds) return;
  c.applied.effects.emplace_back(
      LeadRested{listing.lead_no, RestCause::unsold, {}, c.now_us + rules_.recycle_rest_us});
}

void Engine::rest_returned(Context& c, ReturnCase const& returned) const {
  if (rules_.recycle_rounds == 0) return;
  if (std::ranges::find(kReasonsOfTheBuyer, returned.reason) == kReasonsOfTheBuyer.end()) return;
  c.applied.effects.emplace_back(LeadRested{returned.sale.lead_no, RestCause::returned,
                                            returned.reason, c.now_us + rules_.recycle_rest_us});
}

Outcome Engine::handle(Context& c, RelistLead const& command) {
  if (command.round < 1 || command.round > rules_.recycle_rounds) {
    return {.refusal = Refusal::limit_reached};
  }
  for (auto const& owner : command.owners) {
    if (sales_.contains({command.lead.lead_no, owner.slot})) return {.refusal = Refusal::lead_sold};
    if (owner.slot >= kSaleSlotsMax - kSharesPerRound) return {.refusal = Refusal::limit_reached};
  }
  if (barred(command.lead)) return {.refusal = Refusal::lead_unknown};
  auto const values = take_in(command.lead);
  if (!values) return {.refusal = values.error()};
  auto& listing = listings_.at(command.lead.lead_no);
  listing.round = static_cast<std::int16_t>(command.round);
  if (command.share.generator_no != 0) trades_[listing.lead_no].share = command.share;
  for (auto const& owner : command.owners) {
    listing.owners.push_back({.buyer_no = owner.buyer_no,
                              .slot = owner.slot,
                              .shares_max = static_cast<std::int16_t>(owner.shares_max),
                              .voided = true});
  }
  auto const floor = std::max<std::int64_t>(listing.reserve_micros, 1);
  auto const before = asked_at(listing, c.now_us);  // it has not rested yet, so its first ask
  auto const lower = Wide{before} * rules_.recycle_price_bp / kBasisPointsWhole;
  listing.ask_micros = std::max(floor, static_cast<std::int64_t>(lower));
  c.applied.effects.emplace_back(
      LeadRelisted{listing.lead_no, command.round, c.now_us, listing.ask_micros});
  meet_campaigns(c, listing, *values);
  return close_offer(c, listing);
}

}  // namespace leadex::market
