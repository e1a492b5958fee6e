#include "matching/estimate/calibration.hpp"

#include <gtest/gtest.h>

#include <iostream>
#include <numeric>

#include "tests/matching/estimate/delayed_market.hpp"
#include "tests/matching/seed.hpp"

namespace leadex::estimate {
namespace {

Predicted predicted(std::int64_t ppb, std::int32_t day, std::int64_t leads,
                    std::vector<std::int64_t> converted) {
  return {Probability{ppb}, {1, 1, 1, day, leads, 0, std::move(converted)}};
}

TEST(Calibration, ExpectsOfAYoungCohortOnlyWhatItsAgeCanShow) {
  Snapshot const past{100, {{1, 1, 1, 80, 1'000, 0, {49, 50}}}};
  auto const curve = DelayCurve::measure(past, {.buckets = 2, .strength = 1});
  ASSERT_EQ(curve.known_ppb(1), 500'000'000);
  auto const report =
      calibrate({predicted(100'000'000, 97, 100, {6, 4}), predicted(100'000'000, 99, 200, {8})},
                100, curve)
          .value();
  EXPECT_EQ(report.all.leads, 300);
  EXPECT_EQ(report.all.expected_milli, 20'000);  // 100 × 0.1 + 200 × 0.1 × 0.5
  EXPECT_EQ(report.all.observed, 18);
  EXPECT_EQ(report.all.ratio_ppm(), 1'111'111);
}

TEST(Calibration, TenthsHoldEqualPartsOfTheLeadsInOrderOfEstimate) {
  std::vector<Predicted> predictions;
  for (std::int64_t i = 20; i > 0; --i) predictions.push_back(predicted(i * 1'000'000, 1, 5, {}));
  auto const report = calibrate(predictions, 100, DelayCurve(1)).value();
  for (std::size_t tenth = 0; tenth < 10; ++tenth) {
    EXPECT_EQ(report.tenths[tenth].leads, 10);
    EXPECT_EQ(report.tenths[tenth].lowest.ppb,
              static_cast<std::int64_t>(2 * tenth + 1) * 1'000'000);
    EXPECT_EQ(report.tenths[tenth].highest.ppb,
              static_cast<std::int64_t>(2 * tenth + 2) * 1'000'000);
  }
  EXPECT_EQ(report.all.ratio_ppm(), std::nullopt);  // nothing observed
}

TEST(Calibration, EqualEstimatesStayTogether) {
  auto const report =
      calibrate({predicted(1, 1, 10, {1}), predicted(5, 1, 985, {3}), predicted(9, 1, 5, {2})}, 100,
                DelayCurve(1))
          .value();
  EXPECT_EQ(report.tenths[0].leads, 10);
  EXPECT_EQ(report.tenths[5].leads, 985);
  EXPECT_EQ(report.tenths[9].leads, 5);
  EXPECT_EQ(report.all.lowest.ppb, 1);
  EXPECT_EQ(report.all.highest.ppb, 9);
}

TEST(Calibration, RefusesUnsoundInputWithItsCode) {
  DelayCurve const curve(2);
  auto const error_of = [&](Predicted const& one) {
    return calibrate({one, predicted(1, 1, 10, {1})}, 100, curve).error();
  };
  EXPECT_EQ(error_of(predicted(-1, 1, 10, {})), EstimateError::cohort_invalid);
  EXPECT_EQ(error_of(predicted(kWhole + 1, 1, 10, {})), EstimateError::cohort_invalid);
  EXPECT_EQ(error_of(predicted(1, 1, 10, {11})), EstimateError::cohort_invalid);
  EXPECT_EQ(error_of(predicted(1, 100, 10, {})), EstimateError::cohort_invalid);
  EXPECT_EQ(error_of(predicted(1, 1, kLeadsMax, {})), EstimateError::too_many_leads);
  auto other = predicted(1, 1, 10, {});
  other.cohort.buyer_no = 2;
  EXPECT_EQ(error_of(other), EstimateError::campaign_of_two_buyers);
}

// Judged ten days after the sales, with two thirds of the conversions in.
TEST(Calibration, IsRightWhileConversionsStillComeInAndAPlainCountIsNot) {
  auto const seed = seed_of_run();
  std::mt19937_64 random(seed);
  DelayedMarket const market(seed, {.days = 60, .leads_per_day = 2'500, .growth = 1.0});
  auto const made = market.today() - 12;
  auto const version =
      make_estimates({1, 0}, DelayedMarket::known(market.leads(), made), {}).value();
  auto const now = DelayedMarket::known(market.leads(), market.today());
  auto const curve = DelayCurve::measure(now, {});
  std::vector<Predicted> predictions;
  for (auto const& cohort : now.cohorts) {
    if (cohort.day < made) continue;
    predictions.push_back(
        {version.billable({cohort.campaign_no, cohort.buyer_no, cohort.generator_no}), cohort});
  }
  auto const report = calibrate(predictions, now.as_of, curve).value();
  auto const blind = calibrate(predictions, now.as_of, DelayCurve(DelayedMarket::kBuckets)).value();
  auto const ratio = static_cast<double>(report.all.ratio_ppm().value()) / 1e6;
  auto const ratio_blind = static_cast<double>(blind.all.ratio_ppm().value()) / 1e6;
  std::cout << "predicted / observed " << ratio << ", blind " << ratio_blind << ", observed "
            << report.all.observed << "\n";
  auto const chance = 5 / std::sqrt(static_cast<double>(report.all.observed));
  EXPECT_NEAR(ratio, 1, std::max(0.1, chance)) << "seed " << seed;
  EXPECT_GT(ratio_blind, 1.5) << "seed " << seed;

  std::ranges::shuffle(predictions, random);
  EXPECT_EQ(calibrate(predictions, now.as_of, curve).value(), report);
  std::int64_t leads = 0;
  std::int64_t observed = 0;
  for (auto const& row : report.tenths) {
    leads += row.leads;
    observed += row.observed;
  }
  EXPECT_EQ(leads, report.all.leads);
  EXPECT_EQ(observed, report.all.observed);
}

}  // namespace
}  // namespace leadex::estimate
