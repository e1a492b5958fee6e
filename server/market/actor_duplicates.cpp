// Persons that come twice: markets of one group, leads that newer ones displace or share. See
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

/// Those that have a person of the item in this market, as look-up and memory say.
std::set<std::int64_t> Actor::leads_in_the_way(Item const& item) const {
  auto const settings = this->settings();
  auto const fresh_since = now_us() - (settings ? settings->dedupe_us : 0);
  auto const& s = item.submission;
  std::set<std::string> digests(s.persons.begin(), s.persons.end());
  for (auto const& row : s.admissions) digests.insert(row.digests.begin(), row.digests.end());
  std::set<std::int64_t> leads;
  for (auto const& digest : digests) {
    if (auto const* const recent = claims_.claim(digest, item.looked_up_seq)) {
      leads.insert(recent->lead_no);
    }
  }
  for (auto const& person : item.found) {
    bool const newer = claims_.claim(person.digest, item.looked_up_seq) != nullptr;
    if (!newer && person.seen_us >= fresh_since) leads.insert(person.lead_no);
  }
  return leads;
}

/// A duplicate that came in real time gives its generator a part in the oldest lead that stands in
/// its way and can be shared; in none, if one of them is its own or shared with it. The engine is
/// the judge. @return whether there is one: the answer, which is the same, then waits for the batch
bool Actor::share(Building& building, ItemPtr const& item) {
  auto const rules = duplicate_rules();
  auto const& s = item->submission;
  if (rules.credit != storage::DuplicateCredit::shared || s.lane == Lane::bulk) return false;
  auto const* const brought = brought_lead(s.command);
  auto const generator_no = brought != nullptr ? brought->generator_no
                            : s.lead           ? s.lead->tenant_no
                                               : 0;
  if (generator_no == 0 || std::holds_alternative<RelistLead>(s.command)) return false;
  auto const leads = leads_in_the_way(*item);
  bool const has_part = std::ranges::any_of(
      leads, [&](std::int64_t lead_no) { return engine_.has_part(lead_no, generator_no); });
  if (has_part) return false;
  auto const shared = std::ranges::find_if(leads, [&](std::int64_t lead_no) {
    return engine_.refusal_of({lead_no, {generator_no, rules.split_bp}}) == Refusal::none;
  });
  if (shared == leads.end()) return false;
  Submission own;
  own.command = ShareLead{*shared, {generator_no, rules.split_bp}};
  auto const at_us = now_us();
  last_at_us_ = at_us;
  roll_zones(building.body.items, own.command, at_us);
  auto applied = engine_.apply(from_unix_micros(at_us), own.command);
  LEADEX_CHECK(applied.outcome.refusal == Refusal::none);  // it was asked before
  books_.write(own, applied, at_us);
  building.decisions += 1;
  building.body.items.push_back(
      {at_us, own.command, std::move(applied.outcome), log_form(std::move(applied.effects))});
  item->duplicate = true;
  building.items.push_back(item);
  return true;
}

}  // namespace leadex::market
