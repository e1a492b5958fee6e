// Price rules, routes, limits and rights of a lead as the engine applies them, one by one.

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "matching/market/barred.hpp"
#include "matching/market/codec.hpp"
#include "matching/market/engine.hpp"
#include "tests/matching/market/market_run.hpp"

namespace leadex::market {
namespace {

constexpr std::int64_t kDayUs = 24 * kHourUs;
// Monday 2026-10-05, 00:00 UTC.
constexpr std::int64_t kMondayUs = 1'791'158'400 * kUnit;
static_assert((kMondayUs / kDayUs + 3) % 7 == 0);

class EngineRules : public testing::Test {
 protected:
  using Change = std::function<void(CampaignTerms&)>;

  void configure(std::function<void(MarketRules&)> const& change) {
    auto rules = MarketRun::rules();
    change(rules);
    ASSERT_EQ(apply(ConfigureMarket{rules}).refusal, Refusal::none);
    clock(kMondayUs);
  }
  void SetUp() override {
    configure([](MarketRules&) {});
  }

  /// Moves time there, with the windows of UTC as they stand then.
  void clock(std::int64_t at_us) {
    at_us_ = at_us;
    auto const whole = [&](std::int64_t begin, std::int64_t span) {
      return Window{begin, begin + span};
    };
    auto const hour = at_us / kHourUs * kHourUs;
    auto const day = at_us / kDayUs * kDayUs;
    auto const monday = day - (day / kDayUs + 3) % 7 * kDayUs;
    apply(SetZoneWindows{"UTC",
                         {whole(hour, kHourUs), whole(day, kDayUs), whole(monday, 7 * kDayUs),
                          whole(kMondayUs - 4 * kDayUs, 31 * kDayUs)},
                         static_cast<std::int32_t>((hour - monday) / kMinuteUs)});
  }
  Outcome apply(Command const& command) {
    at_us_ += 1;
    auto applied = engine_.apply(from_unix_micros(at_us_), command);
    effects_ = std::move(applied.effects);
    return std::move(applied.outcome);
  }
  /// Campaign and buyer `no`: a share at `bid`, for every lead, well funded.
  void campaign(std::int64_t no, std::int64_t bid_micros, Change const& change = {}) {
    UpsertCampaign upsert;
    upsert.campaign_no = upsert.buyer_no = no;
    upsert.version = ++versions_[no];
    upsert.terms.bid_micros = bid_micros;
    upsert.terms.exclusivity = auction::Exclusivity::shared;
    upsert.terms.targeting = everything();
    if (change) change(upsert.terms);
    ASSERT_EQ(apply(upsert).refusal, Refusal::none);
    if (upsert.version > 1) return;
    ASSERT_EQ(apply(FundBudget{{no, no}, ++intents_, 1000 * kUnit}).refusal, Refusal::none);
  }
  static std::string everything() {
    auto const schema = targeting::Schema::make(MarketRun::rules().attributes).value();
    auto const bytes = targeting::encode(targeting::all_of({}), schema, {});
    return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
  }
  Outcome offer(std::function<void(OfferLead&)> const& change = {}) {
    auto lead = MarketRun::plain_lead(++leads_);
    if (change) change(lead);
    return apply(lead);
  }
  /// Who bought what was just sold, by number of buyer.
  [[nodiscard]] std::vector<std::int64_t> buyers() const {
    std::vector<std::int64_t> all;
    for (auto const& effect : effects_) {
      if (auto const* sale = std::get_if<SaleAwarded>(&effect))
        all.push_back(sale->budget.buyer_no);
    }
    return all;
  }
  [[nodiscard]] std::string why_not(std::int64_t campaign_no,
                                    std::function<void(OfferLead&)> const& change = {}) const {
    auto lead = MarketRun::plain_lead(leads_ + 1);
    if (change) change(lead);
    return engine_.explain(campaign_no, lead, at_us_)->reason;
  }

