#include "matching/quality/half_life.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/matching/seed.hpp"

namespace leadex::quality {
namespace {

TEST(HalfLife, AWholeHalfLifeHalvesExactly) {
  for (std::int64_t n = 0; n <= 30; ++n) {
    EXPECT_EQ(half_power(n * kHalfLifeParts), kWholeWeight >> n) << n;
  }
  EXPECT_EQ(half_power(31 * kHalfLifeParts), 0);
  EXPECT_EQ(decayed(7, 7), kWholeWeight / 2);
  EXPECT_EQ(decayed(-5, 7), kWholeWeight);
  EXPECT_EQ(decayed(std::int64_t{1} << 62, 1), 0);
}

TEST(HalfLife, PowersAreWithinOneOfTheTrueValueAndFall) {
  std::mt19937_64 random{seed_of_run()};
  std::uniform_int_distribution<std::int64_t> any{0, 32 * kHalfLifeParts};
  for (int i = 0; i < (full_run() ? 2'000'000 : 50'000); ++i) {
    auto const parts = any(random);
    auto const truth = static_cast<long double>(kWholeWeight) *
                       std::exp2(-static_cast<long double>(parts) / kHalfLifeParts);
    auto const power = half_power(parts);
    ASSERT_LE(std::abs(static_cast<long double>(power) - truth), 1.0L) << parts;
    ASSERT_LE(half_power(parts + 1), power) << parts;
  }
}

TEST(HalfLife, TheLogisticCurveIsWithinAMillionthAndRises) {
  std::mt19937_64 random{seed_of_run()};
  std::uniform_int_distribution<std::int64_t> any{-50'000'000, 50'000'000};
  EXPECT_EQ(logistic_ppm(0), 500'000);
  EXPECT_EQ(logistic_ppm(INT64_MIN), 0);
  EXPECT_EQ(logistic_ppm(INT64_MAX), 1'000'000);
  for (int i = 0; i < (full_run() ? 2'000'000 : 50'000); ++i) {
    auto const micros = i % 2 == 0 ? any(random) : any(random) / 10;
    auto const truth = 1e6L / (1.0L + std::exp(-static_cast<long double>(micros) / 1e6L));
    auto const ppm = logistic_ppm(micros);
    // Rounded down, and the exponent is cut to a 2^20th of a half-life.
    ASSERT_LE(std::abs(static_cast<long double>(ppm) - truth), 1.3L) << micros;
    ASSERT_GE(logistic_ppm(micros + 1), ppm) << micros;
  }
}

}  // namespace
}  // namespace leadex::quality
