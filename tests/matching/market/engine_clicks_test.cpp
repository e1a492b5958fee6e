// Visits, one by one: who gets them, at what price, and what becomes of the sale.

#include <gtest/gtest.h>

#include <functional>

#include "tests/matching/market/market_run.hpp"
#include "tests/matching/market/shadow_tables.hpp"

namespace leadex::market {
namespace {

constexpr std::int64_t kStartUs = 1'791'158'400 * kUnit;

class EngineClicks : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(apply(ConfigureMarket{MarketRun::rules()}).refusal, Refusal::none);
    Window const all{kStartUs, kStartUs + 24 * kHourUs};
    ASSERT_EQ(apply(SetZoneWindows{"UTC", {all, all, all, all}, 0}).refusal, Refusal::none);
  }

  Outcome apply(Command const& command) {
    at_us_ += 1;
    auto applied = engine_.apply(from_unix_micros(at_us_), command);
    tables_.apply(command, at_us_, applied);
    effects_ = std::move(applied.effects);
    return std::move(applied.outcome);
  }
  static UpsertCampaign plain_campaign(std::int64_t no, std::int64_t bid_micros) {
    UpsertCampaign upsert;
    upsert.campaign_no = upsert.buyer_no = no;
    upsert.version = 1;
    upsert.terms.model = PricingModel::cpc;
    upsert.terms.landing_url = "https://example.com/";
    upsert.terms.bid_micros = bid_micros;
    upsert.terms.exclusivity = auction::Exclusivity::exclusive;
    auto const schema = targeting::Schema::make(MarketRun::rules().attributes).value();
    auto const bytes = targeting::encode(targeting::all_of({}), schema, {});
    upsert.terms.targeting = {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
    return upsert;
  }
  void campaign(std::int64_t no, std::int64_t bid_micros,
                std::function<void(CampaignTerms&)> const& change = {}) {
    auto upsert = plain_campaign(no, bid_micros);
    if (change) change(upsert.terms);
    ASSERT_EQ(apply(upsert).refusal, Refusal::none);
    ASSERT_EQ(apply(FundBudget{{no, no}, no, 10 * kUnit}).refusal, Refusal::none);
  }
  Outcome click(std::function<void(OfferClick&)> const& change = {}) {
    OfferClick click;
    click.click_no = ++numbers_;
    click.generator_no = 101;
    click.version = 1;
    click.attributes.resize(MarketRun::rules().attributes.size());
    if (change) change(click);
    return apply(click);
  }
  [[nodiscard]] SaleAwarded const* sale() const {
    for (auto const& effect : effects_) {
      if (auto const* found = std::get_if<SaleAwarded>(&effect)) return found;
    }
    return nullptr;
  }

  Engine engine_;
  ShadowTables tables_;
  std::vector<Effect> effects_;
  std::int64_t at_us_ = kStartUs;
  std::int64_t numbers_{};
};

TEST_F(EngineClicks, AVisitGoesToTheBestBidThatPaysForClicks) {
  campaign(1, kUnit);
  campaign(2, 2 * kUnit);
  campaign(3, 9 * kUnit, [](auto& terms) { terms.model = PricingModel::cpl; });
  auto const outcome = click();
  ASSERT_EQ(outcome.sold.size(), 1U);
  ASSERT_NE(sale(), nullptr);
  EXPECT_EQ(sale()->budget.campaign_no, 2);
  EXPECT_EQ(sale()->gross_micros, 2 * kUnit);
  EXPECT_EQ(sale()->model, PricingModel::cpc);
  EXPECT_EQ(sale()->state, SaleState::delivered);
  EXPECT_EQ(sale()->due_us, at_us_ + MarketRun::rules().click_review_us);
  EXPECT_FALSE(outcome.rests);
  EXPECT_EQ(engine_.listing_count(), 0U);
}

TEST_F(EngineClicks, ALeadDoesNotGoToACampaignThatPaysForClicks) {
  campaign(1, 9 * kUnit, [](auto& terms) { terms.buys_listings = true; });
  auto const outcome = apply(MarketRun::plain_lead(++numbers_));
  EXPECT_TRUE(outcome.sold.empty());
  EXPECT_TRUE(outcome.rests);
  EXPECT_TRUE(apply(SweepListings{1}).sold.empty());
  auto const why = engine_.explain(1, MarketRun::plain_lead(numbers_), at_us_);
  ASSERT_TRUE(why.has_value());
  EXPECT_EQ(why->reason, "pricing_model");
  EXPECT_EQ(apply(PlaceBid{numbers_, {1, 1}, 3 * kUnit, false}).refusal,
            Refusal::not_of_this_model);
  auto const all = plain_campaign(1, kUnit).terms.targeting;
  EXPECT_EQ(apply(Purchase{{1, 1}, all, 1, 9 * kUnit, false}).refusal, Refusal::not_of_this_model);
}

TEST_F(EngineClicks, AVisitThatNobodyWantsLeavesNoTrace) {
  campaign(1, kUnit / 2 - 1);  // below the click reserve
  auto const before = engine_.describe();
  EXPECT_TRUE(click().sold.empty());
  EXPECT_TRUE(effects_.empty());
  EXPECT_EQ(engine_.describe(), before);
}

TEST_F(EngineClicks, WhoPaidForTheVisitorLatelyDoesNotPayAgain) {
  campaign(1, 2 * kUnit);
  campaign(2, kUnit);
  (void)click([](auto& visit) { visit.paid_by = {1}; });
  ASSERT_NE(sale(), nullptr);
  EXPECT_EQ(sale()->budget.campaign_no, 2);
  EXPECT_TRUE(click([](auto& visit) { visit.paid_by = {1, 2}; }).sold.empty());
}

TEST_F(EngineClicks, TheLastOfTheBudgetIsSpentAndNoMore) {
  campaign(1, 4 * kUnit);
  EXPECT_EQ(click().sold.size(), 1U);
  EXPECT_EQ(click().sold.size(), 1U);
  EXPECT_TRUE(click().sold.empty());
  EXPECT_EQ(engine_.available({1, 1}), 2 * kUnit);
}

TEST_F(EngineClicks, CapsCountClicks) {
  campaign(1, kUnit, [](auto& terms) { terms.leads_max[1] = 2; });
  EXPECT_EQ(click().sold.size(), 1U);
  EXPECT_EQ(click().sold.size(), 1U);
  EXPECT_TRUE(click().sold.empty());
}

TEST_F(EngineClicks, AClickIsNotReturnedAndSettlesWhenItsReviewIsOver) {
  campaign(1, kUnit);
  (void)click();
  EXPECT_EQ(apply(OpenReturn{numbers_, 0, 1, "bogus", true}).refusal, Refusal::not_of_this_model);
  at_us_ += MarketRun::rules().click_review_us;
  (void)apply(Tick{});
  auto const* settled = engine_.sale({numbers_, 0});
  ASSERT_NE(settled, nullptr);
  EXPECT_EQ(settled->state, SaleState::settled);
  ClawBack const order{.order_no = 1,
                       .lead_no = numbers_,
                       .amount_micros = kUnit,
                       .budget = {1, 1},
                       .generator_no = 101,
                       .gross_micros = kUnit};
  EXPECT_EQ(apply(order).refusal, Refusal::none);
  EXPECT_EQ(engine_.available({1, 1}), 10 * kUnit);
}

TEST_F(EngineClicks, ClicksGiveNoRightToReturnMoreLeads) {
  campaign(1, kUnit / 2);
  campaign(2, 2 * kUnit, [](auto& terms) { terms.model = PricingModel::cpl; });
  // Both campaigns are one buyer's here, whose ceiling of one half counts leads alone.
  auto both = plain_campaign(3, kUnit / 2);
  both.buyer_no = 2;
  ASSERT_EQ(apply(both).refusal, Refusal::none);
  ASSERT_EQ(apply(FundBudget{{2, 3}, 9, 10 * kUnit}).refusal, Refusal::none);
  for (int i = 0; i < 10; ++i) (void)click([](auto& visit) { visit.paid_by = {1}; });
  std::vector<std::int64_t> leads;
  for (int i = 0; i < 2; ++i) {
    leads.push_back(++numbers_);
    ASSERT_EQ(apply(MarketRun::plain_lead(numbers_)).sold.size(), 1U);
  }
  EXPECT_EQ(apply(OpenReturn{leads[0], 0, 2, "bogus", false}).refusal, Refusal::none);
  EXPECT_EQ(apply(OpenReturn{leads[1], 0, 2, "bogus", false}).refusal,
            Refusal::return_ceiling_reached);
}

TEST_F(EngineClicks, ADealIsAboutLeads) {
  campaign(1, kUnit);
  (void)apply(ProposeDeal{1, 101, 5 * kUnit, true, 1});
  (void)apply(AcceptDeal{1, 101});
  (void)click();
  ASSERT_NE(sale(), nullptr);
  EXPECT_EQ(sale()->gross_micros, kUnit);
}

TEST_F(EngineClicks, WhereLeadsHaveAFixedPriceClicksCostTheirReserveOrTheirBid) {
  auto rules = MarketRun::rules();
  rules.price_rule = auction::PriceRule::fixed;
  ASSERT_EQ(apply(ConfigureMarket{rules}).refusal, Refusal::none);
  campaign(1, kUnit);
  (void)click();
  ASSERT_NE(sale(), nullptr);
  EXPECT_EQ(sale()->gross_micros, rules.click_reserve_micros);
  rules.click_reserve_micros = 0;
  ASSERT_EQ(apply(ConfigureMarket{rules}).refusal, Refusal::none);
  (void)click();
  ASSERT_NE(sale(), nullptr);
  EXPECT_EQ(sale()->gross_micros, kUnit);
}

TEST_F(EngineClicks, AtSecondPriceALoneBidPaysTheReserve) {
  auto rules = MarketRun::rules();
  rules.price_rule = auction::PriceRule::second_price;
  rules.click_reserve_micros = 0;
  ASSERT_EQ(apply(ConfigureMarket{rules}).refusal, Refusal::none);
  campaign(1, kUnit);
  (void)click();
  ASSERT_NE(sale(), nullptr);
  EXPECT_EQ(sale()->gross_micros, 1);
  campaign(2, 3 * kUnit);
  (void)click();
  ASSERT_NE(sale(), nullptr);
  EXPECT_EQ(sale()->budget.campaign_no, 2);
  EXPECT_EQ(sale()->gross_micros, kUnit);
}

TEST_F(EngineClicks, WhatACampaignPaysForStays) {
  campaign(1, kUnit);
  auto upsert = plain_campaign(1, kUnit);
  upsert.version = 2;
  upsert.terms.model = PricingModel::cpl;
  EXPECT_EQ(apply(upsert).refusal, Refusal::not_of_this_model);
}

TEST_F(EngineClicks, AVisitOfAnUnknownVersionIsRefused) {
  campaign(1, kUnit);
  EXPECT_EQ(click([](auto& visit) { visit.version = 7; }).refusal, Refusal::version_unknown);
}

}  // namespace
}  // namespace leadex::market
