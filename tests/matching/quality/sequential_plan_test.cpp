#include "matching/quality/sequential_plan.hpp"

#include <gtest/gtest.h>

#include <chrono>

#include "tests/matching/quality/stopping_twin.hpp"
#include "tests/matching/seed.hpp"

namespace leadex::quality {
namespace {

SpotCheckSettings settings_of(std::int32_t acceptable, std::int32_t rejectable, std::int32_t seller,
                              std::int32_t buyer) {
  return {BasisPoints{acceptable}, BasisPoints{rejectable}, BasisPoints{seller},
          BasisPoints{buyer}};
}

TEST(SequentialPlan, KeepsBothRisksCountedOverAllOrders) {
  std::mt19937_64 random(seed_of_run());
  auto const below = [&](std::int32_t n) {
    return static_cast<std::int32_t>(random() % static_cast<std::uint32_t>(n));
  };
  int const runs = full_run() ? 3000 : 250;
  for (int run = 0; run < runs; ++run) {
    auto const acceptable = below(9'999);
    auto const rejectable = acceptable + 1 + below(10'000 - acceptable);
    auto const risk = [&] { return std::max(1, below(20) * 500); };
    auto const settings = settings_of(acceptable, rejectable, risk(), risk());
    auto const lot = 1 + below(13);
    auto const plan = plan_sequential(lot, settings).value();
    ASSERT_TRUE(is_sound(plan));
    auto const edges = edges_of(lot, settings);
    auto const good = count_orders(plan, edges.acceptable);
    auto const bad = count_orders(plan, edges.rejectable);
    ASSERT_LE(good.rejected * 10'000, good.orders * settings.seller_risk.bp) << lot;
    ASSERT_LE(bad.accepted * 10'000, bad.orders * settings.buyer_risk.bp) << lot;
  }
}

TEST(SequentialPlan, KeepsBothRisksAndItsBoundOnChecksForLotsOfAllSizes) {
  std::mt19937_64 random(seed_of_run());
  int const runs = full_run() ? 400 : 30;
  for (int run = 0; run < runs; ++run) {
    auto const acceptable = static_cast<std::int32_t>(random() % 300);
    auto const rejectable = acceptable + 200 + static_cast<std::int32_t>(random() % 1'000);
    auto const settings =
        settings_of(acceptable, rejectable, 100 + static_cast<std::int32_t>(random() % 1'000),
                    100 + static_cast<std::int32_t>(random() % 2'000));
    auto const lot = static_cast<std::int64_t>(1 + random() % 30'000);
    auto const fixed = plan_spot_check(lot, settings).value();
    auto const plan = plan_sequential(lot, settings).value();
    ASSERT_TRUE(is_sound(plan));
    ASSERT_TRUE(keeps_risks(plan, settings)) << lot;
    ASSERT_LE(plan.checks_max(), fixed.sample_size * 3 / 2) << lot;
  }
}

TEST(SequentialPlan, ChecksFarFewerRowsOfGoodAndOfBadLots) {
  for (std::int64_t const lot : {200, 500, 1'000, 5'000, 100'000}) {
    auto const sample = static_cast<long double>(plan_spot_check(lot, {}).value().sample_size);
    auto const plan = plan_sequential(lot, {}).value();
    EXPECT_LE(course_of(plan, lot / 100).checks, 0.75L * sample) << lot;
    EXPECT_LE(course_of(plan, lot / 5).checks, 0.15L * sample) << lot;
  }
  // What small lots leave: ratios that no plan can better much, and never more than the fixed plan.
  for (std::int64_t lot = 1; lot < 200; ++lot) {
    auto const fixed = stopping_plan_of(plan_spot_check(lot, {}).value());
    auto const plan = plan_sequential(lot, {}).value();
    EXPECT_LE(course_of(plan, lot / 5).checks, course_of(fixed, lot / 5).checks) << lot;
  }
}

TEST(SequentialPlan, IsTheSameEveryTime) {
  EXPECT_EQ(plan_sequential(500, {}).value(), plan_sequential(500, {}).value());
}

TEST(SequentialPlan, TheCurtailedFixedPlanDecidesAsTheFixedOne) {
  SpotCheckPlan const fixed{.lot_size = 12, .sample_size = 7, .acceptance_number = 2};
  auto const plan = curtailed(fixed);
  EXPECT_TRUE(is_sound(plan));
  for (std::int64_t bad = 0; bad <= 12; ++bad) {
    auto const whole = count_orders(stopping_plan_of(fixed), bad);
    auto const early = count_orders(plan, bad);
    EXPECT_EQ(early.accepted, whole.accepted);
    EXPECT_LE(early.checks, whole.checks);
  }
}

TEST(SequentialPlan, RefusesWhatTheFixedPlanRefuses) {
  EXPECT_EQ(plan_sequential(10, settings_of(500, 500, 500, 1'000)).error(),
            PlanError::rates_invalid);
  EXPECT_EQ(plan_sequential(10, settings_of(100, 500, 0, 1'000)).error(), PlanError::risk_invalid);
  EXPECT_EQ(plan_sequential(-1, {}).error(), PlanError::lot_size_invalid);
  EXPECT_EQ(plan_sequential(0, {}).value().checks_max(), 0);
}

TEST(SequentialPlan, LargeSamplesTakeBoundedTime) {
  auto const started = std::chrono::steady_clock::now();
  auto const searched = plan_sequential(kLotSizeMax, settings_of(100, 180, 500, 1'000)).value();
  auto const large = plan_sequential(kLotSizeMax, settings_of(100, 101, 500, 1'000)).value();
  auto const took = std::chrono::steady_clock::now() - started;
  std::cout << "searched " << searched.checks_max() << ", large " << large.checks_max() << ", "
            << std::chrono::duration_cast<std::chrono::milliseconds>(took).count() << " ms\n";
  EXPECT_LT(took, std::chrono::seconds(60));  // sanitizers on a busy machine included
}

}  // namespace
}  // namespace leadex::quality
