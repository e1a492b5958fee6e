#include "server/intake/contact/source_check.hpp"

#include <algorithm>
#include <iterator>
#include <string>

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

/// Digits and phone signs that stand together, from the first digit, plus or bracket to the last
/// digit.
struct Run {
  std::string_view text;
  bool apart{};  // no letter touches it, also not by hyphens, as in a UUID
};

bool ends_in_word(std::string_view before) {
  while (before.ends_with('-')) before.remove_suffix(1);
  return !before.empty() && is_letter_or_digit(before.back());
}

bool begins_with_word(std::string_view behind) {
  while (behind.starts_with('-')) behind.remove_prefix(1);
  return !behind.empty() && is_letter_or_digit(behind.front());
}

/// The first run at `from` or behind, and where to look for the next one.
Run next_run(std::string_view text, std::size_t& from) {
  auto const begins = [](char c) { return is_digit(c) || c == '+' || c == '('; };
  auto const in_run = [](char c) { return is_digit(c) || is_phone_sign(c); };
  while (from < text.size() && !begins(text[from])) ++from;
  auto const first = from;
  while (from < text.size() && in_run(text[from])) ++from;
  auto end = from;
  while (end > first && !is_digit(text[end - 1])) --end;
  return {text.substr(first, end - first),
          !ends_in_word(text.substr(0, first)) && !begins_with_word(text.substr(end))};
}

std::string digits_of(std::string_view text) {
  std::string digits;
  std::ranges::copy_if(text, std::back_inserter(digits), is_digit);
  return digits;
}

bool holds_own(std::string_view digits, std::string_view own_e164) {
  if (own_e164.size() <= kPhoneDigitsMin) return false;
  return digits.find(own_e164.substr(own_e164.size() - kPhoneDigitsMin)) != std::string_view::npos;
}

/// Whether a run begins with a day: yyyymmdd, yyyy-mm-dd or dd.mm.yyyy, with any signs. What
/// stands behind it is a time or a count.
bool begins_with_day(std::string_view run) {
  std::vector<std::string_view> groups;
  for (std::size_t at = 0; at < run.size() && groups.size() < 3;) {
    auto end = at;
    while (end < run.size() && is_digit(run[end])) ++end;
    groups.push_back(run.substr(at, end - at));
    at = end + 1;
  }
  auto const within = [](std::string_view digits, std::string_view least, std::string_view most) {
    return digits.size() == least.size() && digits >= least && digits <= most;
  };
  auto const day = [&](std::string_view y, std::string_view m, std::string_view d) {
    return within(y, "1900", "2099") && within(m, "01", "12") && within(d, "01", "31");
  };
  auto const& first = groups.front();
  if (first.size() == 8) return day(first.substr(0, 4), first.substr(4, 2), first.substr(6));
  return groups.size() == 3 &&
         (day(groups[0], groups[1], groups[2]) || day(groups[2], groups[1], groups[0]) ||
          day(groups[2], groups[0], groups[1]));
}

bool is_number(Run const& run, std::string_view country, std::string_view own_e164) {
  auto const digits = digits_of(run.text);
  if (holds_own(digits, own_e164)) return true;
  if (digits.size() < kPhoneDigitsMin || digits.size() > kPhoneDigitsMax) return false;
  if (digits.size() == run.text.size()) return false;
  bool const plus = run.text.starts_with('+');
  if (!plus && (!run.apart || digits.size() < kSplitPhoneDigitsMin)) return false;
  return !begins_with_day(run.text) && parse_phone(run.text, country).has_value();
}

}  // namespace

bool names_contact(std::string_view text, std::string_view country, std::string_view own_e164) {
  if (has_address(text)) return true;
  for (std::size_t from = 0; from < text.size();) {
    if (is_number(next_run(text, from), country, own_e164)) return true;
  }
  return false;
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
