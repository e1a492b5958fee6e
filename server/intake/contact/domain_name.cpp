#include "server/intake/contact/domain_name.hpp"

#include <idn2.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>

#include "server/intake/contact/text.hpp"

namespace leadex::intake {
namespace {

// Enough for 253 octets of punycode whatever the script; bounds the work before libidn2 starts.
constexpr std::size_t kInputOctetsMax = 1024;

struct FreeName {
  void operator()(std::uint8_t* name) const { idn2_free(name); }
};

// IDNA 2008 builds labels of letters, marks and digits; these signs have rules of their own, which
// libidn2 checks. Anything else would be mapped away silently (U+00A8 becomes a space).
constexpr bool is_context_sign(char32_t c) {
  switch (c) {
    case U'-':
    case U'.':
    case 0x00B7:  // middle dot
    case 0x0375:  // Greek numeral sign
    case 0x05F3:  // geresh
    case 0x05F4:  // gershayim
    case 0x200C:  // zero width non-joiner
    case 0x200D:  // zero width joiner
    case 0x3002:  // full stops that UTS 46 reads as dots
    case 0x30FB:  // katakana middle dot
    case 0xFF0E:
    case 0xFF61:
      return true;
    default:
      return false;
  }
}

bool is_made_of_letters(std::string_view name) {
  for (std::size_t i = 0; i < name.size();) {
    auto const c = next_code_point(name, i);
    if (!is_letter(c) && !is_mark(c) && !is_decimal_digit(c) && !is_context_sign(c)) return false;
  }
  return true;
}

bool has_a_label(std::string_view lower) {
  return lower.starts_with("xn--") || lower.find(".xn--") != std::string_view::npos;
}

// The capital sharp s is the small one's capital (UTS 46 since Unicode 15.1), not two letters s.
std::string with_small_sharp_s(std::string_view name) {
  constexpr std::string_view kCapital = "\u1E9E";
  constexpr std::string_view kSmall = "\u00DF";
  std::string mapped{name};
  for (auto at = mapped.find(kCapital); at != std::string::npos; at = mapped.find(kCapital, at)) {
    mapped.replace(at, kCapital.size(), kSmall);
  }
  return mapped;
}

std::optional<std::string> through_idna(std::string_view name) {
  auto const terminated = with_small_sharp_s(name);
  std::uint8_t* result = nullptr;
  int const status = idn2_lookup_u8(
      reinterpret_cast<std::uint8_t const*>(terminated.c_str()), &result,
      IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL | IDN2_USE_STD3_ASCII_RULES | IDN2_ALABEL_ROUNDTRIP);
  std::unique_ptr<std::uint8_t, FreeName> const owned{result};
  if (status != IDN2_OK || !result) return std::nullopt;
  return std::string{reinterpret_cast<char const*>(result)};
}

bool is_label(std::string_view label) {
  if (label.empty() || label.size() > kLabelOctetsMax) return false;
  if (label.front() == '-' || label.back() == '-') return false;
  return std::all_of(label.begin(), label.end(),
                     [](char c) { return is_alpha(c) || is_digit(c) || c == '-'; });
}

// Browsers read a name that ends in a number, 0x4 too, as an IPv4 address.
bool is_number(std::string_view label) {
  if (std::all_of(label.begin(), label.end(), is_digit)) return true;
  return label.starts_with("0x") && std::all_of(label.begin() + 2, label.end(), [](char c) {
           return is_digit(c) || (c >= 'a' && c <= 'f');
         });
}

std::optional<DomainFault> find_fault(std::string_view name) {
  if (name.size() > kDomainOctetsMax) return DomainFault::too_long;
  std::size_t labels = 0;
  std::string_view label;
  for (std::string_view rest = name;;) {
    auto const dot = rest.find('.');
    label = rest.substr(0, dot);
    if (!is_label(label)) return DomainFault::syntax;
    ++labels;
    if (dot == std::string_view::npos) break;
    rest.remove_prefix(dot + 1);
  }
  if (labels < 2) return DomainFault::single_label;
  if (label.size() < 2 || is_number(label)) {
    return DomainFault::top_level;
  }
  return std::nullopt;
}

}  // namespace

Result<std::string, DomainFault> to_ascii_domain(std::string_view name) {
  if (name.empty()) return refuse(DomainFault::syntax);
  if (name.size() > kInputOctetsMax) return refuse(DomainFault::too_long);
  std::string ascii;
  if (is_ascii(name)) {
    // ASCII that IDNA would map or refuse (a space, an underscore) is a syntax fault here.
    ascii = lower_ascii(name);
    if (auto const fault = find_fault(ascii)) return refuse(*fault);
    if (!has_a_label(ascii)) return ascii;
  }
  if (has_nul(name) || !is_utf8(name)) return refuse(DomainFault::syntax);
  if (!is_made_of_letters(name)) return refuse(DomainFault::syntax);
  auto converted = through_idna(name);
  if (!converted) return refuse(DomainFault::idn);
  ascii = lower_ascii(*converted);
  if (auto const fault = find_fault(ascii)) return refuse(*fault);
  return ascii;
}

}  // namespace leadex::intake
