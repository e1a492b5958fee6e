#include "matching/estimate/expected_value.hpp"

#include <gtest/gtest.h>

#include <boost/multiprecision/cpp_int.hpp>
#include <limits>
#include <random>

#include "tests/matching/seed.hpp"

namespace leadex::estimate {
namespace {

using boost::multiprecision::cpp_int;

constexpr auto kLargest = std::numeric_limits<std::int64_t>::max();
constexpr Odds odds(std::int64_t billable_ppb, std::int64_t returned_ppb) {
  return {Probability{billable_ppb}, Probability{returned_ppb}};
}

TEST(ExpectedValue, IsTheBidForASureSale) {
  EXPECT_EQ(value_micros(12'345'678, Odds{}), 12'345'678);
  EXPECT_EQ(value_micros(kLargest, Odds{}), kLargest);
  EXPECT_EQ(bid_worth(kLargest, Odds{}), kLargest);
}

TEST(ExpectedValue, RoundsDownOnce) {
  // 200.00 × 2.5 % × (1 - 4 %) = 4.80
  EXPECT_EQ(value_micros(200'000'000, odds(25'000'000, 40'000'000)), 4'800'000);
  // 3 × 0.5 × 0.5 = 0.75: nothing. Rounded twice or up it would not be.
  EXPECT_EQ(value_micros(3, odds(500'000'000, 500'000'000)), 0);
  EXPECT_EQ(value_micros(4, odds(500'000'000, 500'000'000)), 1);
}

TEST(ExpectedValue, NoBidIsWorthAnythingWithoutAChance) {
  EXPECT_EQ(bid_worth(1, odds(0, 0)), std::nullopt);
  EXPECT_EQ(bid_worth(1, odds(kWhole, kWhole)), std::nullopt);
  EXPECT_EQ(bid_worth(0, odds(0, 0)), 0);
  EXPECT_EQ(bid_worth(kLargest, odds(kWhole - 1, 0)), std::nullopt);
}

TEST(ExpectedValue, AgreesWithLongIntegersAndItsInverseIsTheSmallestBid) {
  auto const seed = seed_of_run();
  std::mt19937_64 random(seed);
  cpp_int const certain = cpp_int(kWhole) * kWhole;
  for (int i = 0; i < 50'000; ++i) {
    auto const bid = static_cast<std::int64_t>((random() >> 1) >> (random() % 63));
    auto const chances = odds(static_cast<std::int64_t>(random() % (kWhole + 1)),
                              static_cast<std::int64_t>(random() % (kWhole + 1)));
    auto const value = value_micros(bid, chances);
    cpp_int const exact =
        cpp_int(bid) * chances.billable.ppb * (kWhole - chances.returned.ppb) / certain;
    ASSERT_EQ(cpp_int(value), exact) << "seed " << seed;
    auto const least = bid_worth(value, chances);
    ASSERT_TRUE(least.has_value()) << "seed " << seed;
    ASSERT_LE(*least, bid);
    ASSERT_GE(value_micros(*least, chances), value);
    if (*least > 0) ASSERT_LT(value_micros(*least - 1, chances), value) << "seed " << seed;
  }
}

}  // namespace
}  // namespace leadex::estimate