  using Buyers = std::vector<std::int64_t>;
  Engine engine_;
  std::vector<Effect> effects_;
  std::map<std::int64_t, std::int32_t> versions_;
  std::int64_t at_us_ = kMondayUs;
  std::int64_t intents_{};
  std::int64_t leads_{};
};

TEST_F(EngineRules, SecondPriceIsWhatAWinnerPays) {
  configure([](MarketRules& rules) {
    rules.price_rule = auction::PriceRule::second_price;
    rules.max_shares = 1;
  });
  campaign(1, 5 * kUnit);
  campaign(2, 3 * kUnit);
  auto const outcome = offer();
  EXPECT_EQ(buyers(), Buyers{1});
  EXPECT_EQ(outcome.sold.at(0).gross_micros, 3 * kUnit);
}

TEST_F(EngineRules, AFixedPriceIsTheAskOfTheLead) {
  configure([](MarketRules& rules) { rules.price_rule = auction::PriceRule::fixed; });
  campaign(1, 9 * kUnit);
  campaign(2, 2 * kUnit);
  auto const outcome = offer();  // the market asks 3
  EXPECT_EQ(buyers(), Buyers{1});
  EXPECT_EQ(outcome.sold.at(0).gross_micros, 3 * kUnit);
  EXPECT_EQ(offer([](OfferLead& lead) { lead.ask_micros = 2 * kUnit; }).sold.at(1).gross_micros,
            2 * kUnit);
}

TEST_F(EngineRules, ADealComesFirstAndNeedsBothSides) {
  campaign(1, 2 * kUnit);
  campaign(2, 9 * kUnit);
  auto const proposed = apply(ProposeDeal{1, 101, kUnit, true, 101});
  EXPECT_EQ(apply(ProposeDeal{1, 101, kUnit - 1, true, 101}).refusal, Refusal::below_reserve);
  EXPECT_EQ(apply(AcceptDeal{proposed.number, 101}).refusal, Refusal::not_counterparty);
  EXPECT_EQ(apply(AcceptDeal{proposed.number, 2}).refusal, Refusal::deal_unknown);
  (void)offer();
  EXPECT_EQ(buyers(), (Buyers{2, 1}));  // a proposal is no deal
  ASSERT_EQ(apply(AcceptDeal{proposed.number, 1}).refusal, Refusal::none);
  auto const outcome = offer();
  EXPECT_EQ(buyers(), Buyers{1});
  EXPECT_EQ(outcome.sold.at(0).gross_micros, kUnit);  // the other bids nine
  EXPECT_TRUE(outcome.sold.at(0).exclusive);
  (void)offer([](OfferLead& lead) { lead.generator_no = 102; });
  EXPECT_EQ(buyers(), (Buyers{2, 1}));  // another generator's
  ASSERT_EQ(apply(EndDeal{proposed.number, 101}).refusal, Refusal::none);
  EXPECT_EQ(apply(EndDeal{proposed.number, 101}).refusal, Refusal::deal_unknown);
  (void)offer();
  EXPECT_EQ(buyers(), (Buyers{2, 1}));
}

TEST_F(EngineRules, PrioritiesAreTiersAndTheFallbackComesLast) {
  configure([](MarketRules& rules) {
    rules.max_shares = 2;
    rules.fallback_campaign = 3;
  });
  campaign(1, 2 * kUnit, [](CampaignTerms& terms) { terms.priority = 1; });
  campaign(2, 4 * kUnit);
  campaign(3, 9 * kUnit, [](CampaignTerms& terms) { terms.priority = 1; });
  (void)offer();
  EXPECT_EQ(buyers(), (Buyers{1, 2}));
  apply(PauseCampaign{2, 2, true});
  (void)offer();
  EXPECT_EQ(buyers(), (Buyers{1, 3}));
}

TEST_F(EngineRules, RoundRobinGoesOnWhereItWas) {
  configure([](MarketRules& rules) {
    rules.max_shares = 1;
    rules.routing = auction::Routing::round_robin;
  });
  for (std::int64_t no = 1; no <= 3; ++no) campaign(no, (2 + no) * kUnit);
  Buyers all;
  for (int i = 0; i < 6; ++i) {
    (void)offer();
    all.push_back(buyers().at(0));
  }
  EXPECT_EQ(all, (Buyers{1, 2, 3, 1, 2, 3}));
}

TEST_F(EngineRules, TheReserveIsTheHighestOfMarketGeneratorAndGrade) {
  configure([](MarketRules& rules) { rules.grade_reserve = {2 * kUnit, 4 * kUnit}; });
  campaign(1, 3 * kUnit);
  apply(SetSourceTerms{101, kNone, 1});
  (void)offer();
  EXPECT_EQ(buyers(), Buyers{1});
  apply(SetSourceTerms{101, kNone, 2});
  EXPECT_EQ(why_not(1), "below_reserve");
  (void)offer();
  EXPECT_EQ(buyers(), Buyers{});
  EXPECT_EQ(engine_.ask(*engine_.listing(leads_)), 4 * kUnit);  // never below the reserve
  apply(SetSourceTerms{101, 7 * kUnit, 0});
  (void)offer();
  EXPECT_EQ(engine_.listing(leads_)->reserve_micros, 7 * kUnit);
  EXPECT_EQ(engine_.listing(leads_ - 1)->reserve_micros, 4 * kUnit);  // as it was offered
  EXPECT_EQ(apply(SetSourceTerms{101, kNone, kGradesMax + 1}).refusal, Refusal::amount_invalid);
}

TEST_F(EngineRules, OpeningHoursAreToTheMinuteOfLocalTime) {
  campaign(1, 3 * kUnit, [](CampaignTerms& terms) {
    terms.schedule = {{9 * 60, 17 * 60 + 30}, {kMinutesOfDay, kMinutesOfDay + 60}};
  });
  auto const sold_at = [&](std::int64_t after_us) {
    clock(kMondayUs + after_us);
    return !offer().sold.empty();
  };
  EXPECT_FALSE(sold_at(9 * kHourUs - kMinuteUs));
  EXPECT_EQ(why_not(1), "schedule");
  EXPECT_TRUE(sold_at(9 * kHourUs));
  EXPECT_TRUE(sold_at(17 * kHourUs + 29 * kMinuteUs));
  EXPECT_FALSE(sold_at(17 * kHourUs + 30 * kMinuteUs));
  EXPECT_FALSE(sold_at(kDayUs - kMinuteUs));
  EXPECT_TRUE(sold_at(kDayUs));
  EXPECT_FALSE(sold_at(kDayUs + kHourUs));
}

TEST_F(EngineRules, EvenPacingSpreadsADayOverItsOpeningHours) {
  campaign(1, 3 * kUnit, [](CampaignTerms& terms) {
    terms.pacing = Pacing::even;
    terms.leads_max[1] = 80;
    for (std::int32_t day = 0; day < 7; ++day) {
      terms.schedule.push_back({day * kMinutesOfDay + 9 * 60, day * kMinutesOfDay + 17 * 60});
    }
  });
  std::int64_t sold = 0;
  for (std::int64_t minute = 9 * 60; minute < 17 * 60; minute += 5) {
    clock(kMondayUs + minute * kMinuteUs);
    for (int i = 0; i < 3; ++i) sold += std::ssize(offer().sold);
    auto const gone = minute - 9 * 60 + 1;
    EXPECT_LE(sold, (80 * gone + 479) / 480);  // never ahead of the clock
    EXPECT_GE(sold, 80 * gone / 480);          // nor behind it where demand is enough
    if (minute == 12 * 60) EXPECT_EQ(why_not(1), "pacing");
  }
  clock(kMondayUs + (17 * 60 - 1) * kMinuteUs);
  for (int i = 0; i < 10; ++i) sold += std::ssize(offer().sold);
  EXPECT_EQ(sold, 80);
}

TEST_F(EngineRules, CapsPerSourceCountEachGeneratorApart) {
  campaign(1, 3 * kUnit, [](CampaignTerms& terms) {
    terms.source_leads_max[1] = 2;
    terms.delivery = Delivery::webhook;
  });
  auto const from = [&](std::int64_t generator) {
    return std::ssize(offer([&](OfferLead& lead) { lead.generator_no = generator; }).sold);
  };
  EXPECT_EQ(from(101) + from(101) + from(101), 2);
  EXPECT_EQ(why_not(1), "source_cap_reached");
  EXPECT_EQ(from(102) + from(102) + from(102), 2);
  apply(RefuseDelivery{1, 0});  // gives back to its source
  EXPECT_EQ(from(101) + from(101), 1);
  clock(at_us_ + kDayUs);
  EXPECT_EQ(from(101) + from(101) + from(101), 2);
}

TEST_F(EngineRules, AVoidGivesNothingBackToACapThatDidNotCountIt) {
  auto const capped = [](std::int64_t cap) {
    return [=](CampaignTerms& terms) {
      terms.source_leads_max[1] = cap;
      terms.delivery = Delivery::webhook;
    };
  };
  campaign(1, 3 * kUnit, capped(kNone));
  (void)offer();
  campaign(1, 3 * kUnit, capped(1));
  EXPECT_EQ(offer().sold.size(), 1U);
  apply(RefuseDelivery{1, 0});  // sold before there was a cap
  EXPECT_TRUE(offer().sold.empty());
  apply(RefuseDelivery{2, 0});
  EXPECT_EQ(offer().sold.size(), 1U);
}

TEST_F(EngineRules, ATrialSellsItsLeadsAtItsPriceAndWaitsForTheBuyer) {
  campaign(1, 5 * kUnit, [](CampaignTerms& terms) {
    terms.trial = {2, kUnit + 7, 500 * kMinuteUs, 10'000};
  });
  auto const first = offer();
  EXPECT_EQ(first.sold.at(0).gross_micros, kUnit + 7);
  EXPECT_EQ(engine_.sale({1, 0})->due_us, at_us_ + 500 * kMinuteUs);
  (void)offer();
  EXPECT_EQ(engine_.campaign(1)->status, CampaignStatus::trial_ended);
  EXPECT_TRUE(offer().sold.empty());
  EXPECT_EQ(why_not(1), "trial_ended");
  EXPECT_EQ(apply(Purchase{{1, 1}, everything(), 1, 9 * kUnit, false}).refusal,
            Refusal::campaign_paused);
  // The ceiling of the market allows one return of two leads; the trial allows both.
  EXPECT_EQ(apply(OpenReturn{1, 0, 1, "bogus", false}).refusal, Refusal::none);
  EXPECT_EQ(apply(OpenReturn{2, 0, 1, "bogus", false}).refusal, Refusal::none);
  apply(PauseCampaign{1, 1, false});
  EXPECT_EQ(offer().sold.at(0).gross_micros, 5 * kUnit);
  EXPECT_EQ(engine_.sale({leads_, 0})->due_us, at_us_ + MarketRun::rules().return_window_us);
}

TEST_F(EngineRules, ATrialThatHasBegunKeepsItsTermsAndOneThatIsOverStaysOver) {
  auto const tried = [](std::int64_t leads) {
    return [=](CampaignTerms& terms) {
      terms.trial = {leads, 2 * kUnit, 0, 0};
      terms.delivery = Delivery::webhook;
    };
  };
  campaign(1, 5 * kUnit, tried(2));
  campaign(1, 5 * kUnit, tried(1));  // nothing is sold yet
  (void)offer();
  UpsertCampaign longer;
  longer.campaign_no = longer.buyer_no = 1;
  longer.version = 3;
  longer.terms = engine_.campaign(1)->terms;
  longer.terms.trial.leads = 9;
  EXPECT_EQ(apply(longer).refusal, Refusal::trial_fixed);
  apply(PauseCampaign{1, 1, false});
  apply(RefuseDelivery{1, 0});  // of the trial, which its buyer has ended
  EXPECT_EQ(engine_.campaign(1)->status, CampaignStatus::active);
  EXPECT_EQ(offer().sold.at(0).gross_micros, 5 * kUnit);
}

TEST_F(EngineRules, AnAskThatFallsToAStandingBidSellsAtTheAsk) {
  configure([](MarketRules& rules) {
    rules.fall_us = 24 * kHourUs;
    rules.listing_ttl_us = rules.listing_auction_us = 100 * kHourUs;
  });
  (void)offer();  // asked 3, reserve 1
  apply(FundBudget{{2, 0}, ++intents_, 100 * kUnit});
  apply(FundBudget{{3, 0}, ++intents_, 100 * kUnit});
  ASSERT_TRUE(apply(PlaceBid{1, {2, 0}, 2 * kUnit, false}).rests);
  ASSERT_TRUE(apply(PlaceBid{1, {3, 0}, 2 * kUnit + 5, false}).rests);
  for (int hour = 1; hour <= 24; ++hour) {
    clock(kMondayUs + hour * kHourUs + kMinuteUs);
    auto const asked = engine_.ask(*engine_.listing(1));
    auto const outcome = apply(Tick{});
    if (outcome.sold.empty()) {
      EXPECT_GT(asked, 2 * kUnit + 5);
      continue;
    }
    EXPECT_EQ(buyers().at(0), 3);  // the higher bid buys first
    EXPECT_EQ(outcome.sold.at(0).gross_micros, asked);
    EXPECT_EQ(engine_.available({3, 0}), 100 * kUnit - asked);
    return;
  }
  FAIL() << "no bid was filled";
}

TEST_F(EngineRules, WhereEverybodyPaysTheAskNoBidStandsBelowIt) {
  configure([](MarketRules& rules) { rules.price_rule = auction::PriceRule::fixed; });
  (void)offer();
  apply(FundBudget{{2, 0}, ++intents_, 100 * kUnit});
  EXPECT_EQ(apply(PlaceBid{1, {2, 0}, 3 * kUnit - 1, false}).refusal, Refusal::below_reserve);
  EXPECT_EQ(apply(PlaceBid{1, {2, 0}, 9 * kUnit, false}).sold.at(0).gross_micros, 3 * kUnit);
}

TEST_F(EngineRules, AVoidedLeadOfATrialIsTriedAgain) {
  campaign(1, 5 * kUnit, [](CampaignTerms& terms) {
    terms.trial = {1, 2 * kUnit, 0, 0};
    terms.delivery = Delivery::webhook;
  });
  (void)offer();
  EXPECT_EQ(engine_.campaign(1)->status, CampaignStatus::trial_ended);
  apply(RefuseDelivery{1, 0});
  EXPECT_EQ(engine_.campaign(1)->status, CampaignStatus::active);
  EXPECT_EQ(offer().sold.at(0).gross_micros, 2 * kUnit);
}

TEST_F(EngineRules, NamedConsentIsForTheCompaniesItNames) {
  campaign(1, 5 * kUnit);
  campaign(2, 3 * kUnit);
  auto const named = [](OfferLead& lead) {
    lead.named = true;
    lead.named_for = {2};
  };
  EXPECT_EQ(why_not(1, named), "not_offered");
  (void)offer(named);
  EXPECT_EQ(buyers(), Buyers{2});
  apply(FundBudget{{1, 0}, ++intents_, 100 * kUnit});
  EXPECT_EQ(apply(PlaceBid{leads_, {1, 0}, 5 * kUnit, false}).refusal, Refusal::lead_unknown);
  EXPECT_TRUE(apply(Purchase{{1, 0}, everything(), 10, 50 * kUnit, false}).sold.empty());
  (void)offer([](OfferLead& lead) { lead.named = true; });
  EXPECT_EQ(buyers(), Buyers{});  // none of the companies is here
}

TEST_F(EngineRules, ABuyersOwnListKeepsALeadFromItWheneverItIsSet) {
  campaign(1, 5 * kUnit);
  EXPECT_EQ(why_not(1, [](OfferLead& lead) { lead.withheld = {1}; }), "not_offered");
  (void)offer([](OfferLead& lead) { lead.withheld = {1}; });
  EXPECT_EQ(buyers(), Buyers{});
  apply(FundBudget{{2, 0}, ++intents_, 100 * kUnit});
  ASSERT_TRUE(apply(PlaceBid{1, {2, 0}, 2 * kUnit, false}).rests);
  apply(WithholdLeads{2, {1, 99}});
  EXPECT_EQ(engine_.available({2, 0}), 100 * kUnit);  // the standing bid is given back
  EXPECT_TRUE(apply(Purchase{{2, 0}, everything(), 10, 50 * kUnit, false}).sold.empty());
  WithholdLeads crowd;
  crowd.lead_nos.resize(kWithholdMax + 1);
  EXPECT_EQ(apply(crowd).refusal, Refusal::limit_reached);
}

TEST_F(EngineRules, BarredLeadsAreOffTheMarketForGood) {
  apply(FundBudget{{2, 0}, ++intents_, 100 * kUnit});
  (void)offer();
  ASSERT_TRUE(apply(PlaceBid{1, {2, 0}, 2 * kUnit, false}).rests);
  apply(WithholdLeads{kEverybody, {1, 99}});
  EXPECT_EQ(engine_.listing(1), nullptr);
  EXPECT_EQ(engine_.available({2, 0}), 100 * kUnit);  // the standing bid is given back
  auto const withdrawn = [&](Effect const& effect) {
    auto const* const moved = std::get_if<LeadMoved>(&effect);
    return moved != nullptr && moved->state == LeadState::withdrawn;
  };
  EXPECT_EQ(std::ranges::count_if(effects_, withdrawn), 1);

  auto const barred = [](OfferLead& lead) { lead.withheld = {kEverybody, 1}; };
  EXPECT_EQ(offer(barred).refusal, Refusal::lead_unknown);
  EXPECT_TRUE(effects_.empty());

  // Sold, not delivered yet: the sale goes on, but nobody follows when it is voided.
  campaign(1, 5 * kUnit, [](CampaignTerms& terms) { terms.delivery = Delivery::webhook; });
  campaign(3, 4 * kUnit,
           [](CampaignTerms& terms) { terms.exclusivity = auction::Exclusivity::exclusive; });
  (void)offer();
  ASSERT_EQ(buyers(), Buyers{1});
  apply(WithholdLeads{kEverybody, {leads_}});
  EXPECT_EQ(apply(RefuseDelivery{leads_, 0}).refusal, Refusal::none);
  EXPECT_EQ(buyers(), Buyers{});
  EXPECT_EQ(std::ranges::count_if(effects_, withdrawn), 1);
  EXPECT_EQ(engine_.listing(leads_), nullptr);
}

TEST_F(EngineRules, AsksFallToTheReserveAndSalesFollow) {
  configure([](MarketRules& rules) {
    rules.fall_us = 24 * kHourUs;
    rules.listing_ttl_us = 100 * kHourUs;
  });
  (void)offer();  // asked 3, reserve 1
  EXPECT_EQ(engine_.ask(*engine_.listing(1)), 3 * kUnit);
  auto last = 3 * kUnit;
  for (int hour = 1; hour <= 24; ++hour) {
    clock(kMondayUs + hour * kHourUs + kMinuteUs);
    auto const now = engine_.ask(*engine_.listing(1));
    EXPECT_LT(now, last);
    EXPECT_NEAR(static_cast<double>(now), 3e6 - 2e6 * hour / 24, 2e6 / 24 + 1);
    last = now;
  }
  EXPECT_EQ(last, kUnit);
  apply(FundBudget{{2, 0}, ++intents_, 100 * kUnit});
  EXPECT_EQ(apply(Purchase{{2, 0}, everything(), 1, kUnit, false}).sold.at(0).gross_micros, kUnit);
}

TEST_F(EngineRules, BytesOfAnOlderFormatKeepTheirMeaning) {
  CampaignTerms terms;
  terms.bid_micros = 7;
  terms.targeting = "t";
  auto bytes = encode_value(terms);
  // Format 1 ended with the targeting: priority, weight, pacing, schedule, four caps, trial follow,
  // then the model and whether it bids live, the landing page, the event and the part of its value.
  constexpr std::size_t kLater = 1 + 1 + 1 + 1 + 4 + 4 + 1 + 1 + 1 + 2;
  auto const old = bytes.substr(0, bytes.size() - kLater);
  EXPECT_FALSE(decode_value<CampaignTerms>(old).has_value());
  auto const read = decode_stored<CampaignTerms>(old);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(encode_value(*read), bytes);
  EXPECT_EQ(encode_value(terms, 1), old);
}

}  // namespace
}  // namespace leadex::market
