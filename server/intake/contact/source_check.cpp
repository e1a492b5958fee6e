#include "server/intake/contact/source_check.hpp"

#include <algorithm>

#include "server/intake/contact/landing_page.hpp"
#include "server/intake/contact/lead_check.hpp"
#include "server/intake/contact/phone.hpp"
#include "server/intake/contact/text.hpp"
#include "server/json/time_text.hpp"

namespace leadex::intake {
namespace {

constexpr std::size_t kPhoneDigitsMin = 7;
constexpr std::size_t kPhoneDigitsMax = 15;
constexpr std::size_t kSplitPhoneDigitsMin = 9;  // shorter ones with separators are dates or ids

bool is_letter_or_digit(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         static_cast<unsigned char>(c) >= 0x80;
}

/// Something@host.zone, the sign also as a URL writes it.
bool has_address(std::string_view text) {
  for (std::size_t i = 1; i < text.size(); ++i) {
    bool const encoded = text[i] == '%' && text.substr(i, 3) == "%40";
    if ((text[i] != '@' && !encoded) || !is_letter_or_digit(text[i - 1])) continue;
    auto host = text.substr(i + (encoded ? 3 : 1));
    auto const end = std::ranges::find_if(
        host, [](char c) { return !is_letter_or_digit(c) && c != '.' && c != '-'; });
    host = host.substr(0, static_cast<std::size_t>(end - host.begin()));
    auto const dot = host.find('.');
    if (dot != std::string_view::npos && dot > 0 && dot + 2 < host.size()) return true;
  }
  return false;
}

bool is_phone_sign(char c) { return std::string_view{"+-.()/ "}.find(c) != std::string_view::npos; }

}  // namespace

bool names_contact(std::string_view text, std::string_view country, std::string_view own_e164) {
  text = trim(text);
  if (has_address(text)) return true;
  if (text.starts_with("tel:")) text.remove_prefix(4);
  std::string digits;
  for (char const c : text) {
    if (is_digit(c)) {
      digits += c;
    } else if (!is_phone_sign(c)) {
      return false;
    }
  }
  if (digits.size() < kPhoneDigitsMin || digits.size() > kPhoneDigitsMax) return false;
  auto const national =
      std::string_view{digits}.substr(std::min(digits.find_first_not_of('0'), digits.size()));
  if (national.size() >= kPhoneDigitsMin && own_e164.ends_with(national)) return true;
  if (digits.size() == text.size()) return false;
  bool const whole = text.front() == '+' || digits.size() >= kSplitPhoneDigitsMin;
  return whole && parse_phone(text, country).has_value();
}

std::optional<RowFault> find_touchpoint_fault(std::vector<RawTouchpoint> const& touchpoints,
                                              Timestamp latest) {
  constexpr auto kPointer = "/source/touchpoints";
  if (touchpoints.size() > kTouchpointsMax) {
    return RowFault{RowCode::value_too_long, kPointer, "At most 32 touchpoints."};
  }
  std::optional<Timestamp> before;
  for (auto const& point : touchpoints) {
    auto const at = json::parse_timestamp(trim(point.at));
    if (!at || !vehicle_named(point.vehicle) ||
        point.reason.size() > octets_max(Column::source_reason)) {
      return RowFault{RowCode::source_invalid, kPointer,
                      "A touchpoint needs an instant, a known vehicle and a short reason."};
    }
    if (*at > latest) {
      return RowFault{RowCode::source_invalid, kPointer, "A touchpoint lies in the future."};
    }
    if (before && *at < *before) {
      return RowFault{RowCode::source_invalid, kPointer,
                      "The touchpoints are not in the order of time."};
    }
    before = *at;
  }
  return std::nullopt;
}

std::optional<int> parse_hops(std::string_view text) {
  text = trim(text);
  if (text.empty() || text.size() > 2 || !std::ranges::all_of(text, is_digit)) return std::nullopt;
  int hops = 0;
  for (char const c : text) hops = hops * 10 + (c - '0');
  return hops;
}

quality::SourceClues clues_of(RawLead const& raw) {
  auto const told = [&](Column column) {
    auto const& value = raw.at(column);
    return value ? trim(*value) : std::string_view{};
  };
  return {told(Column::utm_source),
          told(Column::utm_medium),
          told(Column::utm_campaign),
          told(Column::sub1),
          told(Column::sub2),
          told(Column::sub3),
          told(Column::sub4),
          told(Column::sub5),
          url_host(told(Column::landing_page_url)),
          url_host(told(Column::referrer_url)),
          told(Column::vehicle),
          told(Column::source_reason)};
}

}  // namespace leadex::intake
