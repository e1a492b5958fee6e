#include "matching/estimate/rate_table.hpp"

#include <gtest/gtest.h>

#include <random>

#include "matching/market/codec.hpp"
#include "tests/matching/estimate/rates_twin.hpp"
#include "tests/matching/seed.hpp"

namespace leadex::estimate {
namespace {

constexpr std::int64_t kLead = kWhole;  // exposure of one lead of full age

RateSettings plain() {
  return {.prior_ppb = 20'000'000,
          .market_strength = 1,
          .source_strength = 10,
          .buyer_strength = 10,
          .campaign_strength = 10,
          .pair_strength = 10,
          .unknown_buyer_ppb = 700'000'000,
          .pair_evidence_min = 0};
}

TEST(RateTable, AnEmptyMarketHasItsPriorAndTheUnknownBuyersDiscount) {
  auto const table = make_rates({}, plain());
  EXPECT_EQ(table.market_ppb, 20'000'000);
  EXPECT_EQ(table.probability({1, 2, 3}).ppb, 14'000'000);
}

TEST(RateTable, EachLevelLeansOnItsParentByItsStrength) {
  // 1,000 leads, 39 conversions where 20 were expected: (39 + 1) / (20 + 1) × 2 %.
  std::vector<Trial> const trials{{.buyer_no = 5,
                                   .campaign_no = 6,
                                   .generator_no = 7,
                                   .exposure_ppb = 1'000 * kLead,
                                   .events = 39}};
  auto const table = make_rates(trials, plain());
  EXPECT_EQ(table.market_ppb, 38'095'238);
  // 38.095238 expected: (39 + 10) / 48.095238 × 3.8095238 %.
  EXPECT_EQ(table.sources.at(0), (NumberedRate{7, 38'811'881}));
  // 38.811881 expected, the parent 0.7: (39 + 7) / 48.811881; then (39 + 9.42) / 48.811881.
  EXPECT_EQ(table.buyers.at(0), (NumberedRate{5, 942'393'512}));
  EXPECT_EQ(table.campaigns.at(0), (NumberedRate{6, 992'052'224}));
  EXPECT_EQ(table.pairs.at(0), (PairRate{7, 6, 38'898'265}));
}

TEST(RateTable, AnUnknownBuyerStandsBelowEveryKnownSourceUntilItsEvidenceComes) {
  std::vector<Trial> trials;
  for (std::int64_t generator : {1, 2, 3}) {
    trials.push_back({1, 1, generator, 10'000 * kLead, 200 * generator});
  }
  auto const before = make_rates(trials, plain());
  for (std::int64_t generator : {1, 2, 3, 99}) {
    EXPECT_LT(before.probability({50, 60, generator}).ppb,
              before.probability({1, 1, generator}).ppb);
    auto const at_source = generator == 99
                               ? before.market_ppb
                               : before.sources.at(static_cast<std::size_t>(generator - 1)).ppb;
    EXPECT_EQ(before.probability({50, 60, generator}).ppb, rate_times(at_source, 700'000'000));
  }
  // The newcomer converts twice as well as the source: the estimate climbs with the evidence.
  auto last = before.probability({50, 60, 1}).ppb;
  for (std::int64_t leads : {100, 1'000, 10'000}) {
    auto with = trials;
    with.push_back({60, 50, 1, leads * kLead, leads * 4 / 100});
    auto const now = make_rates(with, plain()).probability({50, 60, 1}).ppb;
    EXPECT_GT(now, last);
    last = now;
  }
  EXPECT_NEAR(static_cast<double>(last), 4e7, 2e6);
}

TEST(RateTable, ABuyerThatNeverConvertsSinksTowardsNothing) {
  std::vector<Trial> trials{{1, 1, 1, 10'000 * kLead, 200}};
  auto last = kWhole;
  for (std::int64_t leads : {100, 500, 5'000, 50'000}) {
    auto with = trials;
    with.push_back({2, 2, 1, leads * kLead, 0});
    auto const now = make_rates(with, plain()).probability({2, 2, 1}).ppb;
    EXPECT_LT(now, last);
    last = now;
  }
  EXPECT_LT(last, 100'000);
}

TEST(RateTable, APoorSourceIsNotTheBuyersFault) {
  // Both buyers do as well as others did at the same source; one bought the poor source only.
  std::vector<Trial> const trials{{1, 1, 1, 20'000 * kLead, 1'000},
                                  {2, 2, 2, 20'000 * kLead, 200},
                                  {3, 3, 1, 2'000 * kLead, 100},
                                  {4, 4, 2, 10'000 * kLead, 100}};
  auto const table = make_rates(trials, plain());
  EXPECT_NEAR(static_cast<double>(table.buyers.at(2).ppb), 970e6, 20e6);
  EXPECT_NEAR(static_cast<double>(table.buyers.at(3).ppb), 970e6, 20e6);
}

TEST(RateTable, NothingIsMoreThanCertainAndTheLargestCountsFit) {
  auto settings = plain();
  settings.prior_ppb = 100'000;
  settings.unknown_buyer_ppb = 10 * kWhole;
  std::vector<Trial> const trials{{1, 1, 1, kLeadsMax * kLead, kLeadsMax}};
  auto const table = make_rates(trials, settings);
  EXPECT_GT(table.market_ppb, kWhole * 99 / 100);
  EXPECT_EQ(table.probability({9, 9, 1}).ppb, kWhole);
  EXPECT_TRUE(table.valid());
  EXPECT_EQ(shrunken_factor(kLeadsMax, 0, 1, kFactorMax), kFactorMax);
  EXPECT_EQ(shrunken_factor(kLeadsMax, 0, 1'000'000, kFactorMax), kFactorMax);
}

// Without the discount a level lies between its parent and what was counted.
TEST(RateTable, AFactorLiesBetweenItsParentAndTheRawRatio) {
  auto const seed = seed_of_run();
  std::mt19937_64 random(seed);
  for (int i = 0; i < 20'000; ++i) {
    auto const events = static_cast<std::int64_t>(random() % 2'000);
    auto const expected_milli = static_cast<std::int64_t>(1 + random() % 2'000'000);
    auto const expected = Wide{expected_milli} * kWhole * (kWhole / 1'000);
    auto const strength = static_cast<std::int64_t>(1 + random() % 100);
    auto const parent = static_cast<std::int64_t>(random() % (2 * kWhole));
    auto const raw = events * kWhole / expected_milli * 1'000;
    auto const factor = shrunken_factor(events, expected, strength, parent);
    ASSERT_GE(factor + 1'000, std::min({raw, parent, kFactorMax})) << "seed " << seed;
    ASSERT_LE(factor, std::max(raw + 1'000, parent)) << "seed " << seed;
    ASSERT_LE(factor, shrunken_factor(events + 1, expected, strength, parent));
    ASSERT_GE(factor, shrunken_factor(events, expected + kWhole, strength, parent));
  }
}

class RandomRates {
 public:
  explicit RandomRates(std::uint64_t seed) : random_(seed) {}
  std::int64_t below(std::int64_t n) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(n));
  }
  std::vector<Trial> trials() {
    std::vector<Trial> trials;
    auto const campaigns = 1 + below(6);
    for (auto n = below(25); n > 0; --n) {
      auto const campaign = 1 + below(campaigns);
      auto const leads = below(10) == 0 ? below(100'000) : below(300);
      trials.push_back({1 + campaign / 2, campaign, 1 + below(4), leads * (1 + below(kLead)),
                        below(leads / 5 + 2)});
    }
    return trials;
  }
  RateSettings settings() {
    return {.prior_ppb = 100'000 + below(kWhole - 100'000),
            .market_strength = 1 + below(50),
            .source_strength = 1 + below(50),
            .buyer_strength = 1 + below(50),
            .campaign_strength = 1 + below(50),
            .pair_strength = 1 + below(50),
            .unknown_buyer_ppb = 1 + below(2 * kWhole),
            .pair_evidence_min = below(10)};
  }
  void shuffle(std::vector<Trial>& trials) { std::ranges::shuffle(trials, random_); }

 private:
  std::mt19937_64 random_;
};

TEST(RateTable, AgreesWithPlainLoopsOverFractions) {
  auto const seed = seed_of_run();
  RandomRates random(seed);
  for (int run = 0; run < (full_run() ? 1'500 : 80); ++run) {
    auto const trials = random.trials();
    auto const settings = random.settings();
    auto const table = make_rates(trials, settings);
    ASSERT_TRUE(table.valid()) << "seed " << seed;
    RatesTwin const twin(trials, settings, false);
    RatesTwin const exact(trials, settings, true);
    for (int i = 0; i < 6; ++i) {
      BidKey key{1 + random.below(7), 0, 1 + random.below(5)};
      key.buyer_no = 1 + key.campaign_no / 2;
      auto const ppb = table.probability(key).ppb;
      ASSERT_EQ(Fraction(ppb, kWhole), twin.probability(key)) << "seed " << seed << " run " << run;
      auto const off = static_cast<double>(Fraction(ppb, kWhole) - exact.probability(key));
      ASSERT_NEAR(off, 0, 1e-6) << "seed " << seed << " run " << run;
    }
  }
}

TEST(RateTable, TheOrderOfTrialsDoesNotShowInItsBytes) {
  auto const seed = seed_of_run();
  RandomRates random(seed);
  for (int run = 0; run < 200; ++run) {
    auto trials = random.trials();
    auto const settings = random.settings();
    auto const table = make_rates(trials, settings);
    random.shuffle(trials);
    auto const bytes = market::encode_value(table);
    ASSERT_EQ(market::encode_value(make_rates(trials, settings)), bytes) << "seed " << seed;
    ASSERT_EQ(market::decode_value<RateTable>(bytes).value(), table);
  }
}

TEST(RateTable, OneMoreConversionNeverLowersAnEstimate) {
  auto const seed = seed_of_run();
  RandomRates random(seed);
  for (int run = 0; run < 2'000; ++run) {
    auto trials = random.trials();
    if (trials.empty()) continue;
    auto settings = random.settings();
    // Of one buyer at one source: elsewhere a better source makes its buyers' others look worse.
    for (auto& trial : trials) trial = {1, 1, 1, trial.exposure_ppb, trial.events};
    settings.pair_evidence_min = 0;
    auto const before = make_rates(trials, settings);
    ++trials.front().events;
    auto const after = make_rates(trials, settings);
    ASSERT_GE(after.market_ppb, before.market_ppb) << "seed " << seed;
    ASSERT_GE(after.sources.at(0).ppb, before.sources.at(0).ppb) << "seed " << seed;
    ASSERT_GE(after.probability({1, 1, 1}).ppb + 2, before.probability({1, 1, 1}).ppb)
        << "seed " << seed;
  }
}

TEST(RateTable, RefusesTablesThatAreNotInOrderOrOutOfRange) {
  std::vector<Trial> const trials{
      {1, 1, 1, 100 * kLead, 9}, {1, 2, 1, 100 * kLead, 9}, {2, 3, 2, 100 * kLead, 9}};
  auto const good = make_rates(trials, plain());
  ASSERT_TRUE(good.valid());
  auto const broken = [&](auto change) {
    auto table = good;
    change(table);
    return !table.valid();
  };
  EXPECT_TRUE(broken([](auto& t) { std::swap(t.sources[0], t.sources[1]); }));
  EXPECT_TRUE(broken([](auto& t) { t.buyers[1].no = t.buyers[0].no; }));
  EXPECT_TRUE(broken([](auto& t) { std::swap(t.campaigns[0], t.campaigns[2]); }));
  EXPECT_TRUE(broken([](auto& t) { std::swap(t.pairs[0], t.pairs[2]); }));
  EXPECT_TRUE(broken([](auto& t) { t.market_ppb = kWhole + 1; }));
  EXPECT_TRUE(broken([](auto& t) { t.market_ppb = -1; }));
  EXPECT_TRUE(broken([](auto& t) { t.sources[0].ppb = kWhole + 1; }));
  EXPECT_TRUE(broken([](auto& t) { t.buyers[0].ppb = -1; }));
  EXPECT_TRUE(broken([](auto& t) { t.campaigns[0].ppb = kFactorMax + 1; }));
  EXPECT_TRUE(broken([](auto& t) { t.pairs[0].ppb = kWhole + 1; }));
  EXPECT_TRUE(broken([](auto& t) { t.unknown_buyer_ppb = 0; }));
}

}  // namespace
}  // namespace leadex::estimate
