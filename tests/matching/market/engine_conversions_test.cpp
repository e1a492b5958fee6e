// Sales per acquisition, one by one: what bids are worth, what is held, what a conversion costs.

#include <gtest/gtest.h>

#include "tests/matching/market/market_run.hpp"
#include "tests/matching/market/shadow_tables.hpp"

namespace leadex::market {
namespace {

constexpr std::int64_t kStartUs = 1'791'158'400 * kUnit;

class EngineConversions : public testing::Test {
 protected:
  void SetUp() override { configure(CpaHold::full); }

  void configure(CpaHold hold, std::function<void(MarketRules&)> const& change = {}) {
    auto rules = MarketRun::rules(++version_);
    rules.cpa_window_us = 600 * kMinuteUs;
    rules.cpa_review_us = 20 * kMinuteUs;
    rules.cpa_hold = hold;
    if (change) change(rules);
    ASSERT_EQ(apply(ConfigureMarket{rules}).refusal, Refusal::none);
    Window const all{kStartUs, kStartUs + 100 * kHourUs};
    (void)apply(SetZoneWindows{"UTC", {all, all, all, all}, 0});
  }
  Outcome apply(Command const& command) {
    at_us_ += 1;
    auto applied = engine_.apply(from_unix_micros(at_us_), command);
    tables_.apply(command, at_us_, applied);
    effects_ = std::move(applied.effects);
    return std::move(applied.outcome);
  }
  void campaign(std::int64_t no, PricingModel model, std::int64_t bid_micros,
                std::int64_t fund_micros, std::function<void(CampaignTerms&)> const& change = {}) {
    UpsertCampaign upsert;
    upsert.campaign_no = upsert.buyer_no = no;
    upsert.version = ++versions_[no];
    upsert.terms.bid_micros = bid_micros;
    upsert.terms.model = model;
    if (model == PricingModel::cpa) upsert.terms.event = "policy";
    upsert.terms.exclusivity = auction::Exclusivity::exclusive;
    auto const schema = targeting::Schema::make(MarketRun::rules().attributes).value();
    auto const bytes = targeting::encode(targeting::all_of({}), schema, {});
    upsert.terms.targeting = {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
    if (change) change(upsert.terms);
    ASSERT_EQ(apply(upsert).refusal, Refusal::none);
    if (fund_micros > 0) fund(no, fund_micros);
  }
  void fund(std::int64_t no, std::int64_t micros) {
    ASSERT_EQ(apply(FundBudget{{no, no}, ++intents_, micros}).refusal, Refusal::none);
  }
  /// Everybody converts at that rate, and returns nothing.
  void rate(std::int64_t ppb) {
    SetEstimates set;
    set.estimates.version = engine_.estimates().version + 1;
    set.estimates.conversions.market_ppb = ppb;
    ASSERT_EQ(apply(set).refusal, Refusal::none);
  }
  /// @return the buyer; 0 when it rests.
  std::int64_t offer() {
    auto lead = MarketRun::plain_lead(++leads_);
    lead.version = version_;
    (void)apply(lead);
    for (auto const& effect : effects_) {
      if (auto const* sale = std::get_if<SaleAwarded>(&effect)) return sale->budget.buyer_no;
    }
    return 0;
  }
  Refusal report(std::int64_t lead_no, std::function<void(ReportConversion&)> const& change = {}) {
    auto const* sale = engine_.sale({lead_no, 0});
    ReportConversion report{.lead_no = lead_no,
                            .buyer_no = sale == nullptr ? 1 : sale->budget.buyer_no,
                            .event = "policy",
                            .transaction_id = "t" + std::to_string(lead_no),
                            .at_us = at_us_,
                            .confirmed = true};
    if (change) change(report);
    auto const outcome = apply(report);
    conversion_no_ = outcome.number;
    return outcome.refusal;
  }
  void wait(std::int64_t us) {
    at_us_ += us;
    (void)apply(Tick{});
  }
  [[nodiscard]] SaleImage const& sale(std::int64_t lead_no) const {
    return tables_.sales().at({lead_no, 0});
  }
  [[nodiscard]] std::int64_t free(std::int64_t no) const { return engine_.available({no, no}); }

  Engine engine_;
  ShadowTables tables_;
  std::vector<Effect> effects_;
  std::map<std::int64_t, std::int32_t> versions_;
  std::int64_t at_us_{kStartUs};
  std::int32_t version_{};
  std::int64_t intents_{};
  std::int64_t leads_{};
  std::int64_t conversion_no_{};
};

TEST_F(EngineConversions, ABidPerAcquisitionIsRankedByWhatItIsWorth) {
  campaign(1, PricingModel::cpa, 100 * kUnit, 1000 * kUnit);
  campaign(2, PricingModel::cpl, 3 * kUnit, 1000 * kUnit);
  // Before the first version the bid counts for 2 % × 0.7 × 95 %.
  EXPECT_EQ(offer(), 2);
  rate(20'000'000);
  EXPECT_EQ(offer(), 2) << "100 × 2 % is less than 3";
  rate(40'000'000);
  EXPECT_EQ(offer(), 1);
  EXPECT_EQ(sale(3).award.gross_micros, 100 * kUnit);
  EXPECT_EQ(sale(3).award.model, PricingModel::cpa);
  EXPECT_EQ(engine_.estimates().version, 2);
}

TEST_F(EngineConversions, TheReserveIsHeldAgainstTheExpectedValue) {
  campaign(1, PricingModel::cpa, 10 * kUnit, 100 * kUnit);
  rate(99'999'999);
  EXPECT_EQ(offer(), 0);
  EXPECT_EQ(engine_.explain(1, MarketRun::plain_lead(99), at_us_)->reason, "below_reserve");
  rate(100'000'000);
  EXPECT_EQ(offer(), 1);
}

TEST_F(EngineConversions, AnAuctionNamesTheEstimatesItUsed) {
  campaign(1, PricingModel::cpa, 10 * kUnit, 100 * kUnit);
  rate(500'000'000);
  ASSERT_EQ(offer(), 1);
  int auctions = 0;
  for (auto const& effect : effects_) {
    auto const* const held = std::get_if<AuctionHeld>(&effect);
    if (held == nullptr) continue;
    EXPECT_EQ(held->estimates, 1);
    ++auctions;
  }
  EXPECT_EQ(auctions, 1);
}

TEST_F(EngineConversions, ByExpectedValueABidPerLeadCountsByItsChanceOfBeingKept) {
  configure(CpaHold::full, [](MarketRules& rules) { rules.rank_by = RankBy::expected_value; });
  campaign(1, PricingModel::cpl, 5 * kUnit, 100 * kUnit);
  campaign(2, PricingModel::cpl, 4 * kUnit, 100 * kUnit);
  SetEstimates set;
  set.estimates.version = 1;
  set.estimates.returns.market_ppb = 100'000'000;
  set.estimates.returns.buyers = {{1, 3 * estimate::kWhole}};
  ASSERT_EQ(apply(set).refusal, Refusal::none);
  EXPECT_EQ(offer(), 2) << "5 × 70 % is less than 4 × 90 %";
}

TEST_F(EngineConversions, OlderOrBrokenEstimatesAreRefused) {
  rate(1000);
  SetEstimates set;
  set.estimates.version = 1;
  EXPECT_EQ(apply(set).refusal, Refusal::estimates_invalid);
  set.estimates.version = 2;
  set.estimates.conversions.sources = {{2, 5}, {1, 5}};
  EXPECT_EQ(apply(set).refusal, Refusal::estimates_invalid);
}

TEST_F(EngineConversions, AFullHoldKeepsTheWholeBidUntilItLapses) {
  rate(500'000'000);
  campaign(1, PricingModel::cpa, 10 * kUnit, 25 * kUnit,
           [](CampaignTerms& terms) { terms.leads_max[3] = 5; });
  ASSERT_EQ(offer(), 1);
  EXPECT_EQ(free(1), 15 * kUnit);
  wait(130 * kMinuteUs);
  EXPECT_EQ(sale(1).award.state, SaleState::waiting);
  wait(470 * kMinuteUs);
  EXPECT_EQ(sale(1).award.state, SaleState::waiting) << "what happened in time may be told late";
  wait(21 * kMinuteUs);
  EXPECT_EQ(sale(1).award.state, SaleState::lapsed);
  EXPECT_EQ(free(1), 25 * kUnit);
  EXPECT_EQ(engine_.campaign(1)->counters[3].n, 0);
  EXPECT_EQ(report(1), Refusal::sale_unknown);
}

TEST_F(EngineConversions, AConversionSettlesTheSaleForItsPrice) {
  rate(500'000'000);
  campaign(1, PricingModel::cpa, 10 * kUnit, 25 * kUnit,
           [](CampaignTerms& terms) { terms.value_bp = 500; });
  ASSERT_EQ(offer(), 1);
  ASSERT_EQ(report(1, [](auto& r) { r.value_micros = 100 * kUnit; }), Refusal::none);
  EXPECT_EQ(sale(1).award.state, SaleState::settled);
  EXPECT_EQ(sale(1).credited_micros, 5 * kUnit);
  EXPECT_EQ(free(1), 20 * kUnit);
  EXPECT_EQ(report(1), Refusal::already_converted);
  EXPECT_EQ(apply(OpenReturn{1, 0, 1, "bogus", false}).refusal, Refusal::return_window_closed);
  ASSERT_EQ(offer(), 1);
  ASSERT_EQ(report(2, [](auto& r) { r.value_micros = 5000 * kUnit; }), Refusal::none);
  EXPECT_EQ(free(1), 10 * kUnit) << "never more than the bid";
  // 30 micros × 5 % are 1.5: half to even.
  ASSERT_EQ(offer(), 1);
  ASSERT_EQ(report(3, [](auto& r) { r.value_micros = 30; }), Refusal::none);
  EXPECT_EQ(sale(3).award.gross_micros - sale(3).credited_micros, 2);
}

TEST_F(EngineConversions, EachRefusalOfAConversionHasItsCause) {
  rate(500'000'000);
  campaign(1, PricingModel::cpa, 10 * kUnit, 100 * kUnit, [](CampaignTerms& terms) {
    terms.delivery = Delivery::webhook;
    terms.value_bp = 1;
  });
  ASSERT_EQ(offer(), 1);
  EXPECT_EQ(report(1), Refusal::sale_not_delivered);
  ASSERT_EQ(apply(ConfirmDelivery{1, 0}).refusal, Refusal::none);
  EXPECT_EQ(report(1, [](auto& r) { r.buyer_no = 2; }), Refusal::sale_unknown);
  EXPECT_EQ(report(1, [](auto& r) { r.event = "other"; }), Refusal::event_unknown);
  auto const sold_us = sale(1).award.sold_us;
  EXPECT_EQ(report(1, [&](auto& r) { r.at_us = sold_us - 2 * kUnit; }),
            Refusal::conversion_window_closed);
  EXPECT_EQ(report(1, [&](auto& r) { r.at_us = at_us_ + 9; }), Refusal::conversion_window_closed);
  EXPECT_EQ(report(1, [](auto& r) { r.value_micros = 0; }), Refusal::amount_invalid);
  EXPECT_EQ(report(1, [](auto& r) { r.value_micros = 3; }), Refusal::amount_invalid)
      << "it would cost nothing";
  EXPECT_EQ(report(1, [](auto& r) { r.transaction_id.clear(); }), Refusal::amount_invalid);
  ASSERT_EQ(apply(OpenReturn{1, 0, 1, "bogus", false}).refusal, Refusal::none);
  EXPECT_EQ(report(1), Refusal::return_open);
  campaign(2, PricingModel::cpl, 50 * kUnit, 100 * kUnit);
  ASSERT_EQ(offer(), 2);
  EXPECT_EQ(report(2), Refusal::not_per_acquisition);
}

TEST_F(EngineConversions, OnlyConversionsInsideTheWindowCount) {
  rate(500'000'000);
  campaign(1, PricingModel::cpa, 10 * kUnit, 100 * kUnit);
  ASSERT_EQ(offer(), 1);
  ASSERT_EQ(offer(), 1);
  wait(610 * kMinuteUs);
  auto const until = sale(1).award.acquisition.until_us;
  EXPECT_EQ(report(1, [&](auto& r) { r.at_us = until + 1; }), Refusal::conversion_window_closed);
  EXPECT_EQ(report(1, [&](auto& r) { r.at_us = until; }), Refusal::none);
  EXPECT_EQ(sale(1).award.state, SaleState::settled);
}

TEST_F(EngineConversions, SilenceApprovesWhatAPostbackTold) {
  rate(500'000'000);
  campaign(1, PricingModel::cpa, 10 * kUnit, 100 * kUnit);
  ASSERT_EQ(offer(), 1);
  ASSERT_EQ(report(1, [](auto& r) { r.confirmed = false; }), Refusal::none);
  auto const told = conversion_no_;
  EXPECT_EQ(report(1), Refusal::already_converted);
  EXPECT_EQ(sale(1).award.state, SaleState::delivered);
  wait(19 * kMinuteUs);
  EXPECT_EQ(tables_.conversions().at(told).state, ConversionState::pending);
  wait(2 * kMinuteUs);
  EXPECT_EQ(tables_.conversions().at(told).state, ConversionState::approved);
  EXPECT_EQ(sale(1).award.state, SaleState::settled);
  EXPECT_EQ(apply(DecideConversion{told, 1, false, kNone}).refusal, Refusal::conversion_unknown);
}

TEST_F(EngineConversions, AConversionThatWaitsKeepsItsSaleOpen) {
  configure(CpaHold::full, [](MarketRules& rules) { rules.cpa_review_us = 100 * kMinuteUs; });
  rate(500'000'000);
  campaign(1, PricingModel::cpa, 10 * kUnit, 100 * kUnit);
  ASSERT_EQ(offer(), 1);
  wait(690 * kMinuteUs);
  auto const until = sale(1).award.acquisition.until_us;
  ASSERT_EQ(report(1,
                   [&](auto& r) {
                     r.at_us = until;
                     r.confirmed = false;
                   }),
            Refusal::none);
  wait(30 * kMinuteUs);
  EXPECT_EQ(sale(1).award.state, SaleState::waiting);
  EXPECT_EQ(apply(DecideConversion{conversion_no_, 2, false, kNone}).refusal,
            Refusal::conversion_unknown);
  ASSERT_EQ(apply(DecideConversion{conversion_no_, 0, false, kNone}).refusal, Refusal::none);
  wait(kMinuteUs);
  EXPECT_EQ(sale(1).award.state, SaleState::lapsed);
}

TEST_F(EngineConversions, WhileAReturnIsOpenNothingSettles) {
  rate(500'000'000);
  campaign(1, PricingModel::cpa, 10 * kUnit, 100 * kUnit);
  ASSERT_EQ(offer(), 1);
  ASSERT_EQ(report(1, [](auto& r) { r.confirmed = false; }), Refusal::none);
  auto const told = conversion_no_;
  auto const returned = apply(OpenReturn{1, 0, 1, "bogus", false}).number;
  EXPECT_EQ(apply(DecideConversion{told, 1, true, kNone}).refusal, Refusal::return_open);
  ASSERT_EQ(apply(ContestReturn{returned, 101}).refusal, Refusal::none);
  wait(40 * kMinuteUs);
  EXPECT_EQ(tables_.conversions().at(told).state, ConversionState::pending);
  ASSERT_EQ(apply(DecideDispute{returned, Ruling::partial, 4 * kUnit}).refusal, Refusal::none);
  wait(kMinuteUs);
  EXPECT_EQ(tables_.conversions().at(told).state, ConversionState::approved);
  EXPECT_EQ(tables_.conversions().at(told).price_micros, 6 * kUnit);
}

TEST_F(EngineConversions, AnAcceptedReturnEndsTheConversion) {
  rate(500'000'000);
  campaign(1, PricingModel::cpa, 10 * kUnit, 100 * kUnit);
  ASSERT_EQ(offer(), 1);
  ASSERT_EQ(report(1, [](auto& r) { r.confirmed = false; }), Refusal::none);
  ASSERT_EQ(apply(OpenReturn{1, 0, 1, "bogus", true}).refusal, Refusal::none);
  EXPECT_EQ(tables_.conversions().at(conversion_no_).state, ConversionState::rejected);
  EXPECT_EQ(free(1), 100 * kUnit);
}

TEST_F(EngineConversions, APoolKeepsTheExpectedValueButNeverLessThanTheLargestBid) {
  configure(CpaHold::pooled);
  rate(400'000'000);
  campaign(1, PricingModel::cpa, 10 * kUnit, 25 * kUnit);
  for (int i = 0; i < 6; ++i) ASSERT_EQ(offer(), 1) << i;
  EXPECT_EQ(free(1), kUnit) << "6 × 10 × 40 %";
  EXPECT_EQ(offer(), 0) << "a seventh is not covered";
  EXPECT_EQ(tables_.budgets().at({1, 1}), 25 * kUnit) << "no money has moved";
  EXPECT_EQ(apply(DefundBudget{{1, 1}, ++intents_, 2 * kUnit}).refusal,
            Refusal::insufficient_funds);
}

TEST_F(EngineConversions, ADebtStopsItsCampaignUntilItIsPaid) {
  configure(CpaHold::pooled);
  rate(400'000'000);
  campaign(1, PricingModel::cpa, 10 * kUnit, 25 * kUnit);
  for (int i = 0; i < 6; ++i) ASSERT_EQ(offer(), 1);
  for (std::int64_t lead = 1; lead <= 2; ++lead) ASSERT_EQ(report(lead), Refusal::none);
  EXPECT_EQ(tables_.budgets().at({1, 1}), 5 * kUnit);
  ASSERT_EQ(report(3), Refusal::none);
  auto const debt = conversion_no_;
  EXPECT_EQ(tables_.conversions().at(debt).state, ConversionState::uncovered);
  EXPECT_EQ(engine_.campaign(1)->status, CampaignStatus::owing);
  EXPECT_EQ(apply(OpenReturn{3, 0, 1, "bogus", false}).refusal, Refusal::already_converted);
  ASSERT_EQ(apply(PauseCampaign{1, 1, true}).refusal, Refusal::none);
  ASSERT_EQ(apply(PauseCampaign{1, 1, false}).refusal, Refusal::none);
  EXPECT_EQ(engine_.campaign(1)->status, CampaignStatus::owing) << "resuming pays no debts";
  fund(1, 4 * kUnit);
  EXPECT_EQ(engine_.campaign(1)->status, CampaignStatus::owing);
  fund(1, 40 * kUnit);
  EXPECT_EQ(tables_.conversions().at(debt).state, ConversionState::approved);
  EXPECT_EQ(tables_.budgets().at({1, 1}), 39 * kUnit);
  EXPECT_EQ(engine_.campaign(1)->status, CampaignStatus::active);
}

TEST_F(EngineConversions, AStandingBidOfADebtorIsSoldWithTheMoneyItHolds) {
  for (bool const falls : {false, true}) {
    SCOPED_TRACE(falls);
    engine_ = Engine{};
    tables_ = ShadowTables{};
    versions_.clear();
    configure(CpaHold::pooled, [&](MarketRules& rules) {
      if (falls) rules.fall_us = 120 * kMinuteUs;
    });
    rate(500'000'000);
    campaign(1, PricingModel::cpa, 50 * kUnit, 100 * kUnit);
    ASSERT_EQ(offer(), 1);
    ASSERT_EQ(offer(), 1);
    auto const second = leads_;
    rate(1'000'000);
    auto lead = MarketRun::plain_lead(++leads_);
    lead.version = version_;
    lead.ask_micros = 60 * kUnit;
    ASSERT_TRUE(apply(lead).rests);
    ASSERT_TRUE(apply(PlaceBid{leads_, {1, 1}, 40 * kUnit, false}).rests);
    ASSERT_EQ(report(second - 1), Refusal::none);
    ASSERT_EQ(report(second), Refusal::none);
    auto const debt = conversion_no_;
    ASSERT_EQ(engine_.campaign(1)->status, CampaignStatus::owing);
    wait(119 * kMinuteUs);
    EXPECT_EQ(sale(leads_).award.model, PricingModel::cpl) << "the bid was there first";
    EXPECT_EQ(tables_.conversions().at(debt).state, ConversionState::uncovered);
    fund(1, 50 * kUnit);
    EXPECT_EQ(tables_.conversions().at(debt).state, ConversionState::approved);
    EXPECT_GE(tables_.budgets().at({1, 1}), 0);
  }
}

TEST_F(EngineConversions, WhatAPingGivesBackPaysDebts) {
  configure(CpaHold::pooled);
  rate(500'000'000);
  campaign(1, PricingModel::cpa, 50 * kUnit, 104 * kUnit);
  ASSERT_EQ(offer(), 1);
  ASSERT_EQ(offer(), 1);
  campaign(1, PricingModel::cpl, 54 * kUnit, 0);  // its sales stay what they were
  OfferPing ping{.ping_no = 7, .ttl_us = kMinuteUs, .lead = MarketRun::plain_lead(0)};
  ping.lead.version = version_;
  ASSERT_EQ(apply(ping).refusal, Refusal::none);
  ASSERT_EQ(engine_.ping_count(), 1U);
  ASSERT_EQ(report(1), Refusal::none);
  ASSERT_EQ(report(2), Refusal::none);
  EXPECT_EQ(engine_.campaign(1)->status, CampaignStatus::owing) << "54 are there, all promised";
  wait(2 * kMinuteUs);
  EXPECT_EQ(tables_.conversions().at(conversion_no_).state, ConversionState::approved);
  EXPECT_EQ(tables_.budgets().at({1, 1}), 4 * kUnit);
  EXPECT_EQ(engine_.campaign(1)->status, CampaignStatus::exhausted);
}

TEST_F(EngineConversions, APromiseIsNotTakenOverByAnAcquisition) {
  rate(500'000'000);
  campaign(1, PricingModel::cpa, 24 * kUnit, 100 * kUnit);
  campaign(2, PricingModel::cpl, 10 * kUnit, 100 * kUnit);
  OfferPing ping{.ping_no = 7, .ttl_us = kMinuteUs, .lead = MarketRun::plain_lead(0)};
  ASSERT_EQ(apply(ping).refusal, Refusal::none);
  auto const* const promised = std::get_if<PingReserved>(&effects_.at(0));
  ASSERT_NE(promised, nullptr);
  auto const reserved = *promised;
  ASSERT_EQ(reserved.bids.size(), 1U);
  ASSERT_EQ(reserved.bids[0].buyer_no, 2);
  ASSERT_EQ(apply(ForgetPings{}).refusal, Refusal::none);
  PostPing const post{7, reserved.expires_us, reserved.bids, MarketRun::plain_lead(++leads_)};
  ASSERT_EQ(apply(post).sold.size(), 1U);
  EXPECT_EQ(sale(leads_).award.budget.buyer_no, 2) << "what it brings pays the promise";
}

TEST_F(EngineConversions, APingIsPromisedNoAcquisitions) {
  rate(500'000'000);
  campaign(1, PricingModel::cpa, 10 * kUnit, 100 * kUnit);
  OfferPing ping{.ping_no = 7, .ttl_us = kMinuteUs, .lead = MarketRun::plain_lead(0)};
  ASSERT_EQ(apply(ping).refusal, Refusal::none);
  EXPECT_TRUE(effects_.empty());
  EXPECT_EQ(offer(), 1);
}

TEST_F(EngineConversions, WhatIsBoughtByHandIsPaidForAsALead) {
  rate(10'000'000);
  campaign(1, PricingModel::cpa, 10 * kUnit, 100 * kUnit,
           [](CampaignTerms& terms) { terms.buys_listings = true; });
  ASSERT_EQ(offer(), 0);
  EXPECT_FALSE(apply(SweepListings{1}).sold.size());
  ASSERT_EQ(apply(PlaceBid{1, {1, 1}, 3 * kUnit, false}).sold.size(), 1U);
  EXPECT_EQ(sale(1).award.model, PricingModel::cpl);
}

}  // namespace
}  // namespace leadex::market
