#include "matching/quality/return_rate.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <iostream>
#include <random>

#include "tests/matching/seed.hpp"

namespace leadex::quality {
namespace {

SellerShare share(std::int64_t generator, std::int64_t leads, std::int64_t returned,
                  std::int64_t other_leads, std::int64_t other_returned) {
  return {generator, {leads, returned, other_leads, other_returned}};
}

// All ways to spread the returns, one generator inside the other.
double by_enumeration(std::vector<SellerShare> const& shares, double odds, std::int64_t wanted) {
  std::function<double(std::size_t, std::int64_t)> const reach = [&](std::size_t at,
                                                                     std::int64_t so_far) {
    if (at == shares.size()) return so_far >= wanted ? 1.0 : 0.0;
    SharedEvents const part(shares[at].leads);
    auto const logs = part.log_probabilities(odds);
    double sum = 0;
    for (std::size_t i = 0; i < logs.size(); ++i) {
      sum +=
          std::exp(logs[i]) * reach(at + 1, so_far + part.lowest() + static_cast<std::int64_t>(i));
    }
    return sum;
  };
  return reach(0, 0);
}

TEST(ReturnRate, ComparesWithinEachGenerator) {
  // 30 of 100 from a poor generator is what others return there, though ten times the average.
  auto const poor = judge_returns({share(1, 100, 30, 400, 120), share(2, 0, 0, 10'000, 100)}, {});
  EXPECT_EQ(poor.leads, 100);
  EXPECT_NEAR(poor.expected, 30, 1e-9);
  EXPECT_GT(std::exp(poor.log_probability), 0.5);
  auto const good = judge_returns({share(2, 100, 30, 10'000, 100)}, {});
  EXPECT_NEAR(good.expected, 1, 1e-9);
  EXPECT_LT(good.log_probability, std::log(1e-12));
}

TEST(ReturnRate, LeadsThatNobodyElseBoughtAreNotCompared) {
  auto const alone = judge_returns({share(1, 50, 50, 0, 0), share(2, 10, 0, 10, 1)}, {});
  EXPECT_EQ(alone.leads, 10);
  EXPECT_EQ(alone.leads_alone, 50);
  EXPECT_EQ(alone.returned, 0);
  EXPECT_NEAR(alone.log_probability, 0, 1e-12);
  EXPECT_EQ(returns_finding(1, {share(1, 50, 50, 0, 0)}, {}), std::nullopt);
  EXPECT_EQ(returns_finding(1, {}, {}), std::nullopt);
}

TEST(ReturnRate, AFindingStatesRateIntervalAndTheOthersRate) {
  auto const found =
      returns_finding(6, {share(4, 200, 60, 1'000, 100), share(5, 100, 30, 500, 25)}, {}).value();
  EXPECT_EQ(found.kind, FindingKind::returns_above_mix);
  EXPECT_EQ(found.buyer_no, 6);
  EXPECT_EQ(found.generator_no, 0);
  EXPECT_EQ(found.counted, 300);
  EXPECT_EQ(found.seen, 90);
  EXPECT_EQ(found.rate_ppm, 300'000);
  EXPECT_EQ(found.reference_ppm, 83'333);  // (20 + 5) / 300
  EXPECT_GT(found.rate_low_ppm, 240'000);
  EXPECT_LT(found.rate_high_ppm, 360'000);
  EXPECT_GE(found.evidence_milli, 3'000);
  EXPECT_EQ(returns_finding(6, {share(4, 200, 60, 1'000, 100)}, {}).value().generator_no, 4);
  EXPECT_EQ(returns_finding(6, {share(4, 200, 60, 1'000, 100), share(4, 9, 1, 90, 9)}, {})
                .value()
                .generator_no,
            4)
      << "two segments of one generator";
  EXPECT_EQ(returns_finding(6, {share(4, 200, 25, 1'000, 100)}, {}), std::nullopt);
}

TEST(ReturnRate, AgreesWithEnumeratingAllWays) {
  auto const seed = seed_of_run();
  std::mt19937_64 random(seed);
  auto const below = [&](std::int64_t n) {
    return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(n));
  };
  for (int run = 0; run < (full_run() ? 2'000 : 200); ++run) {
    std::vector<SellerShare> shares;
    for (auto n = 1 + below(4); n > 0; --n) {
      auto one = share(n, below(12), 0, 1 + below(20), 0);
      one.leads.buyer_events = below(one.leads.buyer_leads + 1);
      one.leads.other_events = below(one.leads.other_leads + 1);
      shares.push_back(one);
    }
    ReturnSettings const settings{.honest_odds_ppm = 1'000'000 + below(2'000'000)};
    auto const verdict = judge_returns(shares, settings);
    auto const odds = static_cast<double>(settings.honest_odds_ppm) / 1e6;
    ASSERT_NEAR(std::exp(verdict.log_probability), by_enumeration(shares, odds, verdict.returned),
                1e-9)
        << "seed " << seed;
    std::ranges::shuffle(shares, random);
    ASSERT_NEAR(judge_returns(shares, settings).log_probability, verdict.log_probability, 1e-9);
  }
}

TEST(ReturnRate, OneMoreReturnIsNeverLessEvidence) {
  double last = 0.1;
  for (std::int64_t returned = 0; returned <= 60; ++returned) {
    // The sum stays: what the buyer returns more, the others return less.
    auto const verdict =
        judge_returns({share(1, 60, returned, 300, 60 - returned), share(2, 40, 4, 100, 10)}, {});
    EXPECT_LT(verdict.log_probability, last + 1e-12) << returned;
    last = verdict.log_probability;
  }
}

TEST(ReturnRate, AccusesNoMoreHonestBuyersOfAPeriodThanStated) {
  auto const seed = seed_of_run();
  std::mt19937_64 random(seed);
  auto const binomial = [&](std::int64_t n, double p) {
    return std::binomial_distribution<std::int64_t>{n, p}(random);
  };
  ReturnSettings const settings{.false_alarms_ppm = 50'000};
  int const runs = full_run() ? 5'000 : 500;
  int accused = 0;
  int found = 0;
  for (int run = 0; run < runs; ++run) {
    std::vector<SellerShare> honest;
    std::vector<SellerShare> greedy;
    for (std::int64_t g = 1; g <= 6; ++g) {
      auto const rate = 0.02 * static_cast<double>(g);
      auto const odds = 1.5 * rate / (1 - rate);  // the strictest honest buyer
      auto const theirs = binomial(50 * g, rate);
      honest.push_back(share(g, 80, binomial(80, odds / (1 + odds)), 50 * g, theirs));
      greedy.push_back(share(g, 80, binomial(80, 3 * rate), 50 * g, theirs));
    }
    accused += returns_finding(1, honest, settings) ? 1 : 0;
    found += returns_finding(1, greedy, settings) ? 1 : 0;
  }
  std::cout << "accused " << accused << ", found " << found << " of " << runs << "\n";
  EXPECT_LE(accused, 0.05 * runs + 3 * std::sqrt(0.05 * 0.95 * runs)) << "seed " << seed;
  EXPECT_GT(found, 0.8 * runs) << "seed " << seed;
}

TEST(ReturnRate, ManyReturnsOfManyGeneratorsTakeBoundedWork) {
  std::vector<SellerShare> shares;
  for (std::int64_t g = 1; g <= 300; ++g) shares.push_back(share(g, 1'000, 60, 5'000, 250));
  auto const verdict = judge_returns(shares, {});
  EXPECT_EQ(verdict.returned, 18'000);
  EXPECT_NEAR(verdict.expected, 15'000, 1e-6);
  EXPECT_NEAR(verdict.log_probability, 0, 1e-9);  // 1.2 times the others: still honest
}

TEST(ReturnRate, SettingsHaveTheirRanges) {
  auto const with = [](auto change) {
    ReturnSettings settings;
    change(settings);
    return settings.valid();
  };
  EXPECT_TRUE(with([](auto&) {}));
  EXPECT_FALSE(with([](auto& s) { s.false_alarms_ppm = 0; }));
  EXPECT_FALSE(with([](auto& s) { s.false_alarms_ppm = 500'001; }));
  EXPECT_FALSE(with([](auto& s) { s.honest_odds_ppm = 999'999; }));
  EXPECT_FALSE(with([](auto& s) { s.honest_odds_ppm = 100'000'001; }));
  EXPECT_FALSE(with([](auto& s) { s.confidence_ppm = 0; }));
  EXPECT_FALSE(with([](auto& s) { s.confidence_ppm = 1'000'000; }));
}

}  // namespace
}  // namespace leadex::quality
