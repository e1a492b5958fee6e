// Pings and posts, one by one: what is reserved, for how long, what a post gets of it.

#include <gtest/gtest.h>

#include "tests/matching/market/market_run.hpp"
#include "tests/matching/market/shadow_tables.hpp"

namespace leadex::market {
namespace {

constexpr std::int64_t kStartUs = 1'791'158'400 * kUnit;

class EnginePings : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(apply(ConfigureMarket{MarketRun::rules()}).refusal, Refusal::none);
    tell_windows(engine_);
  }

  void tell_windows(Engine& engine) const {
    Window const all{kStartUs, kStartUs + 24 * kHourUs};
    (void)engine.apply(from_unix_micros(at_us_), SetZoneWindows{"UTC", {all, all, all, all}, 0});
  }
  Outcome apply(Command const& command) {
    at_us_ += 1;
    auto applied = engine_.apply(from_unix_micros(at_us_), command);
    tables_.apply(command, at_us_, applied);
    effects_ = std::move(applied.effects);
    return std::move(applied.outcome);
  }
  void campaign(std::int64_t no, std::int64_t bid_micros, std::int64_t fund_micros,
                std::function<void(CampaignTerms&)> const& change = {}) {
    UpsertCampaign upsert;
    upsert.campaign_no = upsert.buyer_no = no;
    upsert.version = 1;
    upsert.terms.bid_micros = bid_micros;
    upsert.terms.exclusivity = auction::Exclusivity::shared;
    auto const schema = targeting::Schema::make(MarketRun::rules().attributes).value();
    auto const bytes = targeting::encode(targeting::all_of({}), schema, {});
    upsert.terms.targeting = {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
    if (change) change(upsert.terms);
    ASSERT_EQ(apply(upsert).refusal, Refusal::none);
    ASSERT_EQ(apply(FundBudget{{no, no}, no, fund_micros}).refusal, Refusal::none);
  }
  /// The bids a ping is promised, with their net left at the gross.
  std::vector<PromisedBid> ping(std::int64_t ping_no,
                                std::function<void(OfferPing&)> const& change = {}) {
    OfferPing ping{.ping_no = ping_no, .ttl_us = kMinuteUs, .lead = MarketRun::plain_lead(0)};
    if (change) change(ping);
    EXPECT_EQ(apply(ping).refusal, Refusal::none);
    expires_us_ = at_us_ + ping.ttl_us;
    for (auto const& effect : effects_) {
      auto const* held = std::get_if<PingReserved>(&effect);
      if (held == nullptr) continue;
      auto bids = held->bids;
      for (auto& bid : bids) bid.net_micros = bid.price_micros;
      return bids;
    }
    return {};
  }
  Outcome post(std::int64_t ping_no, std::vector<PromisedBid> bids,
               std::function<void(OfferLead&)> const& change = {}) {
    PostPing post{ping_no, expires_us_, std::move(bids), MarketRun::plain_lead(++leads_)};
    if (change) change(post.lead);
    return apply(post);
  }
  [[nodiscard]] PromiseUsed const* used() const {
    for (auto const& effect : effects_) {
      if (auto const* found = std::get_if<PromiseUsed>(&effect)) return found;
    }
    return nullptr;
  }

  Engine engine_;
  ShadowTables tables_;
  std::vector<Effect> effects_;
  std::int64_t at_us_ = kStartUs;
  std::int64_t expires_us_{};
  std::int64_t leads_{};
};

TEST_F(EnginePings, APingHoldsBudgetUntilItsLastInstantAndNoLonger) {
  campaign(1, 4 * kUnit, 5 * kUnit);
  ASSERT_EQ(ping(1).size(), 1U);
  EXPECT_EQ(engine_.available({1, 1}), kUnit);
  EXPECT_TRUE(ping(2).empty()) << "the money is spoken for";
  EXPECT_TRUE(apply(MarketRun::plain_lead(++leads_)).sold.empty());
  EXPECT_EQ(apply(DefundBudget{{1, 1}, 7, 2 * kUnit}).refusal, Refusal::insufficient_funds);
  EXPECT_EQ(engine_.campaign(1)->status, CampaignStatus::active) << "it has not run dry";

  at_us_ = kStartUs + kMinuteUs;  // inside the minute of ping 1
  EXPECT_TRUE(ping(3).empty());
  at_us_ = kStartUs + kMinuteUs + 10;
  EXPECT_EQ(ping(4).size(), 1U);
}

TEST_F(EnginePings, ACapOfTwoIsNeverPromisedThreeTimes) {
  campaign(1, 2 * kUnit, 100 * kUnit, [](CampaignTerms& terms) { terms.leads_max[1] = 2; });
  EXPECT_EQ(apply(MarketRun::plain_lead(++leads_)).sold.size(), 1U);
  auto const bids = ping(1);
  ASSERT_EQ(bids.size(), 1U);
  EXPECT_TRUE(ping(2).empty());
  EXPECT_EQ(post(1, bids).sold.size(), 1U);
  EXPECT_TRUE(ping(3).empty());
  EXPECT_EQ(engine_.campaign(1)->counters[1].n, 2);
  EXPECT_EQ(engine_.campaign(1)->reserved.n, 0);
}

TEST_F(EnginePings, ATrialIsNotPromisedBeyondItsLeads) {
  campaign(1, 5 * kUnit, 100 * kUnit, [](CampaignTerms& terms) {
    terms.trial = {.leads = 1,
                   .price_micros = 2 * kUnit,
                   .return_window_us = kHourUs,
                   .return_ceiling_bp = 5000};
  });
  auto const bids = ping(1);
  ASSERT_EQ(bids.size(), 1U);
  EXPECT_EQ(bids[0].price_micros, 2 * kUnit);
  EXPECT_TRUE(ping(2).empty());
  EXPECT_EQ(post(1, bids).sold.size(), 1U);
  EXPECT_EQ(engine_.campaign(1)->status, CampaignStatus::trial_ended);
}

TEST_F(EnginePings, TermsOfATrialThatAPingCountsOnAreFixed) {
  auto const trial = [](CampaignTerms& terms) {
    terms.trial = {.leads = 2,
                   .price_micros = 2 * kUnit,
                   .return_window_us = kHourUs,
                   .return_ceiling_bp = 5000};
  };
  campaign(1, 5 * kUnit, 100 * kUnit, trial);
  ASSERT_EQ(ping(1).size(), 1U);
  ASSERT_EQ(ping(2).size(), 1U);
  auto upsert = tables_.campaigns().at(1).latest;
  upsert.version = 2;
  upsert.terms.trial.leads = 1;
  EXPECT_EQ(apply(upsert).refusal, Refusal::trial_fixed);
}

TEST_F(EnginePings, CapsPerSourceCountReservationsOfThatSourceAlone) {
  campaign(1, 2 * kUnit, 100 * kUnit, [](CampaignTerms& terms) { terms.source_leads_max[1] = 1; });
  ASSERT_EQ(ping(1).size(), 1U);
  EXPECT_TRUE(ping(2).empty());
  EXPECT_EQ(ping(3, [](OfferPing& ping) { ping.lead.generator_no = 102; }).size(), 1U);
}

TEST_F(EnginePings, APostGetsThePromisedPriceThoughTheBidWasLowered) {
  campaign(1, 4 * kUnit, 100 * kUnit);
  auto const bids = ping(1);
  auto upsert = tables_.campaigns().at(1).latest;
  upsert.version = 2;
  upsert.terms.bid_micros = 2 * kUnit;
  ASSERT_EQ(apply(upsert).refusal, Refusal::none);
  auto const outcome = post(1, bids);
  ASSERT_EQ(outcome.sold.size(), 1U);
  EXPECT_EQ(outcome.sold[0].gross_micros, 4 * kUnit);
  EXPECT_NE(outcome.number, 0) << "its auction is told with the sale";
}

TEST_F(EnginePings, APromiseBindsItsBuyerThoughItStopsOrLowersItsCap) {
  auto const two_a_day = [](CampaignTerms& terms) { terms.leads_max[1] = 2; };
  campaign(1, 4 * kUnit, 100 * kUnit, two_a_day);
  auto const first = ping(1);
  auto const second = ping(2);
  ASSERT_EQ(first.size() + second.size(), 2U);
  auto upsert = tables_.campaigns().at(1).latest;
  upsert.version = 2;
  upsert.terms.leads_max[1] = 0;
  ASSERT_EQ(apply(upsert).refusal, Refusal::none);
  EXPECT_EQ(post(1, first).sold.size(), 1U);
  ASSERT_EQ(apply(PauseCampaign{1, 1, true}).refusal, Refusal::none);
  auto const outcome = post(2, second);
  ASSERT_EQ(outcome.sold.size(), 1U);
  EXPECT_EQ(outcome.sold[0].gross_micros, 4 * kUnit);
  EXPECT_EQ(engine_.campaign(1)->status, CampaignStatus::paused);
  EXPECT_EQ(engine_.campaign(1)->counters[1].n, 2);
  EXPECT_TRUE(ping(3).empty());
}

TEST_F(EnginePings, APromiseIsKeptOnceAlsoAfterAReload) {
  campaign(1, 4 * kUnit, 100 * kUnit);
  auto const bids = ping(1);
  EXPECT_EQ(post(1, bids).sold.size(), 1U);
  EXPECT_EQ(post(1, bids).refusal, Refusal::ping_used);
  Engine again;
  again.restore(tables_.image(engine_.numbers()));
  tell_windows(again);
  PostPing const late{1, expires_us_, bids, MarketRun::plain_lead(50)};
  EXPECT_EQ(again.apply(from_unix_micros(at_us_), late).outcome.refusal, Refusal::ping_used);
}

TEST_F(EnginePings, WhoAsksForNothingOfAPromiseHasUsedItUp) {
  campaign(1, 4 * kUnit, 4 * kUnit);
  auto const bids = ping(1);
  ASSERT_EQ(bids.size(), 1U);
  EXPECT_EQ(post(1, {}).sold.size(), 1U) << "it met the campaign as any other lead";
  EXPECT_EQ(post(1, bids).refusal, Refusal::ping_used);
}

TEST_F(EnginePings, PromisesOfASuspendedBuyerAreOverAndNotOwed) {
  campaign(1, 4 * kUnit, 100 * kUnit);
  campaign(2, 3 * kUnit, 100 * kUnit);
  auto const bids = ping(1);
  ASSERT_EQ(apply(PauseCampaign{1, 1, true, true}).refusal, Refusal::none);
  auto const outcome = post(1, bids);
  ASSERT_EQ(outcome.sold.size(), 1U);
  EXPECT_EQ(outcome.sold[0].gross_micros, 3 * kUnit);
  ASSERT_NE(used(), nullptr);
  EXPECT_EQ(used()->gross_micros, 3 * kUnit);
}

TEST_F(EnginePings, AfterItsLastInstantAPromiseIsOver) {
  campaign(1, 4 * kUnit, 100 * kUnit);
  auto const bids = ping(1);
  at_us_ = expires_us_ - 1;
  EXPECT_EQ(post(1, bids).sold.size(), 1U);
  auto const more = ping(2);
  at_us_ = expires_us_;
  EXPECT_EQ(post(2, more).refusal, Refusal::ping_expired);
}

TEST_F(EnginePings, AReloadForgetsTheReservationAndThePostMeetsTheMarketAsItIs) {
  campaign(1, 4 * kUnit, 100 * kUnit);
  auto const bids = ping(1);
  Engine again;
  again.restore(tables_.image(engine_.numbers()));
  tell_windows(again);
  EXPECT_EQ(again.available({1, 1}), 100 * kUnit);
  (void)again.apply(from_unix_micros(at_us_), PauseCampaign{1, 1, true});
  PostPing const post{1, expires_us_, bids, MarketRun::plain_lead(50)};
  auto const applied = again.apply(from_unix_micros(at_us_), post);
  EXPECT_EQ(applied.outcome.refusal, Refusal::none);
  EXPECT_TRUE(applied.outcome.sold.empty());
  EXPECT_TRUE(applied.outcome.rests);
}

TEST_F(EnginePings, BidsBelowTheMinimumAreLeftOut) {
  campaign(1, 4 * kUnit, 100 * kUnit);
  campaign(2, 2 * kUnit, 100 * kUnit);
  auto const bids = ping(1, [](OfferPing& ping) { ping.minimum_micros = 3 * kUnit; });
  ASSERT_EQ(bids.size(), 1U);
  EXPECT_EQ(bids[0].campaign_no, 1);
  EXPECT_TRUE(ping(2, [](OfferPing& ping) { ping.minimum_micros = 5 * kUnit; }).empty());
}

TEST_F(EnginePings, ALiveBidStandsInThePlaceOfTheStandingOne) {
  campaign(1, 4 * kUnit, 7 * kUnit);
  campaign(2, 3 * kUnit, 100 * kUnit);
  auto bids = ping(1, [](OfferPing& ping) { ping.live = {{1, 3 * kUnit, false}, {2, 0, false}}; });
  ASSERT_EQ(bids.size(), 1U) << "a bid of 0 is none";
  EXPECT_EQ(bids[0].price_micros, 3 * kUnit);
  bids = ping(2, [](OfferPing& ping) { ping.live = {{1, 6 * kUnit, false}, {2, 0, false}}; });
  ASSERT_EQ(bids.size(), 1U);
  EXPECT_EQ(bids[0].price_micros, 4 * kUnit) << "the standing bid is the most it may say";
  bids = ping(2, [](OfferPing& ping) {
    ping.ping_no = 4;
    ping.live = {{1, 2 * kUnit, false}};
  });
  ASSERT_EQ(bids.size(), 1U) << "nothing is left of campaign 1";
  EXPECT_EQ(bids[0].campaign_no, 2);
  EXPECT_TRUE(ping(3,
                   [](OfferPing& ping) {
                     ping.live = {{1, 6 * kUnit, false}, {2, 3 * kUnit, true}};
                   })
                  .empty())
      << "who buys shares cannot bid for the whole";
}

TEST_F(EnginePings, WhoBidsLiveAndGivesNoAnswerDoesNotBid) {
  campaign(1, 4 * kUnit, 100 * kUnit, [](CampaignTerms& terms) { terms.live_bid = true; });
  campaign(2, 3 * kUnit, 100 * kUnit);
  auto bids = ping(1);
  ASSERT_EQ(bids.size(), 1U);
  EXPECT_EQ(bids[0].campaign_no, 2);
  bids = ping(2, [](OfferPing& ping) { ping.live = {{1, 4 * kUnit, false}}; });
  EXPECT_EQ(bids.size(), 2U);
  EXPECT_EQ(apply(MarketRun::plain_lead(7)).sold.size(), 2U) << "a lead without a ping asks nobody";
}

TEST_F(EnginePings, ALiveBidForTheWholeGoesUpToTheExclusiveBid) {
  auto const terms_of = [](auction::Exclusivity exclusivity) {
    return [exclusivity](CampaignTerms& terms) {
      terms.live_bid = true;
      terms.exclusivity = exclusivity;
      terms.exclusive_bid_micros = 9 * kUnit;
    };
  };
  campaign(1, 4 * kUnit, 100 * kUnit, terms_of(auction::Exclusivity::any));
  campaign(2, 4 * kUnit, 100 * kUnit, terms_of(auction::Exclusivity::exclusive));
  auto bids = ping(1, [](OfferPing& ping) { ping.live = {{1, 10 * kUnit, true}}; });
  ASSERT_EQ(bids.size(), 1U);
  EXPECT_TRUE(bids[0].exclusive);
  EXPECT_EQ(bids[0].price_micros, 9 * kUnit);
  bids = ping(2, [](OfferPing& ping) { ping.live = {{1, 10 * kUnit, false}}; });
  ASSERT_EQ(bids.size(), 1U);
  EXPECT_FALSE(bids[0].exclusive);
  EXPECT_EQ(bids[0].price_micros, 4 * kUnit);
  bids = ping(3, [](OfferPing& ping) { ping.live = {{2, 10 * kUnit, false}}; });
  ASSERT_EQ(bids.size(), 1U) << "it buys nothing but the whole";
  EXPECT_TRUE(bids[0].exclusive);
  EXPECT_EQ(bids[0].price_micros, 9 * kUnit);
}

TEST_F(EnginePings, OnlyThoseAreAskedWhoCouldWinTheHighestFirst) {
  auto const live = [](CampaignTerms& terms) { terms.live_bid = true; };
  campaign(1, 3 * kUnit, 100 * kUnit, live);
  campaign(2, 9 * kUnit, 100 * kUnit);
  campaign(3, 5 * kUnit, 100 * kUnit, live);
  campaign(4, 5 * kUnit, 4 * kUnit, live);  // cannot pay it
  campaign(5, 5 * kUnit, 100 * kUnit, [](CampaignTerms& terms) {
    terms.live_bid = true;
    terms.sources_blocked = {MarketRun::plain_lead(0).generator_no};
  });
  campaign(6, 2 * kUnit, 100 * kUnit, [](CampaignTerms& terms) {
    terms.live_bid = true;
    terms.exclusivity = auction::Exclusivity::any;
    terms.exclusive_bid_micros = 8 * kUnit;
  });
  OfferPing ping{.lead = MarketRun::plain_lead(0)};
  auto const asked = [&](std::size_t most) {
    std::vector<std::int64_t> numbers;
    for (auto const& one : engine_.live_bidders(ping, at_us_, most)) {
      numbers.push_back(one.campaign_no);
    }
    return numbers;
  };
  EXPECT_EQ(asked(9), (std::vector<std::int64_t>{6, 3, 1}));
  EXPECT_EQ(asked(2), (std::vector<std::int64_t>{6, 3}));
  ping.minimum_micros = 4 * kUnit;
  EXPECT_EQ(asked(9), (std::vector<std::int64_t>{6, 3}));
  ping.lead.version = 99;
  EXPECT_TRUE(asked(9).empty());
}

TEST_F(EnginePings, ABuyerWhoseListHasThePersonIsNotSoldTo) {
  campaign(1, 4 * kUnit, 100 * kUnit);
  campaign(2, 3 * kUnit, 100 * kUnit);
  auto const bids = ping(1);
  auto const outcome = post(1, bids, [](OfferLead& lead) { lead.withheld = {1}; });
  ASSERT_EQ(outcome.sold.size(), 1U);
  EXPECT_EQ(outcome.sold[0].gross_micros, 3 * kUnit);
  ASSERT_NE(used(), nullptr);
  EXPECT_EQ(used()->gross_micros, 3 * kUnit) << "what it may not have is not owed";
}

TEST_F(EnginePings, OnlyTheBidsThatWereTakenAreSoldTheOthersAreFreeAgain) {
  campaign(1, 4 * kUnit, 4 * kUnit);
  campaign(2, 3 * kUnit, 100 * kUnit);
  auto bids = ping(1);
  ASSERT_EQ(bids.size(), 2U);
  std::erase_if(bids, [](PromisedBid const& bid) { return bid.campaign_no == 1; });
  EXPECT_EQ(post(1, bids).sold.size(), 1U);
  EXPECT_EQ(engine_.available({1, 1}), 4 * kUnit);
}

TEST_F(EnginePings, TheTakenPriceCannotBeRaisedByWhoPosts) {
  campaign(1, 4 * kUnit, 100 * kUnit);
  auto bids = ping(1);
  bids[0].price_micros = 9 * kUnit;
  auto const outcome = post(1, bids);
  ASSERT_EQ(outcome.sold.size(), 1U);
  EXPECT_EQ(outcome.sold[0].gross_micros, 4 * kUnit) << "it met the standing bid";
}

}  // namespace
}  // namespace leadex::market
