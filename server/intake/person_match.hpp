#pragma once
// Whether two stored contacts are of one person, by the rule that keeps duplicates out: the same
// e-mail or the same phone, normalised. Any thread.

#include <string>
#include <string_view>
#include <vector>

#include "server/privacy/key_ring.hpp"

namespace leadex::intake {

/// The digests a contact's person is known by, as a real-time lead claims them; none for a contact
/// that holds neither. @param country  of the market: whose national phone numbers count
/// @param contact_json  the opened contact of a lead
[[nodiscard]] std::vector<std::string> person_of(privacy::KeyRing const& ring,
                                                 std::string_view contact_json,
                                                 std::string_view country);

[[nodiscard]] bool same_person(std::vector<std::string> const& a,
                               std::vector<std::string> const& b);

}  // namespace leadex::intake
