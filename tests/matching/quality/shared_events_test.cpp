#include "matching/quality/shared_events.hpp"

#include <gtest/gtest.h>

#include <boost/multiprecision/cpp_int.hpp>
#include <cmath>
#include <random>

#include "tests/matching/seed.hpp"

namespace leadex::quality {
namespace {

using boost::multiprecision::cpp_int;

cpp_int choose(std::int64_t n, std::int64_t k) {
  if (k < 0 || k > n) return 0;
  cpp_int result = 1;
  for (std::int64_t i = 1; i <= k; ++i) result = result * (n - k + i) / i;
  return result;
}

// P(the buyer has k) with odds `tenths`/10, by counting ways in whole numbers.
double by_counting(Compared const& c, std::int64_t tenths, std::int64_t k) {
  auto const events = c.buyer_events + c.other_events;
  cpp_int all = 0;
  cpp_int these = 0;
  for (std::int64_t i = 0; i <= events; ++i) {
    cpp_int weight = choose(c.buyer_leads, i) * choose(c.other_leads, events - i);
    for (std::int64_t j = 0; j < events; ++j) weight *= j < i ? tenths : 10;
    all += weight;
    if (i == k) these = weight;
  }
  return static_cast<double>(boost::multiprecision::cpp_rational(these, all));
}

TEST(SharedEvents, OneOfTwoLeadsWithOneEventIsEvenOdds) {
  SharedEvents const shared({1, 0, 1, 1});
  EXPECT_EQ(shared.lowest(), 0);
  EXPECT_NEAR(std::exp(shared.log_probabilities(1)[0]), 0.5, 1e-12);
  EXPECT_NEAR(std::exp(shared.log_probabilities(3)[1]), 0.75, 1e-12);
  // The buyer had none: 1/(1 + ½) against ½.
  EXPECT_NEAR(std::exp(shared.log_ratio(0.5, 1)), 4.0 / 3, 1e-12);
}

TEST(SharedEvents, SaysNothingWhereNothingElseCouldBe) {
  EXPECT_EQ(SharedEvents({5, 2, 0, 0}).log_ratio(0.1, 0.9), 0);
  EXPECT_EQ(SharedEvents({0, 0, 5, 2}).log_ratio(0.1, 0.9), 0);
  EXPECT_EQ(SharedEvents({4, 4, 3, 3}).log_ratio(0.1, 0.9), 0);
  EXPECT_EQ(SharedEvents({4, 0, 3, 0}).log_ratio(0.1, 0.9), 0);
}

TEST(SharedEvents, AgreesWithCountingAllWays) {
  auto const seed = seed_of_run();
  std::mt19937_64 random(seed);
  auto const below = [&](std::int64_t n) {
    return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(n));
  };
  for (int run = 0; run < 300; ++run) {
    Compared seen{below(20), 0, below(40), 0};
    seen.buyer_events = below(seen.buyer_leads + 1);
    seen.other_events = below(seen.other_leads + 1);
    SharedEvents const shared(seen);
    auto const tenths = 1 + below(30);
    auto const logs = shared.log_probabilities(static_cast<double>(tenths) / 10);
    double sum = 0;
    for (std::size_t i = 0; i < logs.size(); ++i) {
      auto const k = shared.lowest() + static_cast<std::int64_t>(i);
      ASSERT_NEAR(std::exp(logs[i]), by_counting(seen, tenths, k), 1e-12) << "seed " << seed;
      sum += std::exp(logs[i]);
    }
    ASSERT_NEAR(sum, 1, 1e-12) << "seed " << seed;
    auto const ratio =
        by_counting(seen, tenths, seen.buyer_events) / by_counting(seen, 10, seen.buyer_events);
    ASSERT_NEAR(std::exp(shared.log_ratio(static_cast<double>(tenths) / 10, 1)) / ratio, 1, 1e-9)
        << "seed " << seed;
  }
}

TEST(SharedEvents, LargeCountsNeitherOverflowNorVanish) {
  SharedEvents const shared({1'000'000, 90'000, 4'000'000, 400'000});
  auto const far = shared.log_ratio(0.01, 1);
  EXPECT_TRUE(std::isfinite(far));
  EXPECT_LT(far, -1'000);
  EXPECT_GT(shared.log_ratio(0.9, 1), 50);  // 90,000 is what 0.88 of the others' odds make
}

}  // namespace
}  // namespace leadex::quality
