#pragma once
// The sequential spot-check plan of a lot: stops as soon as the verdicts say enough. Both risks are
// kept exactly, as by the fixed plan; a lot that is clearly good or bad takes fewer checks. Pure;
// any thread.

#include <cstdint>

#include "matching/quality/stopping_plan.hpp"

namespace leadex::quality {

/// A lot whose fixed plan samples more is not searched for a better one: that would take seconds.
inline constexpr std::int64_t kSearchedSampleMax = 2'000;
/// Nor one whose search has more states: checks times bad rows.
inline constexpr std::int64_t kSearchedStatesMax = 20'000;

/// A plan that keeps the risks which plan_spot_check() keeps, needs at most half as many checks
/// again as that plan, and takes few checks on average: of the plans that weigh mistakes against
/// checks, the one with the lightest weights that keeps both risks, with its bounds then moved as
/// far as the risks allow. Where nothing better is found, or above these two, the fixed
/// plan that stops when its outcome is certain.
/// @errors  as plan_spot_check().   @source docs/decisions/0023-spot-check.md
/// @cost    about 2 ms for a sample of 130, a second at kSearchedSampleMax; then O(sample)
[[nodiscard]] Result<StoppingPlan, PlanError> plan_sequential(std::int64_t lot_size,
                                                              SpotCheckSettings const& settings);

/// The fixed plan that stops when its outcome is certain: accepted, too, once the rows not yet
/// checked cannot reject it.
[[nodiscard]] StoppingPlan curtailed(SpotCheckPlan const& plan);

}  // namespace leadex::quality
