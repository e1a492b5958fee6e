#include "matching/quality/under_reporting.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <iostream>

#include "tests/matching/quality/reporting_market.hpp"
#include "tests/matching/seed.hpp"

namespace leadex::quality {
namespace {

std::int64_t runs(std::int64_t few, std::int64_t full) { return full_run() ? full : few; }

DrawHash hash_of(std::uint64_t first) {
  DrawHash hash{};
  for (std::size_t i = 0; i < 8; ++i) hash[i] = static_cast<std::byte>(first >> (56 - 8 * i));
  return hash;
}

TEST(Holdout, TakesTheStatedShareOfHashesFromTheLowEnd) {
  EXPECT_FALSE(in_holdout(hash_of(0), BasisPoints{0}));
  EXPECT_TRUE(in_holdout(hash_of(0), BasisPoints{1}));
  EXPECT_TRUE(in_holdout(hash_of(~std::uint64_t{0}), BasisPoints{10'000}));
  EXPECT_FALSE(in_holdout(hash_of(~std::uint64_t{0}), BasisPoints{9'999}));
  EXPECT_TRUE(in_holdout(hash_of((std::uint64_t{1} << 63) - 1), BasisPoints{5'000}));
  EXPECT_FALSE(in_holdout(hash_of(std::uint64_t{1} << 63), BasisPoints{5'000}));
}

TEST(Holdout, ALargerShareHoldsAllOfASmallerOne) {
  std::mt19937_64 random(seed_of_run());
  int held = 0;
  for (int i = 0; i < 20'000; ++i) {
    auto const hash = hash_of(random());
    if (!in_holdout(hash, BasisPoints{1'500})) continue;
    ++held;
    ASSERT_TRUE(in_holdout(hash, BasisPoints{1'501}));
  }
  EXPECT_NEAR(held, 3'000, 4 * std::sqrt(20'000 * 0.15 * 0.85));
}

TEST(Holdout, DaysAreMatureWhenTheirLastBucketIsOver) {
  // 31 buckets: the conversions of day 69 may be told of on days 69 … 99.
  EXPECT_EQ(mature_before(100, 31), 70);
}

TEST(HoldoutTest, WeighsOneConversionByHowLikelyEachAlternativeMakesIt) {
  HoldoutTest told({.false_alarms_ppm = 1'000, .honest_ppm = 950'000});
  told.add(true);
  EXPECT_NEAR(std::exp(told.log_evidence()), (0.1 + 0.25 + 0.4 + 0.55 + 0.7 + 0.85) / 6, 1e-12);
  HoldoutTest kept({.false_alarms_ppm = 1'000, .honest_ppm = 950'000});
  kept.add(false);
  auto const evidence = std::exp(kept.log_evidence());
  EXPECT_NEAR(evidence, 20 - 19 * (0.1 + 0.25 + 0.4 + 0.55 + 0.7 + 0.85) / 6, 1e-9);
  // A fair bet for the least honest of honest buyers, a losing one for all above.
  EXPECT_NEAR(0.95 * std::exp(told.log_evidence()) + 0.05 * evidence, 1, 1e-12);
  EXPECT_LT(0.99 * std::exp(told.log_evidence()) + 0.01 * evidence, 1);
}

TEST(HoldoutTest, FindsABuyerThatReportsNothingAfterAFewConversions) {
  HoldoutTest test({});
  EXPECT_EQ(test.finding(3), std::nullopt);
  while (!test.alarmed()) test.add(false);
  EXPECT_EQ(test.verified(), 3);  // 10^3 to one at about 10^1.1 each
  auto const found = test.finding(3).value();
  EXPECT_EQ(found.kind, FindingKind::conversions_hidden);
  EXPECT_EQ(found.buyer_no, 3);
  EXPECT_EQ(found.counted, 3);
  EXPECT_EQ(found.seen, 0);
  EXPECT_EQ(found.rate_low_ppm, 0);
  EXPECT_LT(found.rate_high_ppm, 950'000);
  EXPECT_GE(found.evidence_milli, 3'000);
}

TEST(ComparisonTest, IsAFairBetForTheWorstHonestBuyerAndALosingOneForBetterOnes) {
  for (auto const& [mine, theirs, events] : {std::tuple{3, 5, 2}, {4, 2, 3}, {10, 30, 6}}) {
    for (auto const odds : {0.7, 0.8, 1.0, 2.0}) {
      auto const most = std::min(mine, events);
      auto const least = std::max(0, events - theirs);
      double mean = 0;
      for (auto k = least; k <= most; ++k) {
        Compared const seen{mine, k, theirs, events - k};
        ComparisonTest test({.false_alarms_ppm = 1'000, .honest_odds_ppm = 700'000});
        test.add(seen);
        SharedEvents const shared(seen);
        auto const logs = shared.log_probabilities(odds);
        mean += std::exp(logs[static_cast<std::size_t>(k - least)] + test.log_evidence());
      }
      if (odds == 0.7) {
        EXPECT_NEAR(mean, 1, 1e-12);
      } else {
        EXPECT_LT(mean, 1 - 1e-6);
      }
    }
  }
}

TEST(ComparisonTest, LeadsWithoutOthersOfTheirSegmentSayNothing) {
  ComparisonTest test({});
  for (int day = 0; day < 1'000; ++day) test.add({50, 0, 0, 0});
  EXPECT_EQ(test.leads(), 0);
  EXPECT_EQ(test.log_evidence(), 0);
  EXPECT_FALSE(test.alarmed());
}

TEST(ComparisonTest, ItsFindingHoldsTheRateOfTheOthersInTheBuyersMix) {
  ComparisonTest test({});
  while (!test.alarmed()) {
    test.add({10, 0, 40, 4});    // others 10 %
    test.add({30, 1, 100, 20});  // others 20 %
  }
  auto const found = test.finding(8).value();
  EXPECT_EQ(found.kind, FindingKind::conversions_below_others);
  EXPECT_EQ(found.counted, test.leads());
  EXPECT_EQ(found.seen * 40, found.counted);
  EXPECT_EQ(found.reference_ppm, 175'000);
  EXPECT_EQ(found.rate_ppm, 25'000);
  EXPECT_LT(found.rate_high_ppm, found.reference_ppm);
}

constexpr HoldoutSettings kHoldout{.false_alarms_ppm = 50'000, .honest_ppm = 950'000};
constexpr ComparisonSettings kComparison{.false_alarms_ppm = 50'000, .honest_odds_ppm = 700'000};

// At the very edge of honesty, where chance accuses most.
TEST(UnderReporting, AccusesNoMoreHonestBuyersThanStatedHoweverOftenOneLooks) {
  auto const seed = seed_of_run();
  ReportingMarket market(seed);
  WatchedSum held;
  WatchedSum compared;
  WatchedSum unlike;
  WatchedSum peeked;
  for (std::int64_t run = 0; run < runs(250, 3'000); ++run) {
    held.add(market.hold_out({.leads_per_day = 400, .reported = 0.95}, kHoldout));
    compared.add(market.compare({.odds = 0.7}, kComparison));
    // The others need not be alike.
    unlike.add(market.compare({.unlike = 0.6, .odds = 0.7}, kComparison));
    peeked.add({market.accused_by_peeking(400, 0.95, 0.05), 0, 0});
  }
  std::cout << "accused: holdout " << held.share() << ", comparison " << compared.share()
            << ", stated 0.05; a test of fixed counts read each time " << peeked.share() << "\n";
  EXPECT_LE(held.share(), held.allowed(0.05)) << "seed " << seed;
  EXPECT_LE(compared.share(), compared.allowed(0.05)) << "seed " << seed;
  EXPECT_LE(unlike.share(), unlike.allowed(0.05)) << "seed " << seed;
  EXPECT_GT(peeked.share(), peeked.allowed(0.05)) << "seed " << seed;
}

TEST(UnderReporting, FindsBuyersThatKeepHalfToThemselves) {
  auto const seed = seed_of_run();
  ReportingMarket market(seed);
  WatchedSum held;
  WatchedSum compared;
  for (std::int64_t run = 0; run < runs(100, 1'000); ++run) {
    held.add(market.hold_out({.reported = 0.5}, {}));
    compared.add(market.compare({.reported = 0.4}, {}));
  }
  std::cout << "found: holdout " << held.share() << " after " << held.mean_days()
            << " days, comparison " << compared.share() << " after " << compared.mean_days()
            << " days\n";
  EXPECT_GT(held.share(), 0.9) << "seed " << seed;
  EXPECT_GT(compared.share(), 0.75) << "seed " << seed;
}

TEST(UnderReporting, APoorMixIsNoEvidenceWithinSegments) {
  auto const seed = seed_of_run();
  ReportingMarket market(seed);
  WatchedSum within;
  WatchedSum together;
  for (std::int64_t run = 0; run < runs(100, 2'000); ++run) {
    within.add(market.compare({.by_segment = true}, kComparison));
    together.add(market.compare({.by_segment = false}, kComparison));
  }
  EXPECT_LE(within.share(), within.allowed(0.05)) << "seed " << seed;
  EXPECT_GT(together.share(), 0.9) << "seed " << seed;
}

TEST(UnderReporting, SettingsHaveTheirRanges) {
  EXPECT_TRUE((HoldoutSettings{1, 1}.valid() && HoldoutSettings{500'000, 999'999}.valid()));
  EXPECT_FALSE((HoldoutSettings{0, 1}.valid() || HoldoutSettings{500'001, 1}.valid()));
  EXPECT_FALSE((HoldoutSettings{1, 0}.valid() || HoldoutSettings{1, 1'000'000}.valid()));
  EXPECT_TRUE((ComparisonSettings{1, 1}.valid() && ComparisonSettings{500'000, 1'000'000}.valid()));
  EXPECT_FALSE((ComparisonSettings{0, 1}.valid() || ComparisonSettings{500'001, 1}.valid()));
  EXPECT_FALSE((ComparisonSettings{1, 0}.valid() || ComparisonSettings{1, 1'000'001}.valid()));
}

}  // namespace
}  // namespace leadex::quality
