#pragma once
// company_key: the form in which a company that a consent names is compared with the accounts of
// buyers. Pure; any thread.

#include <cstddef>
#include <string>
#include <string_view>

namespace leadex::intake {

inline constexpr std::size_t kCompanyOctetsMax = 200;

/// Without blanks at both ends, inner blanks as one space, case folded, NFC: " Acme  INSURANCE" and
/// "acme insurance" are one company. Nothing else is alike: neither punctuation nor "Inc." is left
/// out, since a consent means whom it names.
/// @return empty for a text of blanks alone, and for one that is not UTF-8.
[[nodiscard]] std::string company_key(std::string_view name);

}  // namespace leadex::intake
