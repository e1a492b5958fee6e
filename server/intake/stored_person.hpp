#pragma once
// The digests that the person of a stored lead is known by, from its sealed contact. Any thread.

#include <optional>
#include <string>
#include <vector>

#include "billing/values/ids.hpp"
#include "server/intake/contact/email.hpp"
#include "server/intake/contact/phone.hpp"
#include "server/intake/lead_rows.hpp"
#include "server/privacy/key_ring.hpp"
#include "server/storage/lots.hpp"

namespace leadex::intake {

struct StoredPerson {
  std::optional<EmailAddress> email;
  std::optional<Phone> phone;
};
/// Both empty when the contact does not open. @param country  of the market: whose numbers need no
/// prefix
[[nodiscard]] StoredPerson stored_person(privacy::KeyRing const& keys, LeadId lead,
                                         storage::SealedLead const& sealed,
                                         std::string const& country);

/// As person_digests of lead_rows.hpp gives them, as the lead claims them unless told otherwise;
/// none when the contact does not open.
[[nodiscard]] std::vector<std::string> stored_person_digests(privacy::KeyRing const& keys,
                                                             LeadId lead,
                                                             storage::SealedLead const& sealed,
                                                             std::string const& country,
                                                             DigestUse use = DigestUse::claim);

}  // namespace leadex::intake
