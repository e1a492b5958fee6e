#pragma once
// Form of the tokens by which others vouch for a consent. Whether they stand behind it is for their
// issuers to say; nobody is asked here. Pure; any thread.

#include <string_view>

namespace leadex::intake {

/// `https://cert.trustedform.com/` (or a name under trustedform.com) and a path of one name.
[[nodiscard]] bool is_trustedform_url(std::string_view text);

/// Letters, digits and hyphens, 8 at least; LeadiD's own are UUIDs.
[[nodiscard]] bool is_jornaya_leadid(std::string_view text);

}  // namespace leadex::intake
