#include "server/app/plan_lot.hpp"

#include <stdexcept>

#include "matching/quality/sequential_plan.hpp"

namespace leadex::app {

quality::SpotCheckSettings check_settings_of(market::MarketSettings const& settings) {
  return {
      .acceptable_rate = BasisPoints{settings.acceptable_bp},
      .rejectable_rate = BasisPoints{settings.rejectable_bp},
      .seller_risk = BasisPoints{settings.seller_risk_bp},
      .buyer_risk = BasisPoints{settings.buyer_risk_bp},
  };
}

PlannedLot plan_lot(quality::SpotCheckSettings const& normal, quality::PlanMethod wanted,
                    quality::InspectionMode mode, std::int64_t accepted) {
  auto const settings = quality::settings_for(mode, normal);
  auto const fixed = quality::plan_spot_check(accepted, settings);
  if (!fixed) throw std::runtime_error("a market's settings have no spot-check plan");
  PlannedLot lot{*fixed, quality::stopping_plan_of(*fixed), quality::PlanMethod::fixed};
  bool const searched = wanted == quality::PlanMethod::sequential && accepted > 0 &&
                        fixed->sample_size <= quality::kSearchedSampleMax;
  if (!searched) return lot;
  auto sequential = quality::plan_sequential(accepted, settings);
  if (!sequential) throw std::runtime_error("a market's settings have no sequential plan");
  if (*sequential == lot.steps) return lot;
  lot.steps = std::move(*sequential);
  lot.method = quality::PlanMethod::sequential;
  return lot;
}

PlannedLot skipped_lot(std::int64_t accepted) {
  quality::SpotCheckPlan const none{.lot_size = accepted, .sample_size = 0, .acceptance_number = 0};
  return {none, quality::stopping_plan_of(none), quality::PlanMethod::fixed};
}

}  // namespace leadex::app
