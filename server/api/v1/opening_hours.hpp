#pragma once
// Opening hours of a campaign: {"mon":["09:00-17:00"],…} as spans of the week. Pure; any thread.

#include <vector>

#include "matching/market/command.hpp"
#include "server/json/object_reader.hpp"

namespace leadex::api {

/// Ascending and apart; spans that touch are joined. Faults go to the reader: hours_malformed,
/// hours_overlap, unknown_field.
[[nodiscard]] std::vector<market::ScheduleSpan> read_opening_hours(json::ObjectReader& schedule);

}  // namespace leadex::api
