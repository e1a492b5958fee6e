#pragma once
// The current hour, day, week and month of a time zone as UTC bounds: what the engine's caps count
// in. Uses the system's zone database; any thread.

#include <cstdint>
#include <optional>
#include <string>

#include "matching/market/command.hpp"

namespace leadex::market {

/// Windows around `at_us`; weeks begin on Monday. An hour is cut where the zone's offset changes,
/// so it never spans a jump of the clock. Nothing for an unknown zone.
[[nodiscard]] std::optional<SetZoneWindows> zone_windows(std::string const& zone,
                                                         std::int64_t at_us);

/// Whether `zone` names a zone of the database ("Europe/Berlin", "UTC").
[[nodiscard]] bool known_zone(std::string const& zone);

}  // namespace leadex::market
