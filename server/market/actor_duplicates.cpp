// Persons that come twice: markets of one group, and leads that newer ones displace. See
// docs/decisions/0033-duplicates.md.

#include <algorithm>

#include "billing/values/check.hpp"
#include "server/market/actor.hpp"

namespace leadex::market {

namespace {

/// Since a look-up was asked for. What is applied later could reach the database when its persons
/// are held no more; the rest of the hold is for the commit.
constexpr auto kHeldWell = std::chrono::microseconds{storage::kGroupHoldUs / 3};

}  // namespace

/// Of the settings in force.
storage::DuplicateRules Actor::duplicate_rules() const {
  auto const settings = this->settings();
  if (!settings) return {};
  auto const found = duplicate_rules_.find(settings->rules.version);
  return found == duplicate_rules_.end() ? storage::DuplicateRules{} : found->second;
}

/// Whether what the item claims is held in the market's group, and will be for a while.
bool Actor::holds_well(Item const& item) const {
  auto const& s = item.submission;
  if (s.persons.empty() && s.admissions.empty()) return true;
  auto const rules = duplicate_rules();
  if (rules.group.empty()) return true;
  return item.group == rules.group && Clock::now() - item.held_at < kHeldWell;
}

/// Whether the lead of an item may take the place of that one: it is another generator's, on sale
/// or off the market for good, and was never sold. What is off for good was looked up; whatever is
/// in the engine the engine knows better.
bool Actor::displaceable(Item const& item, std::int64_t lead_no) const {
  auto const generator_no = brought_lead(item.submission.command)->generator_no;
  if (auto const* const listing = engine_.listing(lead_no)) {
    return listing->resting && listing->owners.empty() && listing->shares_held == 0 &&
           listing->generator_no != generator_no;
  }
  return std::ranges::any_of(item.unsold, [=](storage::UnsoldLead const& lead) {
    return lead.lead_no == lead_no && lead.generator_no != generator_no;
  });
}

/// Takes the leads that a newer one displaced off the market, in the batch that brought it.
void Actor::displace(Building& building, Item const& item) {
  for (auto const lead_no : item.displaced) {
    building.guard.displaced.push_back(lead_no);
    if (engine_.listing(lead_no) == nullptr) continue;  // it is off already
    Submission own;
    own.command = WithdrawLead{.lead_no = lead_no};
    auto applied = engine_.apply(from_unix_micros(last_at_us_), own.command);
    LEADEX_CHECK(applied.outcome.refusal == Refusal::none);  // it was displaceable before
    books_.write(own, applied, last_at_us_);
    building.decisions += 1;
    building.body.items.push_back({last_at_us_, own.command, std::move(applied.outcome),
                                   log_form(std::move(applied.effects))});
  }
}

}  // namespace leadex::market
