#include "server/intake/contact/email.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "server/intake/contact/domain_name.hpp"
#include "server/intake/contact/ip_address.hpp"
#include "server/intake/contact/text.hpp"

namespace leadex::intake {
namespace {

// Unicode input may shrink or grow on its way to punycode; the limit proper is checked after.
constexpr std::size_t kInputOctetsMax = 1024;

// Sorted: looked up by binary search.
constexpr std::array<std::string_view, 24> kRoles{
    "abuse",     "accounting", "accounts",   "admin",   "administrator", "billing",
    "contact",   "help",       "hostmaster", "hr",      "info",          "jobs",
    "marketing", "no-reply",   "noc",        "noreply", "office",        "postmaster",
    "root",      "sales",      "security",   "spam",    "support",       "webmaster"};
static_assert(std::is_sorted(kRoles.begin(), kRoles.end()));

constexpr bool is_atext(char c) {
  return is_alpha(c) || is_digit(c) ||
         std::string_view{"!#$%&'*+-/=?^_`{|}~"}.find(c) != std::string_view::npos;
}

// ASCII by `allowed`, all other code points when they are graphic.
template <class Allowed>
bool is_made_of(std::string_view text, Allowed allowed) {
  for (std::size_t i = 0; i < text.size();) {
    if (static_cast<unsigned char>(text[i]) < 0x80) {
      if (!allowed(text[i])) return false;
      ++i;
      continue;
    }
    if (!is_graphic(next_code_point(text, i))) return false;
  }
  return true;
}

bool is_dot_string(std::string_view local) {
  if (local.empty() || local.front() == '.' || local.back() == '.') return false;
  if (local.find("..") != std::string_view::npos) return false;
  return is_made_of(local, [](char c) { return is_atext(c) || c == '.'; });
}

// Index of the quote that closes the one at 0; npos when none does.
std::size_t closing_quote(std::string_view text) {
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      return i;
    }
  }
  return std::string_view::npos;
}

// Content of a quoted string between its quotes, or nullopt when RFC 5321 does not allow it.
std::optional<std::string> unquote(std::string_view inner) {
  std::string content;
  for (std::size_t i = 0; i < inner.size(); ++i) {
    if (inner[i] == '\\') {
      if (++i == inner.size()) return std::nullopt;
      // quoted-pairSMTP is printable ASCII only.
      if (inner[i] < 0x20 || inner[i] > 0x7E) return std::nullopt;
    }
    content += inner[i];
  }
  if (!is_made_of(content, [](char c) { return c >= 0x20 && c <= 0x7E; })) return std::nullopt;
  return content;
}

// The shortest spelling: bare when a dot-string says it, else quoted with only the needed escapes.
std::string requote(std::string const& content) {
  if (is_dot_string(content)) return content;
  std::string quoted{'"'};
  for (char const c : content) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  quoted += '"';
  return quoted;
}

struct Split {
  std::string_view local;   // as written
  std::string_view domain;  // as written
};

Result<Split, EmailFault> split_at(std::string_view text) {
  std::size_t at = 0;
  if (text.front() == '"') {
    auto const close = closing_quote(text);
    if (close == std::string_view::npos) return refuse(EmailFault::local_syntax);
    at = close + 1;
    if (at >= text.size()) return refuse(EmailFault::no_at);
    if (text[at] != '@') return refuse(EmailFault::local_syntax);
  } else {
    at = text.find('@');
    if (at == std::string_view::npos) return refuse(EmailFault::no_at);
  }
  return Split{text.substr(0, at), text.substr(at + 1)};
}

Result<std::string, EmailFault> read_local(std::string_view written) {
  if (written.empty()) return refuse(EmailFault::local_syntax);
  if (written.size() > kEmailLocalOctetsMax) return refuse(EmailFault::local_too_long);
  if (written.front() != '"') {
    if (!is_dot_string(written)) return refuse(EmailFault::local_syntax);
    return std::string{written};
  }
  auto const content = unquote(written.substr(1, written.size() - 2));
  if (!content) return refuse(EmailFault::local_syntax);
  return requote(*content);
}

Result<std::string, EmailFault> read_literal(std::string_view domain) {
  if (domain.size() < 3 || domain.back() != ']') return refuse(EmailFault::domain_syntax);
  auto inner = domain.substr(1, domain.size() - 2);
  constexpr std::string_view kTag = "IPv6:";
  bool const v6 = inner.size() > kTag.size() && equal_ignoring_case(inner.substr(0, 5), kTag);
  if (v6) inner.remove_prefix(kTag.size());
  auto const address = parse_ip_address(inner);
  if (!address || address->is_v6 != v6) return refuse(EmailFault::domain_syntax);
  return (v6 ? "[ipv6:" : "[") + address->text + "]";
}

EmailFault fault_of(DomainFault fault) {
  switch (fault) {
    case DomainFault::syntax:
      return EmailFault::domain_syntax;
    case DomainFault::too_long:
      return EmailFault::domain_too_long;
    case DomainFault::idn:
      return EmailFault::domain_idn;
    case DomainFault::single_label:
      return EmailFault::domain_single_label;
    case DomainFault::top_level:
      return EmailFault::domain_top_level;
  }
  return EmailFault::domain_syntax;
}

// Dots and the +tag say nothing at most providers; a local part of nothing else stays as it is.
std::string loosen(std::string const& local, std::string const& domain) {
  std::string loose;
  bool const quoted = local.starts_with('"');
  for (char const c : local) {
    if (c == '+' && !quoted) break;
    if (c != '.' || quoted) loose += c;
  }
  if (loose.empty()) loose = local;
  return loose + '@' + (domain == "googlemail.com" ? "gmail.com" : domain);
}

}  // namespace

Result<EmailAddress, EmailFault> parse_email(std::string_view text, EmailRules const& rules) {
  text = trim(text);
  if (text.empty()) return refuse(EmailFault::empty);
  if (text.size() > kInputOctetsMax) return refuse(EmailFault::too_long);
  if (has_nul(text) || !is_utf8(text)) return refuse(EmailFault::not_text);

  auto const parts = split_at(text);
  if (!parts) return refuse(parts.error());
  auto local = read_local(parts->local);
  if (!local) return refuse(local.error());

  EmailAddress address;
  if (parts->domain.starts_with('[')) {
    auto literal = read_literal(parts->domain);
    if (!literal) return refuse(literal.error());
    if (!rules.address_literals) return refuse(EmailFault::address_literal);
    address.domain_ascii = std::move(*literal);
    address.is_literal = true;
  } else {
    auto domain = to_ascii_domain(parts->domain);
    if (!domain) return refuse(fault_of(domain.error()));
    address.domain_ascii = std::move(*domain);
  }
  if (parts->local.size() + 1 + address.domain_ascii.size() > kEmailOctetsMax) {
    return refuse(EmailFault::too_long);
  }
  auto lower = lower_nfc(*local);
  if (!lower) return refuse(EmailFault::not_text);
  address.is_utf8_local = !is_ascii(*local);
  address.is_role = std::binary_search(kRoles.begin(), kRoles.end(), std::string_view{*lower});
  address.normalised = *lower + '@' + address.domain_ascii;
  address.loose = loosen(*lower, address.domain_ascii);
  address.local = std::move(*local);
  return address;
}

}  // namespace leadex::intake
