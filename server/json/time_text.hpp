#pragma once
// Instants as RFC 3339 text and days as YYYY-MM-DD. Pure; any thread.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "billing/values/result.hpp"
#include "billing/values/time.hpp"
#include "server/json/object_reader.hpp"

namespace leadex::json {

enum class TimeError : std::uint8_t {
  malformed,     // not the grammar of RFC 3339, or no such day
  leap_second,   // :60, which no timestamptz can hold
  out_of_range,  // outside 1970 to 9999, in UTC
};

/// "2026-11-22T02:16:29.5+01:00" and the like: T and Z in either case, an offset is a must, 1 to 9
/// digits of fraction of which the first 6 count.
[[nodiscard]] Result<Timestamp, TimeError> parse_timestamp(std::string_view text);

/// UTC with Z; a fraction only when there is one, its zeros trimmed: "2026-11-22T02:16:29.25Z".
[[nodiscard]] std::string format_timestamp(Timestamp at);

/// A day of the calendar, years 1000 to 9999; nothing when there is no such day.
[[nodiscard]] std::optional<std::chrono::year_month_day> parse_date(std::string_view text);
[[nodiscard]] std::string format_date(std::chrono::year_month_day day);

/// Reads of a field; faults (`missing_field`, `wrong_type`, `time_malformed`, `time_leap_second`,
/// `time_out_of_range`) go to the reader.
[[nodiscard]] Timestamp require_timestamp(ObjectReader& reader, std::string_view name);
[[nodiscard]] std::optional<Timestamp> optional_timestamp(ObjectReader& reader,
                                                          std::string_view name);

}  // namespace leadex::json
