#pragma once
// What a market's plan does to good and bad lots: the operating characteristic and the expected
// number of checks, mode by mode, exact but for rounding. Pure; any thread.

#include <optional>
#include <vector>

#include "server/app/plan_lot.hpp"

namespace leadex::app {

struct CurvePoint {
  std::int32_t bad_rate_bp{};
  std::int64_t bad{};           // rows of such a lot
  std::int64_t accept_ppm{};    // probability
  std::int64_t checks_milli{};  // expected number, in thousandths
};

struct ModeCurve {
  quality::InspectionMode mode{};
  PlannedLot planned;
  std::vector<CurvePoint> points;  // by rising rate
};

/// checks × bad rows of one walk through a plan; a curve has 17 at most for each of three modes.
inline constexpr std::int64_t kCurveStatesMax = 1'000'000;

/// Modes normal, tightened and reduced; skip is checked as reduced, or not at all.
/// @return nothing when a plan has too many states to walk through.
/// @cost about a second for plans near the limit, beside those of plan_lot()
[[nodiscard]] std::optional<std::vector<ModeCurve>> check_curve(
    quality::SpotCheckSettings const& settings, quality::PlanMethod method, std::int64_t lot_size);

}  // namespace leadex::app
