#pragma once
// Mistyped mail domains: gmial.com was probably meant to be gmail.com. Only a suggestion; the
// address itself is never changed. Compared with a short list of domains that most people's mail
// lives at, by the slips of hands and eyes (neighbouring keys, swapped and doubled letters, rn for
// m). Pure; any thread. Which real domains must not be suspected:
// docs/decisions/0022-contact-checks.md.

#include <optional>
#include <string_view>

namespace leadex::intake {

/// The well-known domain that was probably meant; nullopt for those themselves and for all others.
/// The text is static. @param domain_ascii  lower case, A-labels, as EmailAddress::domain_ascii.
/// @cost  under a microsecond for a domain that is listed or of another length.
[[nodiscard]] std::optional<std::string_view> suggest_mail_domain(std::string_view domain_ascii);

/// Cost of reading `written` for `meant`: 1 for a slip of hand or eye, 2 for any other change of
/// one letter; 5 stands for more. @param written, meant  lower case ASCII, at most 32 letters
/// counted.
[[nodiscard]] int slip_cost(std::string_view written, std::string_view meant);

}  // namespace leadex::intake
