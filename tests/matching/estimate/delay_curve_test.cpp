#include "matching/estimate/delay_curve.hpp"

#include <gtest/gtest.h>

#include <boost/multiprecision/cpp_int.hpp>
#include <random>

#include "matching/estimate/parts.hpp"
#include "tests/matching/seed.hpp"

namespace leadex::estimate {
namespace {

using Fraction = boost::multiprecision::cpp_rational;

Cohort cohort(std::int32_t day, std::int64_t leads, std::vector<std::int64_t> converted) {
  return {1, 1, 1, day, leads, 0, std::move(converted)};
}

TEST(DelayCurve, KnowsEverythingWithoutEvidenceOfDelay) {
  auto const curve = DelayCurve::measure({100, {}}, {.buckets = 3, .strength = 1});
  EXPECT_EQ(curve.known_ppb(0), kWhole);
  EXPECT_EQ(curve.known_ppb(3), kWhole);
  EXPECT_EQ(curve.known_ppb(1'000), kWhole);
}

TEST(DelayCurve, CountsLateSharesOnlyWhereTheBucketIsKnown) {
  // Bucket 2: only the oldest cohort knows it, 2 of 8 were late. Bucket 1: the older two, 6 of 18,
  // the oldest having 6 by then. To each one conversion is added that was not late.
  Snapshot const snapshot{100,
                          {cohort(90, 50, {4, 2, 2}), cohort(98, 60, {8, 4}), cohort(99, 70, {5})}};
  auto const curve = DelayCurve::measure(snapshot, {.buckets = 3, .strength = 1});
  EXPECT_EQ(curve.known_ppb(3), kWhole);
  EXPECT_EQ(curve.known_ppb(2), 777'777'778);  // 7/9
  EXPECT_EQ(curve.known_ppb(1), 532'163'743);  // 7/9 × 13/19
  EXPECT_EQ(curve.known_ppb(0), 29'564'653);   // × 1/18: nothing is known before the first day
}

TEST(DelayCurve, LeadMixAndTrendsOfConversionDoNotBendIt) {
  // The young cohorts convert ten times as well; each has the same delays.
  Snapshot const snapshot{100,
                          {cohort(97, 1'000'000, {100, 60, 40}),
                           cohort(98, 1'000'000, {1'000, 600}), cohort(99, 1'000'000, {1'000})}};
  auto const curve = DelayCurve::measure(snapshot, {.buckets = 3, .strength = 1});
  EXPECT_NEAR(static_cast<double>(curve.known_ppb(1)), 5e8, 4e6);
  EXPECT_NEAR(static_cast<double>(curve.known_ppb(2)), 8e8, 4e6);
}

// The share known is what the expected counts say: the closed form of the EM of delayed feedback,
// which this runs until it stands still.
TEST(DelayCurve, IsWhereExpectationAndMaximisationStandStill) {
  Snapshot const snapshot{100,
                          {cohort(96, 4'000, {40, 30, 20, 10}), cohort(97, 4'000, {80, 70, 45}),
                           cohort(98, 4'000, {33, 31}), cohort(99, 4'000, {25})}};
  std::vector<double> share(4, 0.25);
  for (int round = 0; round < 5'000; ++round) {
    std::vector<double> filled(4, 0.0);
    for (auto const& row : snapshot.cohorts) {
      double known = 0;
      for (std::size_t d = 0; d < row.converted.size(); ++d) known += share[d];
      auto const total = static_cast<double>(row.converted_in_all()) / known;
      for (std::size_t d = 0; d < 4; ++d) {
        filled[d] +=
            d < row.converted.size() ? static_cast<double>(row.converted[d]) : total * share[d];
      }
    }
    double all = 0;
    for (auto const count : filled) all += count;
    for (std::size_t d = 0; d < 4; ++d) share[d] = filled[d] / all;
  }
  auto const curve = DelayCurve::measure(snapshot, {.buckets = 4, .strength = 1});
  double known = 0;
  for (std::size_t age = 0; age < 4; ++age) {
    // The one conversion of strength is all that parts them.
    EXPECT_NEAR(static_cast<double>(curve.known_ppb(static_cast<std::int64_t>(age))) / 1e9, known,
                0.01);
    known += share[age];
  }
}

TEST(DelayCurve, AgreesWithPlainFractionsAndNeverFallsWithAge) {
  auto const seed = seed_of_run();
  std::mt19937_64 random(seed);
  auto const below = [&](std::int64_t n) {
    return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(n));
  };
  for (int run = 0; run < 300; ++run) {
    DelaySettings const settings{1 + below(12), 1 + below(30)};
    Snapshot snapshot{200, {}};
    for (auto n = below(20); n > 0; --n) {
      auto row = cohort(static_cast<std::int32_t>(199 - below(15)), 10'000, {});
      auto const known = std::min(settings.buckets, age_days(row, 200));
      for (std::int64_t d = below(known + 1); d > 0; --d) row.converted.push_back(below(40));
      snapshot.cohorts.push_back(row);
    }
    ASSERT_TRUE(validate(snapshot, settings.buckets));
    auto const curve = DelayCurve::measure(snapshot, settings);
    for (std::int64_t age = 0; age <= settings.buckets; ++age) {
      Fraction known = 1;
      for (auto d = age; d < settings.buckets; ++d) {
        Fraction late = 0;
        Fraction all = settings.strength;
        for (auto const& row : snapshot.cohorts) {
          if (age_days(row, 200) <= d) continue;
          for (std::int64_t e = 0; e < static_cast<std::int64_t>(row.converted.size()); ++e) {
            auto const count = row.converted[static_cast<std::size_t>(e)];
            if (e <= d) all += count;
            if (e == d) late += count;
          }
        }
        known *= 1 - late / all;
      }
      auto const off = static_cast<double>(Fraction(curve.known_ppb(age), kWhole) - known);
      ASSERT_GE(off, -1e-12) << "seed " << seed;
      ASSERT_LE(off, 2e-8) << "seed " << seed;
      ASSERT_GE(curve.known_ppb(age + 1), curve.known_ppb(age)) << "seed " << seed;
    }
  }
}

TEST(DelayCurve, BucketsHoldTheWindowAndTheTimeToTell) {
  EXPECT_EQ(buckets_of(0, 0), 1);
  EXPECT_EQ(buckets_of(1, 0), 2);  // over midnight
  EXPECT_EQ(buckets_of(30 * 86'400, 0), 31);
  EXPECT_EQ(buckets_of(30 * 86'400, 1), 32);
}

TEST(DelayCurve, SettingsHaveTheirRanges) {
  EXPECT_TRUE((DelaySettings{1, 1}.valid()));
  EXPECT_TRUE((DelaySettings{kBucketsMax, 1'000'000}.valid()));
  EXPECT_FALSE((DelaySettings{0, 1}.valid()));
  EXPECT_FALSE((DelaySettings{kBucketsMax + 1, 1}.valid()));
  EXPECT_FALSE((DelaySettings{1, 0}.valid()));
  EXPECT_FALSE((DelaySettings{1, 1'000'001}.valid()));
}

}  // namespace
}  // namespace leadex::estimate
