#include "server/intake/contact/landing_page.hpp"

#include <algorithm>

#include "server/intake/contact/domain_name.hpp"
#include "server/intake/contact/ip_address.hpp"
#include "server/intake/contact/text.hpp"

namespace leadex::intake {
namespace {

bool is_port(std::string_view digits) {
  if (digits.empty() || digits.size() > 5) return false;
  unsigned value = 0;
  for (char const c : digits) {
    if (!is_digit(c)) return false;
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  return value >= 1 && value <= 65'535;
}

bool is_host(std::string_view host) {
  if (host.starts_with('[')) {
    if (!host.ends_with(']') || host.size() < 3) return false;
    auto const address = parse_ip_address(host.substr(1, host.size() - 2));
    return address && address->is_v6 && !address->is_reserved;
  }
  if (auto const address = parse_ip_address(host); address && !address->is_v6) {
    return !address->is_reserved;
  }
  return to_ascii_domain(host).has_value();
}

std::optional<std::string_view> after_scheme(std::string_view text) {
  for (std::string_view const scheme : {"https://", "http://"}) {
    if (text.size() > scheme.size() && equal_ignoring_case(text.substr(0, scheme.size()), scheme)) {
      return text.substr(scheme.size());
    }
  }
  return std::nullopt;
}

/// "host:port" in its two parts; a colon inside brackets belongs to the host.
struct Authority {
  std::string_view host;
  std::optional<std::string_view> port;
};

Authority authority_of(std::string_view after_scheme) {
  auto const whole = after_scheme.substr(0, after_scheme.find_first_of("/?#"));
  auto const bracket = whole.rfind(']');
  auto const colon = whole.rfind(':');
  bool const has_port =
      colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket);
  if (!has_port) return {whole, std::nullopt};
  return {whole.substr(0, colon), whole.substr(colon + 1)};
}

}  // namespace

std::optional<UrlFault> find_url_fault(std::string_view text) {
  text = trim(text);
  if (text.size() > kUrlOctetsMax) return UrlFault::too_long;
  if (!is_utf8(text) || has_control(text) ||
      text.find_first_of(" <>\"\\") != std::string_view::npos) {
    return UrlFault::not_text;
  }
  auto const rest = after_scheme(text);
  if (!rest) return UrlFault::scheme;
  auto const authority = authority_of(*rest);
  // A user name may hold a colon of its own, so the sign is looked for in all of it.
  auto const whole = rest->substr(0, rest->find_first_of("/?#"));
  if (whole.find('@') != std::string_view::npos) return UrlFault::user_info;
  if (authority.port && !is_port(*authority.port)) return UrlFault::port;
  if (!is_host(authority.host)) return UrlFault::host;
  return std::nullopt;
}

std::string_view url_host(std::string_view text) {
  text = trim(text);
  if (find_url_fault(text)) return {};
  auto const rest = after_scheme(text);
  return rest ? authority_of(*rest).host : std::string_view{};
}

}  // namespace leadex::intake
