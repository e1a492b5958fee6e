#include "server/intake/contact/certificate.hpp"

#include <algorithm>

namespace leadex::intake {

namespace {

constexpr std::size_t kLeadIdMin = 8;

bool is_name_char(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-';
}

std::string_view trimmed(std::string_view text) {
  auto const from = text.find_first_not_of(" \t");
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(" \t") - from + 1);
}

}  // namespace

bool is_trustedform_url(std::string_view text) {
  constexpr std::string_view kScheme = "https://";
  constexpr std::string_view kDomain = "trustedform.com";
  text = trimmed(text);
  if (!text.starts_with(kScheme)) return false;
  text.remove_prefix(kScheme.size());
  auto const slash = text.find('/');
  if (slash == std::string_view::npos) return false;
  auto host = text.substr(0, slash);
  auto const name = text.substr(slash + 1);
  if (!host.ends_with(kDomain)) return false;
  host.remove_suffix(kDomain.size());
  bool const under = host.size() > 1 && host.ends_with('.') &&
                     std::ranges::all_of(host.substr(0, host.size() - 1), is_name_char);
  return under && !name.empty() && std::ranges::all_of(name, is_name_char);
}

bool is_jornaya_leadid(std::string_view text) {
  text = trimmed(text);
  return text.size() >= kLeadIdMin && std::ranges::all_of(text, is_name_char);
}

}  // namespace leadex::intake
