#include "matching/estimate/estimate_version.hpp"

#include <gtest/gtest.h>

#include <iostream>

#include "matching/estimate/calibration.hpp"
#include "matching/market/codec.hpp"
#include "tests/matching/estimate/delayed_market.hpp"
#include "tests/matching/seed.hpp"

namespace leadex::estimate {
namespace {

Cohort cohort(std::int64_t campaign, std::int32_t day, std::int64_t leads, std::int64_t returned,
              std::vector<std::int64_t> converted) {
  return {campaign, campaign, 1, day, leads, returned, std::move(converted)};
}
EstimateError error_of(Snapshot const& snapshot, EstimateSettings const& settings = {}) {
  return make_estimates({1, 0}, snapshot, settings).error();
}

TEST(EstimateVersion, CountsLeadsKeptByTheShareThatTheirAgeLetsUsKnow) {
  EstimateSettings settings;
  settings.delay = {.buckets = 2, .strength = 1};
  settings.conversions.market_strength = 1;
  settings.conversions.prior_ppb = 100'000'000;
  // Bucket 1: 4 of 9 late, and the one of strength: known at age 1 is 6/10.
  Snapshot const snapshot{100, {cohort(1, 90, 110, 10, {5, 4}), cohort(2, 99, 60, 10, {3})}};
  auto const version = make_estimates({7, 42}, snapshot, settings).value();
  // Exposure 100 + 50 × 0.6 = 130, of which 13 should convert: (12 + 1) / (13 + 1) × 10 %.
  EXPECT_EQ(version.conversions.market_ppb, 92'857'142);
  EXPECT_EQ(version.version, 7);
  EXPECT_EQ(version.made_at_us, 42);
  EXPECT_EQ(version.as_of, 100);
}

TEST(EstimateVersion, CountsReturnsOnlyOfDaysWhoseWindowHasPassed) {
  EstimateSettings settings;
  settings.return_days = 8;
  settings.returns.market_strength = 1;
  settings.returns.prior_ppb = 100'000'000;
  Snapshot const snapshot{100, {cohort(1, 92, 100, 20, {}), cohort(2, 93, 1'000, 0, {})}};
  auto const version = make_estimates({1, 0}, snapshot, settings).value();
  EXPECT_EQ(version.returns.market_ppb, 190'909'090);  // (20 + 1) / (10 + 1) × 10 %
}

TEST(EstimateVersion, AnUnknownBuyerIsTakenToReturnAsTheMarketDoes) {
  Snapshot const snapshot{100, {cohort(1, 80, 1'000, 80, {30, 10})}};
  auto const version = make_estimates({1, 0}, snapshot, {}).value();
  BidKey const unknown{9, 9, 9};
  EXPECT_EQ(version.returned(unknown).ppb, version.returns.market_ppb);
  EXPECT_LT(version.billable(unknown).ppb, version.conversions.market_ppb);
}

TEST(EstimateVersion, RefusesUnsoundCountsWithTheirCode) {
  Cohort const good = cohort(1, 90, 10, 2, {3, 5});
  ASSERT_TRUE(make_estimates({1, 0}, {100, {good}}, {}));
  auto const with = [&](auto change) {
    auto bad = good;
    change(bad);
    return error_of({100, {bad}});
  };
  EXPECT_EQ(with([](auto& c) { c.leads = -1; }), EstimateError::cohort_invalid);
  EXPECT_EQ(with([](auto& c) { c.returned = -1; }), EstimateError::cohort_invalid);
  EXPECT_EQ(with([](auto& c) { c.returned = 11; }), EstimateError::cohort_invalid);
  EXPECT_EQ(with([](auto& c) { c.converted = {3, 6}; }), EstimateError::cohort_invalid);
  EXPECT_EQ(with([](auto& c) { c.converted = {-1, 2}; }), EstimateError::cohort_invalid);
  EXPECT_EQ(with([](auto& c) { c.day = 100; }), EstimateError::cohort_invalid);
  EXPECT_EQ(with([](auto& c) { c.day = 99; }), EstimateError::cohort_invalid);  // bucket 1 of today
  EXPECT_EQ(with([](auto& c) { c.converted.resize(32); }), EstimateError::cohort_invalid);
  EXPECT_EQ(with([](auto& c) { c.leads = kLeadsMax + 1; }), EstimateError::cohort_invalid);

  auto most = cohort(1, 90, kLeadsMax, 0, {});
  EXPECT_TRUE(make_estimates({1, 0}, {100, {most}}, {}));
  EXPECT_EQ(error_of({100, {most, good}}), EstimateError::too_many_leads);
  auto other = good;
  other.buyer_no = 2;
  EXPECT_EQ(error_of({100, {good, other}}), EstimateError::campaign_of_two_buyers);
}

TEST(EstimateVersion, RefusesSettingsOutOfRange) {
  auto const with = [](auto change) {
    EstimateSettings settings;
    change(settings);
    return !settings.valid() && error_of({100, {}}, settings) == EstimateError::settings_invalid;
  };
  EXPECT_TRUE(EstimateSettings{}.valid());
  EXPECT_TRUE(with([](auto& s) { s.delay.buckets = 0; }));
  EXPECT_TRUE(with([](auto& s) { s.return_days = 0; }));
  EXPECT_TRUE(with([](auto& s) { s.return_days = kBucketsMax + 1; }));
  EXPECT_TRUE(with([](auto& s) { s.conversions.prior_ppb = 99'999; }));
  EXPECT_TRUE(with([](auto& s) { s.conversions.unknown_buyer_ppb = 0; }));
  EXPECT_TRUE(with([](auto& s) { s.returns.pair_strength = 0; }));
  EXPECT_TRUE(with([](auto& s) { s.returns.buyer_strength = 1'000'001; }));
  EXPECT_TRUE(with([](auto& s) { s.returns.pair_evidence_min = -1; }));
}

TEST(EstimateVersion, TheSameCountsInAnyOrderAreTheSameBytes) {
  auto const seed = seed_of_run();
  std::mt19937_64 random(seed);
  DelayedMarket const market(seed, {.days = 20, .leads_per_day = 100});
  auto snapshot = DelayedMarket::known(market.leads(), market.today());
  auto const version = make_estimates({3, 5}, snapshot, {}).value();
  auto const bytes = market::encode_value(version);
  std::cout << snapshot.cohorts.size() << " cohorts, " << bytes.size() << " bytes\n";
  EXPECT_EQ(market::decode_value<EstimateVersion>(bytes).value(), version);
  EXPECT_TRUE(version.valid());
  for (int i = 0; i < 5; ++i) {
    std::ranges::shuffle(snapshot.cohorts, random);
    // A cohort told of in two parts counts as one.
    auto& whole = snapshot.cohorts.front();
    auto part = whole;
    part.returned = 0;
    part.converted.clear();
    part.leads = (whole.kept() - whole.converted_in_all()) / 2;
    whole.leads -= part.leads;
    snapshot.cohorts.push_back(part);
    ASSERT_EQ(market::encode_value(make_estimates({3, 5}, snapshot, {}).value()), bytes)
        << "seed " << seed;
  }
}

TEST(EstimateVersion, BytesThatAreNoVersionAreRefused) {
  Snapshot const snapshot{100, {cohort(1, 80, 1'000, 80, {30, 10})}};
  auto const bytes = market::encode_value(make_estimates({1, 0}, snapshot, {}).value());
  for (std::size_t n = 0; n < bytes.size(); ++n) {
    EXPECT_FALSE(market::decode_value<EstimateVersion>(bytes.substr(0, n))) << n;
  }
  EXPECT_FALSE(market::decode_value<EstimateVersion>(bytes + '\0'));
}

// What the whole is for: tomorrow's conversions, foretold while most of last week's are not known.
TEST(EstimateVersion, ForetellsConversionsThatAPlainCountFallsShortOf) {
  auto const seed = seed_of_run();
  DayAhead sum;
  for (std::uint64_t run = 0; run < (full_run() ? 60U : 8U); ++run) {
    sum.judge(DelayedMarket(seed + run, {.days = 45, .leads_per_day = 600}), {});
  }
  std::cout << "predicted / observed " << sum.predicted / sum.observed << ", blind to delay "
            << sum.predicted_blind / sum.observed << ", " << sum.observed << " conversions\n";
  EXPECT_GT(sum.predicted / sum.observed, 0.9) << "seed " << seed;
  EXPECT_LT(sum.predicted / sum.observed, 1.1) << "seed " << seed;
  EXPECT_LT(sum.predicted_blind / sum.observed, 0.9) << "seed " << seed;
}

}  // namespace
}  // namespace leadex::estimate
