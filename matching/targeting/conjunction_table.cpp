#include "matching/targeting/conjunction_table.hpp"

#include <algorithm>

namespace leadex::targeting {

void ConjunctionTable::take(CampaignSlot slot) {
  campaigns_.reach(slot);
  slots_end_ = std::max(slots_end_, std::size_t{slot} + 1);
  auto& campaign = campaigns_[slot];
  campaign = {};
  campaign.occupied = true;
  campaign.eligible = true;
}

void ConjunctionTable::add(CampaignSlot slot, targeting::Conjunction const& terms,
                           AttributeIndex access) {
  auto& campaign = campaigns_[slot];
  auto const ref = pool_.add(terms);
  if (!campaign.has_first) {
    campaign.has_first = true;
    campaign.first = {ref, kNoConjunction, access};
    return;
  }
  auto no = free_;
  if (no != kNoConjunction) {
    free_ = at(no).next;
  } else {
    no = further_end_++;
    further_.reach(no - kCampaignSlotsMax);
  }
  further_[no - kCampaignSlotsMax] = {{ref, campaign.first.next, access}, slot};
  campaign.first.next = no;
}

void ConjunctionTable::clear(CampaignSlot slot) {
  auto& campaign = campaigns_[slot];
  if (!campaign.has_first) return;
  pool_.release(campaign.first.terms);
  for (auto no = campaign.first.next; no != kNoConjunction;) {
    auto& further = further_[no - kCampaignSlotsMax].conjunction;
    auto const next = further.next;
    pool_.release(further.terms);
    further.next = free_;
    free_ = no;
    no = next;
  }
  campaign.first = {};
  campaign.has_first = false;
}

}  // namespace leadex::targeting
