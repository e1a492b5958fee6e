#pragma once
// Mailbox: the one spelling of addresses that end in the same mailbox, by which a person is known
// again. Intake only; pure, any thread.

#include <string>

#include "server/intake/contact/email.hpp"

namespace leadex::intake {

/// The address without its +tag; at providers that ignore dots without those, and under the
/// provider's first domain when it has several. An address that is its own mailbox comes back as it
/// is normalised, so a digest of the result meets the digest of that address.
[[nodiscard]] std::string mailbox_of(EmailAddress const& address);

/// The same with and without its dots, whatever the provider: what some table of providers, this
/// one or another, may have made of it.
struct MailboxSpellings {
  std::string dotted;
  std::string undotted;
};
[[nodiscard]] MailboxSpellings mailbox_spellings(EmailAddress const& address);

}  // namespace leadex::intake
