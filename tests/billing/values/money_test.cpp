#include "billing/values/money.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <random>

namespace leadex {
namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

TEST(Money, SumsThatDoNotFitAreRefused) {
  EXPECT_EQ(add(Money{kMax}, Money{1}).error(), MoneyError::overflow);
  EXPECT_EQ(subtract(Money{-kMax}, Money{2}).error(), MoneyError::overflow);
  EXPECT_EQ(multiply(Money{kMax / 2 + 1}, 2).error(), MoneyError::overflow);
  EXPECT_EQ(add(Money{2}, Money{3}).value(), Money{5});
}

TEST(Money, HalfEvenRoundsTiesToTheEvenNeighbour) {
  EXPECT_EQ(share(Money{5}, BasisPoints{5000}, Rounding::half_even).value(), Money{2});
  EXPECT_EQ(share(Money{15}, BasisPoints{1000}, Rounding::half_even).value(), Money{2});
  EXPECT_EQ(share(Money{25}, BasisPoints{1000}, Rounding::half_even).value(), Money{2});
  EXPECT_EQ(share(Money{-5}, BasisPoints{5000}, Rounding::half_even).value(), Money{-2});
}

TEST(Money, FloorRoundsTowardsMinusInfinity) {
  EXPECT_EQ(share(Money{19}, BasisPoints{1000}, Rounding::floor).value(), Money{1});
  EXPECT_EQ(share(Money{-19}, BasisPoints{1000}, Rounding::floor).value(), Money{-2});
}

TEST(Money, LargestRemainderPartsSumToTheWhole) {
  auto const seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random{seed};
  for (int round = 0; round < 10'000; ++round) {
    std::vector<std::int64_t> weights(1 + random() % 9);
    for (auto& weight : weights) weight = static_cast<std::int64_t>(random() % 1000);
    weights[0] += 1;
    Money const whole{static_cast<std::int64_t>(random() % 1'000'000'000'000ULL)};
    auto const parts = split_largest_remainder(whole, weights);
    std::int64_t sum = 0;
    for (auto const part : parts) sum += part.micros;
    ASSERT_EQ(sum, whole.micros);
  }
}

}  // namespace
}  // namespace leadex
