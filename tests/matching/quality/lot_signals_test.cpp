#include "matching/quality/lot_signals.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <set>

#include "matching/quality/evidence.hpp"
#include "tests/matching/quality/made_lots.hpp"
#include "tests/matching/seed.hpp"

namespace leadex::quality {
namespace {

LotCounts with(LotSignal signal, SignalCount count) {
  LotCounts counts;
  counts.of(signal) = count;
  return counts;
}

/// The same by weights as products, for small counts.
double tail_by_weights(SignalCount lot, SignalCount others, double odds) {
  auto const choose = [](std::int64_t n, std::int64_t k) {
    double product = 1;
    for (std::int64_t i = 1; i <= k; ++i) {
      product *= static_cast<double>(n - k + i) / static_cast<double>(i);
    }
    return product;
  };
  auto const events = lot.events + others.events;
  double sum = 0;
  double tail = 0;
  for (std::int64_t k = 0; k <= std::min(lot.leads, events); ++k) {
    if (events - k > others.leads) continue;
    auto const weight = choose(lot.leads, k) * choose(others.leads, events - k) *
                        std::pow(odds, static_cast<double>(k));
    sum += weight;
    if (k >= lot.events) tail += weight;
  }
  return tail / sum;
}

TEST(LotSignals, ChanceIsTheHigherTailOfTheNoncentralHypergeometric) {
  std::mt19937_64 random(seed_of_run());
  auto const below = [&random](std::int64_t end) {
    return std::uniform_int_distribution<std::int64_t>{0, end - 1}(random);
  };
  for (int run = 0; run < 2'000; ++run) {
    SignalSettings settings;
    settings.expected_leads = 1 + below(20);
    settings.expected_ppm = below(1'000'001);
    settings.honest_odds_ppm = 1'000'000 + below(5'000'000);
    SignalCount lot{1 + below(25), 0};
    lot.events = below(lot.leads + 1);
    SignalCount others{below(25), 0};
    others.events = below(others.leads + 1);
    SignalCount const expected{settings.expected_leads,
                               settings.expected_leads * settings.expected_ppm / 1'000'000};
    auto const odds = static_cast<double>(settings.honest_odds_ppm) / 1e6;
    auto chance = tail_by_weights(lot, expected, odds);
    if (others.leads >= expected.leads) {
      chance = std::max(chance, tail_by_weights(lot, others, odds));
    }
    ASSERT_NEAR(std::exp(log_probability(lot, others, settings)), chance, 1e-9);
  }
}

TEST(LotSignals, AShareLikeTheOthersIsNoFinding) {
  for (std::size_t i = 1; i <= kLotSignals; ++i) {
    auto const signal = static_cast<LotSignal>(i);
    EXPECT_TRUE(
        judge_lot_signals(with(signal, {500, 10}), with(signal, {10'000, 200}), {}).empty());
  }
}

TEST(LotSignals, AShareFarAboveTheOthersIsAFindingOfItsSignAlone) {
  std::set<std::string> statements;
  std::set<std::string_view> words;
  for (std::size_t i = 1; i <= kLotSignals; ++i) {
    auto const signal = static_cast<LotSignal>(i);
    auto const found = judge_lot_signals(with(signal, {500, 100}), with(signal, {10'000, 200}), {});
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found.front().signal, signal);
    EXPECT_EQ(found.front().rate_ppm, 200'000);
    EXPECT_LT(found.front().rate_low_ppm, 200'000);
    EXPECT_GT(found.front().rate_high_ppm, 200'000);
    EXPECT_EQ(found.front().reference_ppm, 20'000);
    EXPECT_GT(found.front().evidence_milli, 4'000);
    statements.insert(statement(found.front()));
    words.insert(word(signal));
  }
  EXPECT_EQ(statements.size(), kLotSignals);
  EXPECT_EQ(words.size(), kLotSignals);
}

TEST(LotSignals, AFewLeadsAreChanceHoweverRareTheSignIs) {
  auto const signal = LotSignal::people_known;
  EXPECT_TRUE(judge_lot_signals(with(signal, {4, 4}), with(signal, {1'000'000, 0}), {}).empty());
  EXPECT_FALSE(judge_lot_signals(with(signal, {5, 5}), with(signal, {1'000'000, 0}), {}).empty());
}

TEST(LotSignals, AMarketWithoutOthersIsMeasuredByWhatItExpects) {
  auto const signal = LotSignal::filled_too_fast;
  EXPECT_TRUE(judge_lot_signals(with(signal, {1'000, 15}), {}, {}).empty());
  EXPECT_EQ(judge_lot_signals(with(signal, {1'000, 150}), {}, {}).size(), 1U);
}

TEST(LotSignals, SettingsThatMeanNothingAreNotValid) {
  EXPECT_TRUE(SignalSettings{}.valid());
  EXPECT_FALSE(SignalSettings{.false_alarms_ppm = 0}.valid());
  EXPECT_FALSE(SignalSettings{.honest_odds_ppm = 999'999}.valid());
  EXPECT_FALSE(SignalSettings{.expected_leads = 0}.valid());
  EXPECT_FALSE(SignalSettings{.expected_ppm = 1'000'001}.valid());
  EXPECT_FALSE(SignalSettings{.events_min = 0}.valid());
  EXPECT_FALSE(SignalSettings{.confidence_ppm = 1'000'000}.valid());
}

// The least honest source that still counts as one, against others that differ as well.
TEST(LotSignals, FalseAlarmsStayBelowWhatIsStated) {
  std::mt19937_64 random(seed_of_run());
  SignalSettings const settings{.false_alarms_ppm = 50'000};
  int const runs = full_run() ? 40'000 : 4'000;
  int accused = 0;
  for (int run = 0; run < runs; ++run) {
    LotCounts lot;
    LotCounts others;
    for (std::size_t i = 0; i < kLotSignals; ++i) {
      auto const rate = std::uniform_real_distribution{0.01, 0.1}(random);
      auto const odds = 3 * rate / (1 - rate);
      std::binomial_distribution<std::int64_t> own{500, odds / (1 + odds)};
      std::binomial_distribution<std::int64_t> theirs{5'000, rate};
      lot.counts.at(i) = {500, own(random)};
      others.counts.at(i) = {5'000, theirs(random)};
    }
    if (!judge_lot_signals(lot, others, settings).empty()) ++accused;
  }
  auto const allowed = 0.05 * runs + 4 * std::sqrt(0.05 * 0.95 * runs);
  EXPECT_LE(accused, allowed);
}

// Each sign on whole made-up lots, from leads to findings.
TEST(LotSignals, FindsEachPlantedKindAndNoHonestLot) {
  auto const seed = seed_of_run();
  MadeLots lots(seed, MadeLots::random_prints(60'000, seed));
  for (int i = 0; i < 30; ++i) lots.add_others(lots.honest());
  int accused = 0;
  for (int i = 0; i < 50; ++i) accused += lots.judge(lots.honest()).empty() ? 0 : 1;
  EXPECT_LE(accused, 1);
  for (std::size_t i = 1; i <= kLotSignals; ++i) {
    auto const signal = static_cast<LotSignal>(i);
    auto const found = lots.judge(lots.planted(signal, 0.5));
    ASSERT_EQ(found.size(), 1U) << word(signal);
    EXPECT_EQ(found.front().signal, signal);
  }
}

}  // namespace
}  // namespace leadex::quality
