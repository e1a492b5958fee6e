#include "server/intake/contact/mailbox.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace leadex::intake {
namespace {

/// A provider that takes j.o.hn for john. All others may give them to two people.
struct Provider {
  std::string_view domain;
  std::string_view first;  // domain under which all its mailboxes are known
};

// date: 2026-11-20, by what the providers say in their own help. Compiled in and no operator's
// file: persons are known by digests of what this table makes, so another table would no longer
// meet those that are stored (docs/decisions/0033). Sorted by domain.
constexpr std::array<Provider, 5> kIgnoreDots{{
    {"gmail.com", "gmail.com"},
    {"googlemail.com", "gmail.com"},
    {"pm.me", "proton.me"},
    {"proton.me", "proton.me"},
    {"protonmail.com", "proton.me"},
}};
static_assert(std::ranges::is_sorted(kIgnoreDots, {}, &Provider::domain));

Provider const* provider_of(std::string_view domain) {
  auto const at = std::ranges::lower_bound(kIgnoreDots, domain, {}, &Provider::domain);
  return at != kIgnoreDots.end() && at->domain == domain ? &*at : nullptr;
}

/// Nothing of a quoted local part is a tag; one that would be empty stays as it is.
std::string without_tag(std::string_view local) {
  auto const plus = local.starts_with('"') ? std::string_view::npos : local.find('+');
  return std::string{plus == 0 ? local : local.substr(0, plus)};
}

std::string without_dots(std::string local) {
  if (!local.starts_with('"')) std::erase(local, '.');
  return local;
}

std::string_view local_of(EmailAddress const& address) {
  std::string_view const whole = address.normalised;
  return whole.substr(0, whole.size() - address.domain_ascii.size() - 1);
}

}  // namespace

std::string mailbox_of(EmailAddress const& address) {
  auto local = without_tag(local_of(address));
  auto const* const provider = provider_of(address.domain_ascii);
  if (provider == nullptr) return local + '@' + address.domain_ascii;
  return without_dots(std::move(local)) + '@' + std::string{provider->first};
}

MailboxSpellings mailbox_spellings(EmailAddress const& address) {
  auto const* const provider = provider_of(address.domain_ascii);
  std::string const domain{provider != nullptr ? provider->first : address.domain_ascii};
  auto const local = without_tag(local_of(address));
  return {local + '@' + domain, without_dots(local) + '@' + domain};
}

}  // namespace leadex::intake
