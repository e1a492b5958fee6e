// Visits that are paid for by what comes of them, one by one: who gets them, what is held, what a
// conversion costs; and conversions of clicks that were paid for as such.

#include <gtest/gtest.h>

#include "matching/market/codec.hpp"
#include "tests/matching/market/market_run.hpp"
#include "tests/matching/market/shadow_tables.hpp"

namespace leadex::market {
namespace {

constexpr std::int64_t kStartUs = 1'791'158'400 * kUnit;
constexpr std::int64_t kWindowUs = 600 * kMinuteUs;
constexpr std::int64_t kReviewUs = 20 * kMinuteUs;

class EngineVisits : public testing::Test {
 protected:
  void SetUp() override { configure(CpaHold::full); }

  void configure(CpaHold hold, std::function<void(MarketRules&)> const& change = {}) {
    auto rules = MarketRun::rules(++version_);
    rules.cpa_window_us = kWindowUs;
    rules.cpa_review_us = kReviewUs;
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
  Outcome upsert(std::int64_t no, PricingModel model, std::int64_t bid_micros,
                 std::function<void(CampaignTerms&)> const& change = {}) {
    UpsertCampaign upsert;
    upsert.campaign_no = upsert.buyer_no = no;
    upsert.version = ++versions_[no];
    upsert.terms.bid_micros = bid_micros;
    upsert.terms.model = model;
    upsert.terms.landing_url = "https://example.com/";
    if (model == PricingModel::cpa) upsert.terms.event = "policy";
    upsert.terms.exclusivity = auction::Exclusivity::exclusive;
    auto const schema = targeting::Schema::make(MarketRun::rules().attributes).value();
    auto const bytes = targeting::encode(targeting::all_of({}), schema, {});
    upsert.terms.targeting = {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
    if (change) change(upsert.terms);
    return apply(upsert);
  }
  void campaign(std::int64_t no, PricingModel model, std::int64_t bid_micros,
                std::int64_t fund_micros, std::function<void(CampaignTerms&)> const& change = {}) {
    ASSERT_EQ(upsert(no, model, bid_micros, change).refusal, Refusal::none);
    ASSERT_EQ(apply(FundBudget{{no, no}, ++intents_, fund_micros}).refusal, Refusal::none);
  }
  /// So many visits come to something, and so many leads.
  void rate(std::int64_t visits_ppb, std::int64_t leads_ppb = 0) {
    SetEstimates set;
    set.estimates.version = engine_.estimates().version + 1;
    set.estimates.visits = {.market_ppb = visits_ppb};
    set.estimates.conversions.market_ppb = leads_ppb;
    ASSERT_EQ(apply(set).refusal, Refusal::none);
  }
  /// @return the buyer; 0 nobody
  std::int64_t click(std::function<void(OfferClick&)> const& change = {}) {
    OfferClick click;
    click.click_no = ++numbers_;
    click.generator_no = 101;
    click.version = version_;
    click.attributes.resize(MarketRun::rules().attributes.size());
    if (change) change(click);
    (void)apply(click);
    return bought_by();
  }
  std::int64_t offer() {
    auto lead = MarketRun::plain_lead(++numbers_);
    lead.version = version_;
    (void)apply(lead);
    return bought_by();
  }
  [[nodiscard]] std::int64_t bought_by() const {
    for (auto const& effect : effects_) {
      if (auto const* sale = std::get_if<SaleAwarded>(&effect)) return sale->budget.buyer_no;
    }
    return 0;
  }
  Outcome report(std::int64_t click_no, std::function<void(ReportConversion&)> const& change = {}) {
    ReportConversion report{.lead_no = click_no,
                            .buyer_no = sale(click_no).award.budget.buyer_no,
                            .event = sale(click_no).award.acquisition.event,
                            .transaction_id = "t" + std::to_string(click_no),
                            .at_us = at_us_,
                            .confirmed = true};
    if (change) change(report);
    return apply(report);
  }
  Outcome note(std::int64_t click_no, std::function<void(NoteConversion&)> const& change = {}) {
    auto const& award = sale(click_no).award;
    NoteConversion note{.click_no = click_no,
                        .budget = award.budget,
                        .clicked_us = award.sold_us,
                        .event = "conversion",
                        .transaction_id = "n" + std::to_string(click_no),
                        .at_us = at_us_};
    if (change) change(note);
    return apply(note);
  }
  void wait(std::int64_t us) {
    at_us_ += us;
    (void)apply(Tick{});
  }
  [[nodiscard]] SaleImage const& sale(std::int64_t no) const { return tables_.sales().at({no, 0}); }
  [[nodiscard]] std::int64_t free(std::int64_t no) const { return engine_.available({no, no}); }
  void expect_reloads_to_the_same() {
    Engine again;
    again.restore(tables_.image(engine_.numbers()));
    EXPECT_EQ(again.describe(), engine_.describe());
  }

  Engine engine_;
  ShadowTables tables_;
  std::vector<Effect> effects_;
  std::map<std::int64_t, std::int32_t> versions_;
  std::int64_t at_us_{kStartUs};
  std::int32_t version_{};
  std::int64_t intents_{};
  std::int64_t numbers_{};
};

TEST_F(EngineVisits, AVisitGoesToWhoeverItIsWorthMostTo) {
  campaign(1, PricingModel::cpc, kUnit, 100 * kUnit);
  campaign(2, PricingModel::cpa, 40 * kUnit, 1000 * kUnit);
  campaign(3, PricingModel::cpl, 20 * kUnit, 1000 * kUnit);
  EXPECT_EQ(click(), 1) << "without history 40 counts for 2 % × 0.7 of it";
  rate(20'000'000);
  EXPECT_EQ(click(), 1) << "40 × 2 % is less than 1";
  rate(30'000'000);
  EXPECT_EQ(click(), 2);
  auto const& award = sale(numbers_).award;
  EXPECT_EQ(award.gross_micros, 40 * kUnit);
  EXPECT_EQ(award.model, PricingModel::cpa);
  EXPECT_TRUE(award.exclusive);
  EXPECT_EQ(award.slot, 0);
  EXPECT_EQ(award.acquisition.event, "policy");
  EXPECT_TRUE(award.acquisition.visit);
  EXPECT_EQ(engine_.listing_count(), 0U);
  ASSERT_EQ(upsert(3, PricingModel::cpl, 50 * kUnit).refusal, Refusal::none);
  EXPECT_EQ(click(), 3);
  expect_reloads_to_the_same();
}

TEST_F(EngineVisits, WithoutALandingPageACampaignSeesNoVisit) {
  auto const nowhere = [](CampaignTerms& terms) { terms.landing_url.clear(); };
  campaign(1, PricingModel::cpa, 40 * kUnit, 1000 * kUnit, nowhere);
  campaign(2, PricingModel::cpl, 40 * kUnit, 1000 * kUnit, nowhere);
  rate(estimate::kWhole);
  EXPECT_EQ(click(), 0);
  EXPECT_TRUE(effects_.empty());
}

TEST_F(EngineVisits, ACampaignPerLeadPaysForAVisitThatBecomesOne) {
  campaign(1, PricingModel::cpl, 10 * kUnit, 100 * kUnit);
  rate(500'000'000);
  ASSERT_EQ(click(), 1);
  EXPECT_EQ(sale(numbers_).award.acquisition.event, "lead");
  EXPECT_EQ(sale(numbers_).award.acquisition.value_bp, 0);
  EXPECT_EQ(free(1), 90 * kUnit);
  EXPECT_EQ(report(numbers_, [](auto& told) { told.event = "policy"; }).refusal,
            Refusal::event_unknown);
  auto const told = report(numbers_, [](auto& one) { one.value_micros = kUnit; });
  EXPECT_EQ(told.refusal, Refusal::none);
  EXPECT_EQ(told.micros, 10 * kUnit) << "a lead has its price, whatever it is worth";
  EXPECT_EQ(sale(numbers_).award.state, SaleState::settled);
  // Leads of the same campaign are paid for as ever.
  ASSERT_EQ(offer(), 1);
  EXPECT_EQ(sale(numbers_).award.model, PricingModel::cpl);
  EXPECT_FALSE(sale(numbers_).award.acquisition.visit);
}

TEST_F(EngineVisits, VisitsHaveRatesOfTheirOwn) {
  campaign(1, PricingModel::cpa, 10 * kUnit, 1000 * kUnit);
  rate(0, 500'000'000);
  EXPECT_EQ(click(), 0);
  EXPECT_EQ(offer(), 1);
  rate(500'000'000, 0);
  EXPECT_EQ(click(), 1);
  EXPECT_EQ(offer(), 0);
}

TEST_F(EngineVisits, TheRatesOfReturnsSayNothingOfVisits) {
  campaign(1, PricingModel::cpa, 10 * kUnit, 1000 * kUnit);
  SetEstimates set;
  set.estimates.version = 1;
  set.estimates.visits.market_ppb = estimate::kWhole;
  set.estimates.visits.unknown_buyer_ppb = estimate::kWhole;
  set.estimates.returns.market_ppb = estimate::kWhole;
  ASSERT_EQ(apply(set).refusal, Refusal::none);
  EXPECT_EQ(click(), 1);
}

TEST_F(EngineVisits, TheClickReserveIsHeldAgainstTheExpectedValue) {
  campaign(1, PricingModel::cpa, 10 * kUnit, 1000 * kUnit);
  rate(49'999'999);
  EXPECT_EQ(click(), 0);
  rate(50'000'000);
  EXPECT_EQ(click(), 1);
}

TEST_F(EngineVisits, AtSecondPriceABidPerAcquisitionPaysWhatIsWorthAsMuch) {
  configure(CpaHold::full, [](MarketRules& rules) {
    rules.price_rule = auction::PriceRule::second_price;
    rules.click_reserve_micros = 0;
  });
  campaign(1, PricingModel::cpc, kUnit, 100 * kUnit);
  campaign(2, PricingModel::cpa, 40 * kUnit, 1000 * kUnit);
  rate(50'000'000);
  ASSERT_EQ(click(), 2);
  EXPECT_EQ(sale(numbers_).award.gross_micros, 20 * kUnit) << "5 % of it are the other's 1";
}

TEST_F(EngineVisits, WhereLeadsHaveAFixedPriceNothingElseIsPaidForByResults) {
  configure(CpaHold::full,
            [](MarketRules& rules) { rules.price_rule = auction::PriceRule::fixed; });
  campaign(1, PricingModel::cpa, 40 * kUnit, 1000 * kUnit);
  campaign(2, PricingModel::cpl, 40 * kUnit, 1000 * kUnit);
  rate(estimate::kWhole);
  EXPECT_EQ(click(), 0);
  configure(CpaHold::full, [](MarketRules& rules) { rules.cpa_window_us = 0; });
  EXPECT_EQ(click(), 0) << "nor where no conversion could come in time";
}

TEST_F(EngineVisits, AVisitWaitsFromTheStartAndLapsesWithoutAConversion) {
  campaign(1, PricingModel::cpa, 10 * kUnit, 15 * kUnit,
           [](CampaignTerms& terms) { terms.delivery = Delivery::webhook; });
  rate(estimate::kWhole);
  ASSERT_EQ(click(), 1);
  auto const no = numbers_;
  auto const& award = sale(no).award;
  EXPECT_EQ(award.state, SaleState::waiting) << "there is nothing to deliver";
  EXPECT_EQ(award.acquisition.until_us, award.sold_us + kWindowUs);
  EXPECT_EQ(award.due_us, award.sold_us + kWindowUs + kReviewUs);
  EXPECT_EQ(free(1), 5 * kUnit);
  EXPECT_EQ(engine_.campaign(1)->counters[1].n, 1);
  EXPECT_EQ(apply(OpenReturn{no, 0, 1, "bogus", true}).refusal, Refusal::not_of_this_model);
  EXPECT_EQ(apply(ConfirmDelivery{no, 0}).refusal, Refusal::sale_not_pending);
  wait(kWindowUs + kReviewUs);
  EXPECT_EQ(sale(no).award.state, SaleState::lapsed);
  EXPECT_EQ(free(1), 15 * kUnit);
  EXPECT_EQ(engine_.campaign(1)->counters[1].n, 0);
  expect_reloads_to_the_same();
}

TEST_F(EngineVisits, AConversionSettlesTheSaleForItsPart) {
  campaign(1, PricingModel::cpa, 10 * kUnit, 15 * kUnit,
           [](CampaignTerms& terms) { terms.value_bp = 1000; });
  rate(estimate::kWhole);
  ASSERT_EQ(click(), 1);
  auto const told = report(numbers_, [](auto& one) { one.value_micros = 40 * kUnit; });
  ASSERT_EQ(told.refusal, Refusal::none);
  EXPECT_EQ(told.micros, 4 * kUnit);
  EXPECT_EQ(free(1), 11 * kUnit);
  EXPECT_EQ(report(numbers_, [](auto& one) { one.transaction_id = "other"; }).refusal,
            Refusal::already_converted);
}

TEST_F(EngineVisits, AConversionAfterTheWindowIsTooLate) {
  campaign(1, PricingModel::cpa, 10 * kUnit, 15 * kUnit);
  rate(estimate::kWhole);
  ASSERT_EQ(click(), 1);
  auto const sold = sale(numbers_).award.sold_us;
  at_us_ = sold + kWindowUs + 1;
  EXPECT_EQ(report(numbers_).refusal, Refusal::conversion_window_closed);
  EXPECT_EQ(report(numbers_, [&](auto& one) { one.at_us = sold + kWindowUs; }).refusal,
            Refusal::none);
}

TEST_F(EngineVisits, PooledVisitsKeepWhatTheyAreWorthAlsoOfACampaignPerLead) {
  configure(CpaHold::pooled);
  campaign(1, PricingModel::cpl, 10 * kUnit, 24 * kUnit);
  rate(100'000'000);
  ASSERT_EQ(click(), 1);
  EXPECT_EQ(sale(numbers_).award.acquisition.held_micros, kUnit);
  EXPECT_EQ(free(1), 14 * kUnit) << "never less than the largest open bid";
  auto const first = numbers_;
  ASSERT_EQ(click(), 1);
  EXPECT_EQ(free(1), 14 * kUnit);
  // A lead takes its price at once, so the pool can come to owe; and visits can still be bought.
  ASSERT_EQ(offer(), 1);
  EXPECT_EQ(free(1), 4 * kUnit);
  EXPECT_EQ(offer(), 0);
  EXPECT_EQ(engine_.campaign(1)->status, CampaignStatus::active);
  EXPECT_EQ(report(first).refusal, Refusal::none);
  auto const second = report(first + 1);
  EXPECT_EQ(second.refusal, Refusal::none);
  EXPECT_TRUE(second.rests) << "14 were there, 20 are owed";
  EXPECT_EQ(engine_.campaign(1)->status, CampaignStatus::owing);
  expect_reloads_to_the_same();
  ASSERT_EQ(apply(FundBudget{{1, 1}, ++intents_, 6 * kUnit}).refusal, Refusal::none);
  EXPECT_EQ(sale(first + 1).award.state, SaleState::settled);
  EXPECT_EQ(free(1), 0);
}

TEST_F(EngineVisits, ATrialIsAboutLeads) {
  campaign(1, PricingModel::cpl, 10 * kUnit, 100 * kUnit, [](CampaignTerms& terms) {
    terms.trial = {1, 2 * kUnit, 200 * kMinuteUs, 8000};
  });
  rate(estimate::kWhole);
  EXPECT_EQ(click(), 0);
  ASSERT_EQ(offer(), 1);
  ASSERT_EQ(apply(PauseCampaign{1, 1, false}).refusal, Refusal::none);
  EXPECT_EQ(click(), 1);
}

TEST_F(EngineVisits, WhoGotTheVisitorLatelyDoesNotBidAgain) {
  campaign(1, PricingModel::cpa, 10 * kUnit, 100 * kUnit);
  rate(estimate::kWhole);
  EXPECT_EQ(click([](OfferClick& visit) { visit.paid_by = {1}; }), 0);
}

TEST_F(EngineVisits, VisitsGiveNoRightToReturnMoreLeads) {
  campaign(1, PricingModel::cpl, 2 * kUnit, 100 * kUnit);
  rate(estimate::kWhole);
  for (int i = 0; i < 10; ++i) ASSERT_EQ(click(), 1);
  ASSERT_EQ(offer(), 1);
  ASSERT_EQ(offer(), 1);
  EXPECT_EQ(apply(OpenReturn{numbers_ - 1, 0, 1, "bogus", false}).refusal, Refusal::none);
  EXPECT_EQ(apply(OpenReturn{numbers_, 0, 1, "bogus", false}).refusal,
            Refusal::return_ceiling_reached);
}

TEST_F(EngineVisits, ADealIsAboutLeads) {
  campaign(1, PricingModel::cpl, 10 * kUnit, 100 * kUnit);
  (void)apply(ProposeDeal{1, 101, 5 * kUnit, true, 1});
  (void)apply(AcceptDeal{1, 101});
  rate(estimate::kWhole);
  ASSERT_EQ(click(), 1);
  EXPECT_EQ(sale(numbers_).award.gross_micros, 10 * kUnit);
}

TEST_F(EngineVisits, AConversionOfAPaidClickIsNotedAndCostsNothing) {
  campaign(1, PricingModel::cpc, kUnit, 10 * kUnit);
  ASSERT_EQ(click(), 1);
  EXPECT_EQ(report(numbers_, [](auto& told) { told.event = "conversion"; }).refusal,
            Refusal::not_per_acquisition);
  auto const numbers = engine_.numbers();
  auto const noted = note(numbers_, [](auto& one) { one.value_micros = 7 * kUnit; });
  EXPECT_EQ(noted.refusal, Refusal::none);
  EXPECT_EQ(noted.number, numbers.conversion + 1);
  EXPECT_EQ(noted.micros, kNone);
  EXPECT_EQ(free(1), 9 * kUnit);
  EXPECT_EQ(sale(numbers_).award.state, SaleState::delivered);
  ASSERT_EQ(effects_.size(), 1U);
  auto const& moved = std::get<ConversionMoved>(effects_.front());
  EXPECT_EQ(moved.state, ConversionState::noted);
  EXPECT_EQ(moved.price_micros, kNone);
  EXPECT_EQ(moved.value_micros, 7 * kUnit);
  EXPECT_EQ(engine_.conversion(moved.conversion_no), nullptr) << "nothing is to come of it";
  expect_reloads_to_the_same();
}

TEST_F(EngineVisits, AConversionIsNotedOfAClickThatTheMarketHasForgotten) {
  campaign(1, PricingModel::cpc, kUnit, 10 * kUnit);
  ASSERT_EQ(click(), 1);
  wait(MarketRun::rules().click_review_us);
  wait(MarketRun::rules().holdback_us);
  ASSERT_EQ(engine_.sale({numbers_, 0}), nullptr);
  EXPECT_EQ(note(numbers_).refusal, Refusal::none);
  EXPECT_EQ(note(numbers_, [](auto& one) { one.at_us = one.clicked_us - kUnit; }).refusal,
            Refusal::conversion_window_closed);
  EXPECT_EQ(note(numbers_, [](auto& one) { one.event.clear(); }).refusal, Refusal::event_unknown);
  EXPECT_EQ(note(numbers_, [](auto& one) { one.transaction_id.clear(); }).refusal,
            Refusal::amount_invalid);
  EXPECT_EQ(note(numbers_, [](auto& one) { one.value_micros = 0; }).refusal,
            Refusal::amount_invalid);
  at_us_ = sale(numbers_).award.sold_us + kNotedWithinUs + 1;
  EXPECT_EQ(note(numbers_).refusal, Refusal::conversion_window_closed);
}

TEST(Codec, WhatWasWrittenBeforeVisitsWerePaidForByResultsReadsAsItWas) {
  SaleAwarded award;
  award.model = PricingModel::cpa;
  award.acquisition = {.until_us = 5, .held_micros = kNone, .value_bp = 7, .event = "policy"};
  auto const before = encode_value(award, 5);
  EXPECT_EQ(encode_value(award).size(), before.size() + 1);
  auto const read = decode_value<SaleAwarded>(before, 5);
  ASSERT_TRUE(read.has_value());
  EXPECT_FALSE(read->acquisition.visit);
  EXPECT_EQ(encode_value(*read, 5), before);

  estimate::EstimateVersion version;
  version.version = 3;
  version.visits.market_ppb = 1;
  auto const stored = decode_stored<estimate::EstimateVersion>(encode_value(version, 5));
  ASSERT_TRUE(stored.has_value());
  EXPECT_EQ(stored->version, 3);
  EXPECT_EQ(stored->visits.market_ppb, estimate::kPriorPpb);
  EXPECT_EQ(decode_stored<estimate::EstimateVersion>(encode_value(version))->visits.market_ppb, 1);
}

/// Two that pay equally for either, so that turns alone decide.
class EngineVisitTurns : public EngineVisits {
 protected:
  void route(auction::Routing routing) {
    configure(CpaHold::full, [&](MarketRules& rules) { rules.routing = routing; });
    rate(500'000'000);
    for (std::int64_t no = 1; no <= 2; ++no) {
      campaign(no, PricingModel::cpl, 4 * kUnit, 1000 * kUnit);
    }
  }
  std::vector<std::int64_t> clicks(int n) {
    std::vector<std::int64_t> to;
    for (int i = 0; i < n; ++i) to.push_back(click());
    return to;
  }
  std::vector<std::int64_t> offers(int n) {
    std::vector<std::int64_t> to;
    for (int i = 0; i < n; ++i) to.push_back(offer());
    return to;
  }
};

TEST_F(EngineVisitTurns, AVisitTakesNoLeadsTurn) {
  route(auction::Routing::round_robin);
  EXPECT_EQ(offers(1), (std::vector<std::int64_t>{1}));
  // Only one of them has a page: however many visits it gets, its next lead's turn stays.
  ASSERT_EQ(upsert(1, PricingModel::cpl, 4 * kUnit, [](auto& t) { t.landing_url = ""; }).refusal,
            Refusal::none);
  EXPECT_EQ(clicks(3), (std::vector<std::int64_t>{2, 2, 2}));
  EXPECT_EQ(offers(4), (std::vector<std::int64_t>{2, 1, 2, 1}));
  expect_reloads_to_the_same();
}

TEST_F(EngineVisitTurns, VisitsTakeTurnsAmongThemselves) {
  route(auction::Routing::round_robin);
  EXPECT_EQ(clicks(4), (std::vector<std::int64_t>{1, 2, 1, 2}));
  EXPECT_EQ(offers(1), (std::vector<std::int64_t>{1}));
  EXPECT_EQ(clicks(1), (std::vector<std::int64_t>{1}));
  EXPECT_EQ(offers(2), (std::vector<std::int64_t>{2, 1}));
  campaign(3, PricingModel::cpc, 2 * kUnit, 100 * kUnit);
  EXPECT_EQ(clicks(4), (std::vector<std::int64_t>{3, 2, 1, 3})) << "also with who pays per click";
  expect_reloads_to_the_same();
}

TEST_F(EngineVisitTurns, AVisitCountsForNoLeadsWeight) {
  route(auction::Routing::weight);
  ASSERT_EQ(upsert(1, PricingModel::cpl, 4 * kUnit, [](auto& t) { t.landing_url = ""; }).refusal,
            Refusal::none);
  EXPECT_EQ(clicks(3), (std::vector<std::int64_t>{2, 2, 2}));
  EXPECT_EQ(offers(4), (std::vector<std::int64_t>{1, 2, 1, 2}));
  ASSERT_EQ(upsert(1, PricingModel::cpl, 4 * kUnit).refusal, Refusal::none);
  EXPECT_EQ(clicks(5), (std::vector<std::int64_t>{1, 1, 1, 1, 2})) << "whom visits were missing";
  expect_reloads_to_the_same();
  // What lapses was not served after all; a day that is over has served nobody.
  wait(kWindowUs + kReviewUs + kHourUs);
  expect_reloads_to_the_same();
  EXPECT_EQ(offers(2), (std::vector<std::int64_t>{1, 2}));
  Window const next{kStartUs + 50 * kHourUs, kStartUs + 100 * kHourUs};
  (void)apply(SetZoneWindows{"UTC", {next, next, next, next}, 0});
  EXPECT_EQ(clicks(2), (std::vector<std::int64_t>{1, 2}));
  expect_reloads_to_the_same();
}

TEST_F(EngineVisits, CapsCountVisitsAsWell) {
  rate(500'000'000);
  campaign(1, PricingModel::cpl, 4 * kUnit, 100 * kUnit, [](auto& t) { t.leads_max[1] = 3; });
  EXPECT_EQ(click(), 1);
  EXPECT_EQ(offer(), 1);
  EXPECT_EQ(click(), 1);
  EXPECT_EQ(click(), 0) << "each of them may become a lead that is paid for";
  EXPECT_EQ(offer(), 0);
  wait(kWindowUs + kReviewUs + kHourUs);
  EXPECT_EQ(offer(), 1) << "those that came to nothing are given back";
}

TEST_F(EngineVisits, AVisitIsJudgedByTheBidItPaysOn) {
  rate(500'000'000);
  // It buys whole leads alone, at another price than a visit.
  auto const whole_at = [](std::int64_t micros) {
    return [micros](CampaignTerms& terms) { terms.exclusive_bid_micros = micros; };
  };
  campaign(1, PricingModel::cpl, 4 * kUnit, 10 * kUnit, whole_at(30 * kUnit));
  EXPECT_EQ(offer(), 0) << "no money for a whole lead";
  ASSERT_EQ(click(), 1);
  EXPECT_EQ(sale(numbers_).award.gross_micros, 4 * kUnit);
  EXPECT_EQ(click(), 1) << "two visits are within its money";
  EXPECT_EQ(click(), 0);
  EXPECT_EQ(engine_.campaign(1)->status, CampaignStatus::exhausted);
  ASSERT_EQ(apply(FundBudget{{1, 1}, ++intents_, 3 * kUnit}).refusal, Refusal::none);
  EXPECT_EQ(engine_.campaign(1)->status, CampaignStatus::active) << "enough for another visit";
  EXPECT_EQ(click(), 1);
  // And the other way round: what a lead costs less is not what a visit costs.
  campaign(2, PricingModel::cpl, 30 * kUnit, 10 * kUnit, whole_at(4 * kUnit));
  EXPECT_EQ(click(), 0);
  EXPECT_EQ(offer(), 2);
  expect_reloads_to_the_same();
}

TEST_F(EngineVisits, WhatALeadWouldCostIsExplainedByTheBidForLeads) {
  rate(500'000'000);
  campaign(1, PricingModel::cpl, 4 * kUnit, 10 * kUnit,
           [](auto& terms) { terms.exclusive_bid_micros = 30 * kUnit; });
  auto lead = MarketRun::plain_lead(++numbers_);
  lead.version = version_;
  auto const verdict = engine_.explain(1, lead, at_us_);
  ASSERT_TRUE(verdict.has_value());
  EXPECT_EQ(verdict->reason, "budget");
}

}  // namespace
}  // namespace leadex::market
