#pragma once
// The plan that a lot is judged by: the market's rates, as strict as its source has it. Pure; any
// thread.

#include "matching/quality/inspection.hpp"
#include "matching/quality/stopping_plan.hpp"
#include "server/market/settings.hpp"

namespace leadex::app {

/// The rates and risks of a market, as mode normal has them.
[[nodiscard]] quality::SpotCheckSettings check_settings_of(market::MarketSettings const& settings);

/// The fixed plan is what the answer's `plan` shows; the steps are what decides.
struct PlannedLot {
  quality::SpotCheckPlan fixed;
  quality::StoppingPlan steps;
  quality::PlanMethod method{};  // fixed when the steps are those of the fixed plan
};

/// @param wanted  a lot whose fixed sample is above kSearchedSampleMax is checked by the fixed plan
///                all the same.
/// @cost as plan_spot_check(), and plan_sequential(): up to a second each
[[nodiscard]] PlannedLot plan_lot(quality::SpotCheckSettings const& normal,
                                  quality::PlanMethod wanted, quality::InspectionMode mode,
                                  std::int64_t accepted);

/// Of a lot that nobody looks at.
[[nodiscard]] PlannedLot skipped_lot(std::int64_t accepted);

}  // namespace leadex::app
