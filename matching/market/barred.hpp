#pragma once
// Leads that nobody may have: the exchange's own list has their person. Among those that a lead is
// withheld from it stands as buyer 0. Pure; any thread.

#include <algorithm>

#include "matching/market/command.hpp"
#include "matching/market/listing.hpp"

namespace leadex::market {

/// In the place of a buyer's number in OfferLead::withheld and WithholdLeads: everybody.
inline constexpr std::int64_t kEverybody = 0;

/// Such a lead is refused as lead_unknown when it comes, and taken off for good when it rests.
[[nodiscard]] inline bool barred(OfferLead const& lead) {
  return std::binary_search(lead.withheld.begin(), lead.withheld.end(), kEverybody);
}
[[nodiscard]] inline bool barred(Listing const& listing) {
  return listing.withheld_from(kEverybody);
}

}  // namespace leadex::market
