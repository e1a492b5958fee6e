#pragma once
// E-mail addresses: the RFC 5321 Mailbox, with RFC 6531 (SMTPUTF8) letters in the local part and
// Unicode domains. One parser serves check, blind index and delivery. Intake only; any thread.
//
// Taken: dot-string and quoted local parts, UTF-8 local parts (graphic characters only), Unicode
// domains. Stricter than RFC 5321 on purpose, because a lead has to be reachable: no single-label
// domain, no numeric top level (so no bare IPv4), and an address literal only when asked for, since
// a literal walks around the disposable list. Comments, folding and the obsolete forms of RFC 5322
// are message syntax, not SMTP's, and are refused.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "billing/values/result.hpp"

namespace leadex::intake {

inline constexpr std::size_t kEmailOctetsMax = 254;  // RFC 5321 path of 256 without < and >
inline constexpr std::size_t kEmailLocalOctetsMax = 64;

enum class EmailFault : std::uint8_t {
  empty,
  too_long,
  not_text,  // not UTF-8, or NUL
  no_at,
  local_syntax,
  local_too_long,
  domain_syntax,
  domain_too_long,
  domain_idn,
  domain_single_label,
  domain_top_level,
  address_literal
};

struct EmailRules {
  bool address_literals = false;  // true: `user@[192.0.2.1]` is taken when RFC 5321 takes it
};

struct EmailAddress {
  std::string local;         // as given, but quotes that are not needed are gone
  std::string domain_ascii;  // lower case, A-labels; or the bracketed literal
  std::string normalised;    // lower case, NFC, punycode domain: input of the first blind index
  std::string loose;         // normalised without dots and +tag: input of the second blind index
  bool is_role = false;      // info@, sales@ …: a function, not a person; flagged, not refused
  bool is_utf8_local = false;
  bool is_literal = false;
};

/// Spaces and tabs around the address are no part of it; line ends are a fault.
/// @errors  the first one met, left to right, lengths before syntax.
[[nodiscard]] Result<EmailAddress, EmailFault> parse_email(std::string_view text,
                                                           EmailRules const& rules = {});

}  // namespace leadex::intake
