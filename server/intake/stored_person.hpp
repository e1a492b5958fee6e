#pragma once
// The digests that the person of a stored lead is known by, from its sealed contact. Any thread.

#include <string>
#include <vector>

#include "billing/values/ids.hpp"
#include "server/privacy/key_ring.hpp"
#include "server/storage/lots.hpp"

namespace leadex::intake {

/// As person_digests of lead_rows.hpp gives them for a posted lead; none when the contact does not
/// open. @param country  of the market: whose numbers need no prefix
[[nodiscard]] std::vector<std::string> stored_person_digests(privacy::KeyRing const& keys,
                                                             LeadId lead,
                                                             storage::SealedLead const& sealed,
                                                             std::string const& country);

}  // namespace leadex::intake
