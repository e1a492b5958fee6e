#pragma once
// Domain names as mail and web use them: LDH labels, or Unicode ones turned into punycode by UTS 46
// (non-transitional). One function for e-mail, landing pages and block lists, so that they agree.
// Intake only; pure, any thread.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "billing/values/result.hpp"

namespace leadex::intake {

inline constexpr std::size_t kDomainOctetsMax = 253;
inline constexpr std::size_t kLabelOctetsMax = 63;

enum class DomainFault : std::uint8_t {
  syntax,        // empty or too long label, forbidden character, hyphen at an end
  too_long,      // more than 253 octets as punycode
  idn,           // not a name under UTS 46 / IDNA 2008, or punycode that does not round-trip
  single_label,  // "localhost": no mail or page of a person lives there
  top_level      // the last label is a number (7, 0x7) or one letter: no such domain exists
};

/// The name in lower case ASCII (A-labels). No trailing dot is taken.
/// @param name  UTF-8 or ASCII, not trimmed.
[[nodiscard]] Result<std::string, DomainFault> to_ascii_domain(std::string_view name);

}  // namespace leadex::intake
