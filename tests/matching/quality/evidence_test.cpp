#include "matching/quality/evidence.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <iostream>
#include <random>

#include "tests/matching/seed.hpp"

namespace leadex::quality {
namespace {

TEST(Evidence, IsTheMeanOfTheLikelihoodRatios) {
  MixtureEvidence evidence;
  EXPECT_EQ(evidence.log_now(), 0);
  evidence.add({std::log(2), std::log(2), std::log(2), std::log(4), std::log(4), std::log(4)});
  EXPECT_NEAR(evidence.log_now(), std::log(3), 1e-12);
  evidence.add({std::log(3), -50, -50, -50, -50, -50});
  EXPECT_NEAR(evidence.log_now(), std::log(1), 1e-12);
  EXPECT_NEAR(evidence.log_highest(), std::log(3), 1e-12);
}

TEST(Evidence, OnceReachedItStaysReached) {
  MixtureEvidence evidence;
  evidence.add({3.1, 3.1, 3.1, 3.1, 3.1, 3.1});  // e^3.1 is 22: more than one in twenty
  EXPECT_TRUE(evidence.ever_reached(50'000));
  EXPECT_FALSE(evidence.ever_reached(40'000));
  evidence.add({-9, -9, -9, -9, -9, -9});
  EXPECT_TRUE(evidence.ever_reached(50'000));
}

TEST(Evidence, ExactIntervalsAreClopperAndPearsons) {
  auto const none = exact_interval(0, 10, 950'000);
  EXPECT_EQ(none.low, 0);
  EXPECT_NEAR(none.high, 1 - std::pow(0.025, 0.1), 1e-9);
  auto const all = exact_interval(10, 10, 950'000);
  EXPECT_NEAR(all.low, std::pow(0.025, 0.1), 1e-9);
  EXPECT_EQ(all.high, 1);
  auto const some = exact_interval(7, 40, 950'000);  // both tails are 2.5 % there
  auto const tail = [](double p, int from, int to) {
    double sum = 0;
    for (int k = from; k <= to; ++k) {
      sum += std::exp(std::lgamma(41) - std::lgamma(k + 1) - std::lgamma(41 - k) + k * std::log(p) +
                      (40 - k) * std::log(1 - p));
    }
    return sum;
  };
  EXPECT_NEAR(tail(some.low, 7, 40), 0.025, 1e-9);
  EXPECT_NEAR(tail(some.high, 0, 7), 0.025, 1e-9);
  EXPECT_EQ(exact_interval(0, 0, 950'000).high, 1);
}

TEST(Evidence, AnyTimeIntervalsHoldTheRateAndAreWiderThanExactOnes) {
  for (std::int64_t n : {1, 7, 40, 1'000}) {
    for (std::int64_t x : {std::int64_t{0}, n / 3, n}) {
      auto const wide = interval_at_any_time(x, n, 950'000);
      auto const exact = exact_interval(x, n, 950'000);
      EXPECT_LE(wide.low, exact.low + 1e-9) << x << " of " << n;
      EXPECT_GE(wide.high, exact.high - 1e-9) << x << " of " << n;
      EXPECT_LE(wide.low, static_cast<double>(x) / static_cast<double>(n));
      EXPECT_GE(wide.high, static_cast<double>(x) / static_cast<double>(n));
    }
  }
  EXPECT_EQ(interval_at_any_time(0, 0, 950'000).low, 0);
}

// One step by hand: after one success the mixture gives it ½, so rates below ½ × 5 % are left out.
TEST(Evidence, AnyTimeIntervalEndsWhereTheMixtureIsTwentyTimesAsLikely) {
  EXPECT_NEAR(interval_at_any_time(1, 1, 950'000).low, 0.025, 1e-9);
  EXPECT_NEAR(interval_at_any_time(0, 1, 950'000).high, 0.975, 1e-9);
}

TEST(Evidence, AnyTimeIntervalsHoldTheTrueRateAtAllCountsTogether) {
  auto const seed = seed_of_run();
  std::mt19937_64 random(seed);
  int const runs = full_run() ? 4'000 : 300;
  int left = 0;
  int left_exact = 0;
  for (int run = 0; run < runs; ++run) {
    auto const rate = std::uniform_real_distribution<double>{0.02, 0.5}(random);
    std::int64_t seen = 0;
    bool out = false;
    bool out_exact = false;
    for (std::int64_t n = 1; n <= 300; ++n) {
      seen += std::bernoulli_distribution{rate}(random) ? 1 : 0;
      if (n % 5 != 0) continue;
      auto const interval = interval_at_any_time(seen, n, 900'000);
      out = out || rate < interval.low || rate > interval.high;
      auto const exact = exact_interval(seen, n, 900'000);
      out_exact = out_exact || rate < exact.low || rate > exact.high;
    }
    left += out ? 1 : 0;
    left_exact += out_exact ? 1 : 0;
  }
  std::cout << "left the 90 % interval: " << left << " of " << runs << ", Clopper-Pearson "
            << left_exact << "\n";
  EXPECT_LE(left, 0.1 * runs + 3 * std::sqrt(0.09 * runs)) << "seed " << seed;
  EXPECT_GT(left_exact, 0.2 * runs) << "seed " << seed;  // what looking at all counts costs
}

}  // namespace
}  // namespace leadex::quality
