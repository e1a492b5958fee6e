#include "matching/quality/spot_check_plan.hpp"

#include "billing/values/check.hpp"
#include "matching/quality/hypergeometric.hpp"

namespace leadex::quality {

Result<void, PlanError> validate(SpotCheckSettings const& settings) {
  auto const acceptable = settings.acceptable_rate.bp;
  auto const rejectable = settings.rejectable_rate.bp;
  if (acceptable < 0 || rejectable > kBasisPointsWhole || acceptable >= rejectable) {
    return refuse(PlanError::rates_invalid);
  }
  for (auto const risk : {settings.seller_risk.bp, settings.buyer_risk.bp}) {
    if (risk < 1 || risk >= kBasisPointsWhole) return refuse(PlanError::risk_invalid);
  }
  return {};
}

LotEdges edges_of(std::int64_t lot_size, SpotCheckSettings const& settings) {
  return {lot_size * settings.acceptable_rate.bp / kBasisPointsWhole,
          (lot_size * settings.rejectable_rate.bp + kBasisPointsWhole - 1) / kBasisPointsWhole};
}

Result<SpotCheckPlan, PlanError> plan_spot_check(std::int64_t lot_size,
                                                 SpotCheckSettings const& settings) {
  if (auto checked = validate(settings); !checked) return refuse(checked.error());
  if (lot_size < 0 || lot_size > kLotSizeMax) return refuse(PlanError::lot_size_invalid);
  if (lot_size == 0) return SpotCheckPlan{};

  auto const [acceptable_bad, rejectable_bad] = edges_of(lot_size, settings);
  LEADEX_CHECK(acceptable_bad < rejectable_bad);
  BasisPoints const pass_at_least{kBasisPointsWhole - settings.seller_risk.bp};

  // P(≤ c) falls as n grows and rises with c. While the buyer's risk is too high at (n, c), it is
  // so at (n, c + 1) too: no plan with this n, go on to n + 1. While the seller's risk is too high
  // at (n, c), it is so at (n + 1, c) too: no plan with this c from here, go on to c + 1. So each
  // step needs one certain fact, and exact sums are called for only where neither is certain:
  // beside the plan itself. At n = N, c = acceptable_bad both risks are zero, so the walk ends.
  HypergeometricWalk acceptable(lot_size, acceptable_bad);
  HypergeometricWalk rejectable(lot_size, rejectable_bad);
  for (;;) {
    auto buyer = rejectable.clearly_against(settings.buyer_risk);
    auto seller = acceptable.clearly_against(pass_at_least);
    if (buyer != Side::above && seller != Side::below) {
      buyer = rejectable.exactly_against(settings.buyer_risk);
      if (buyer != Side::above) seller = acceptable.exactly_against(pass_at_least);
    }
    if (buyer == Side::above) {
      rejectable.draw_one_more();
      acceptable.draw_one_more();
    } else if (seller == Side::below) {
      rejectable.bear_one_more();
      acceptable.bear_one_more();
    } else {
      return SpotCheckPlan{lot_size, rejectable.drawn(), rejectable.borne()};
    }
  }
}

}  // namespace leadex::quality
