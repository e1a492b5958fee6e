#include "matching/quality/stopping_plan.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "matching/quality/sequential_plan.hpp"
#include "tests/matching/quality/stopping_twin.hpp"
#include "tests/matching/seed.hpp"

namespace leadex::quality {
namespace {

// 12 rows: accepted with no bad row from 3 checks on, with one from 6; two among the first 4
// reject.
StoppingPlan const kPlan{12, {3, 6}, {0, 0, 6}};

/// A sound plan with bounds anywhere.
StoppingPlan random_plan(std::mt19937_64& random, std::int64_t lot) {
  auto const upto = [&](std::int64_t most) {
    return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(most + 1));
  };
  for (;;) {
    StoppingPlan plan{lot, {}, {0}};
    auto const most = upto(std::min<std::int64_t>(4, lot - 1));
    for (std::int64_t d = 0; d <= most; ++d) plan.accept_from.push_back(1 + upto(lot - 1));
    std::ranges::sort(plan.accept_from);
    for (std::int64_t d = 1; d <= most; ++d) plan.reject_until.push_back(upto(plan.checks_max()));
    std::ranges::sort(plan.reject_until);
    plan.reject_until.push_back(plan.checks_max());
    if (is_sound(plan)) return plan;
  }
}

TEST(StoppingPlan, StopsWhereItsBoundsSay) {
  EXPECT_TRUE(is_sound(kPlan));
  EXPECT_EQ(stop_after(kPlan, 2, 0), Stop::not_yet);
  EXPECT_EQ(stop_after(kPlan, 3, 0), Stop::accept);
  EXPECT_EQ(stop_after(kPlan, 5, 1), Stop::not_yet);
  EXPECT_EQ(stop_after(kPlan, 6, 1), Stop::accept);
  EXPECT_EQ(stop_after(kPlan, 2, 2), Stop::reject);
  EXPECT_EQ(accept_at(kPlan), (std::vector<std::int64_t>{-1, -1, -1, 0, 0, 0, 1}));
  EXPECT_EQ(reject_at(kPlan), (std::vector<std::int64_t>{1, 2, 2, 2, 2, 2, 2}));
}

TEST(StoppingPlan, AFixedPlanAcceptsOnlyWithItsWholeSample) {
  auto const plan = stopping_plan_of({.lot_size = 20, .sample_size = 5, .acceptance_number = 1});
  EXPECT_TRUE(is_sound(plan));
  EXPECT_EQ(stop_after(plan, 4, 0), Stop::not_yet);
  EXPECT_EQ(stop_after(plan, 5, 1), Stop::accept);
  EXPECT_EQ(stop_after(plan, 2, 2), Stop::reject);
  EXPECT_EQ(stop_after(stopping_plan_of({}), 0, 0), Stop::accept);
}

TEST(StoppingPlan, BoundsThatDoNotFitAreNotSound) {
  EXPECT_FALSE(is_sound({12, {}, {0}}));
  EXPECT_FALSE(is_sound({12, {6, 3}, {0, 0, 3}}));    // falls
  EXPECT_FALSE(is_sound({12, {3, 13}, {0, 0, 13}}));  // more checks than rows
  EXPECT_FALSE(is_sound({12, {3, 6}, {0, 6, 6}}));    // accepts and rejects at once
  EXPECT_FALSE(is_sound({12, {3, 6}, {0, 0, 5}}));    // never ends
  EXPECT_FALSE(is_sound({12, {0, 6}, {0, 0, 6}}));    // accepts unseen
}

TEST(StoppingPlan, ChancesAreThoseOfAllOrdersOfDrawing) {
  std::mt19937_64 random(seed_of_run());
  int const runs = full_run() ? 3000 : 200;
  for (int run = 0; run < runs; ++run) {
    auto const lot = 1 + static_cast<std::int64_t>(random() % 12);
    auto const plan = random_plan(random, lot);
    for (std::int64_t bad = 0; bad <= lot; ++bad) {
      auto const counted = count_orders(plan, bad);
      auto const orders = static_cast<long double>(counted.orders);
      ASSERT_EQ(counted.accepted + counted.rejected, counted.orders);
      auto const course = course_of(plan, bad);
      ASSERT_NEAR(static_cast<double>(course.accept),
                  static_cast<double>(static_cast<long double>(counted.accepted) / orders), 1e-14);
      ASSERT_NEAR(static_cast<double>(course.reject),
                  static_cast<double>(static_cast<long double>(counted.rejected) / orders), 1e-14);
      ASSERT_NEAR(static_cast<double>(course.checks),
                  static_cast<double>(static_cast<long double>(counted.checks) / orders), 1e-12);
      // Limits that small lots meet exactly now and then.
      for (std::int32_t const limit : {1, 500, 1'000, 2'500, 5'000, 7'500, 9'999}) {
        auto const side_of = [&](std::int64_t stopped) {
          auto const difference = stopped * 10'000 - counted.orders * limit;
          return difference == 0 ? Side::at : (difference < 0 ? Side::below : Side::above);
        };
        BasisPoints const at{limit};
        ASSERT_EQ(accept_against(plan, bad, at), side_of(counted.accepted));
        ASSERT_EQ(reject_against(plan, bad, at), side_of(counted.rejected));
        ASSERT_EQ(compare_stop_in_integers(plan, bad, Stop::accept, at), side_of(counted.accepted));
        ASSERT_EQ(compare_stop_in_integers(plan, bad, Stop::reject, at), side_of(counted.rejected));
      }
    }
  }
}

TEST(StoppingPlan, TheFixedPlanHasTheChancesOfItsHypergeometricSum) {
  for (std::int64_t const lot : {50, 500, 5'000}) {
    auto const fixed = plan_spot_check(lot, {}).value();
    for (std::int64_t const bad : {lot / 100, lot / 20, lot / 5}) {
      for (std::int32_t limit = 1; limit < 10'000; limit += 97) {
        ASSERT_EQ(accept_against(stopping_plan_of(fixed), bad, BasisPoints{limit}),
                  compare_exactly(lot, bad, fixed.sample_size, fixed.acceptance_number,
                                  BasisPoints{limit}));
      }
    }
  }
}

TEST(StoppingPlan, AWorseLotIsNeverAcceptedMoreOften) {
  std::mt19937_64 random(seed_of_run());
  for (int run = 0; run < 100; ++run) {
    auto const lot = 20 + static_cast<std::int64_t>(random() % 30);
    auto const plan = random_plan(random, lot);
    long double before = 1;
    for (std::int64_t bad = 0; bad <= lot; ++bad) {
      auto const accept = course_of(plan, bad).accept;
      ASSERT_LE(accept, before + 1e-15L);
      before = accept;
    }
  }
}

}  // namespace
}  // namespace leadex::quality
