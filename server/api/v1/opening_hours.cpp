#include "server/api/v1/opening_hours.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

namespace leadex::api {

namespace {

constexpr std::array<std::string_view, 7> kDays{"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

/// "09:30" as minutes of the day; "24:00" is its end.
std::optional<std::int32_t> minutes_of(std::string_view text) {
  constexpr std::size_t kColon = 2;
  if (text.size() != 5 || text[kColon] != ':') return std::nullopt;
  std::int32_t digits[4]{};
  std::size_t n = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i == kColon) continue;
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    digits[n++] = text[i] - '0';
  }
  auto const hour = digits[0] * 10 + digits[1];
  auto const minute = digits[2] * 10 + digits[3];
  auto const all = hour * 60 + minute;
  if (minute > 59 || all > market::kMinutesOfDay) return std::nullopt;
  return all;
}

/// "09:00-17:00"; an empty span is none.
std::optional<market::ScheduleSpan> span_of(std::string_view text) {
  auto const dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  auto const from = minutes_of(text.substr(0, dash));
  auto const to = minutes_of(text.substr(dash + 1));
  if (!from || !to || *from >= *to) return std::nullopt;
  return market::ScheduleSpan{*from, *to};
}

}  // namespace

std::vector<market::ScheduleSpan> read_opening_hours(json::ObjectReader& schedule) {
  std::vector<market::ScheduleSpan> spans;
  for (std::size_t day = 0; day < kDays.size(); ++day) {
    auto const name = kDays.at(day);
    auto const* const list = schedule.optional_array(name);
    if (list == nullptr) continue;
    auto const midnight = static_cast<std::int32_t>(day) * market::kMinutesOfDay;
    std::vector<market::ScheduleSpan> today;
    for (auto const& item : list->GetArray()) {
      auto const span = item.IsString() ? span_of(json::text_of(item)) : std::nullopt;
      if (!span) {
        schedule.fail(name, "hours_malformed",
                      "Hours are written as 09:00-17:00, the first earlier.");
        continue;
      }
      today.push_back({midnight + span->from, midnight + span->to});
    }
    std::ranges::sort(today, {}, &market::ScheduleSpan::from);
    for (auto const& span : today) {
      if (!spans.empty() && span.from < spans.back().to) {
        schedule.fail(name, "hours_overlap", "Two spans of a day overlap.");
      } else if (!spans.empty() && span.from == spans.back().to) {
        spans.back().to = span.to;
      } else {
        spans.push_back(span);
      }
    }
  }
  schedule.refuse_unknown_fields();
  return spans;
}

}  // namespace leadex::api
