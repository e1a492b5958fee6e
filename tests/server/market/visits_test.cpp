// Visits that are paid for by what comes of them, and conversions of clicks that were paid for as
// such, through the writer: rows, counts, books, reload and replay.

#include <algorithm>
#include <set>

#include "server/market/replay.hpp"
#include "tests/server/market/market_fixture.hpp"

namespace leadex::market {
namespace {

class Visits : public MarketFixture {
 protected:
  [[nodiscard]] MarketRules rules() const override {
    auto rules = MarketRun::rules();
    rules.cpa_window_us = 24 * kHourUs;
    rules.cpa_review_us = 24 * kHourUs;
    rules.cpa_hold = hold_;
    return rules;
  }
  static UpsertCampaign campaign_of(std::int64_t no, PricingModel model, std::int64_t bid_micros) {
    auto const schema = targeting::Schema::make(MarketRun::rules().attributes).value();
    auto const bytes = targeting::encode(targeting::all_of({}), schema, {});
    UpsertCampaign upsert;
    upsert.campaign_no = upsert.buyer_no = no;
    upsert.version = 1;
    upsert.terms.model = model;
    upsert.terms.bid_micros = bid_micros;
    if (model == PricingModel::cpa) upsert.terms.event = "policy";
    upsert.terms.landing_url = "https://example.com/" + std::to_string(no);
    upsert.terms.exclusivity = auction::Exclusivity::exclusive;
    upsert.terms.targeting = {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
    return upsert;
  }
  void open_campaign(MarketHost& at, std::int64_t no, PricingModel model, std::int64_t bid_micros,
                     std::int64_t fund_micros = 100 * kUnit) {
    ASSERT_TRUE(run(at, campaign_of(no, model, bid_micros)).has_value());
    ASSERT_TRUE(run(at, FundBudget{{no, no}, ++intents_, fund_micros}).has_value());
  }
  /// One visit of ten comes to something.
  void rate(MarketHost& at) {
    SetEstimates set;
    set.estimates.version = 1;
    set.estimates.made_at_us = an_hour_ago_us();
    set.estimates.visits.market_ppb = 100'000'000;
    set.estimates.visits.unknown_buyer_ppb = estimate::kWhole;
    ASSERT_TRUE(run(at, set).has_value());
  }
  Answer visit(MarketHost& at, char name) {
    OfferClick click;
    click.click_no = ++numbers_;
    click.generator_no = 101;
    click.version = 1;
    click.attributes.resize(MarketRun::rules().attributes.size());
    Submission submission;
    submission.command = std::move(click);
    submission.click = storage::NewClick{};
    submission.click->placement_no = 1;
    submission.click->visitor = std::string(16, name);
    submission.click->subs = {"s", "", "", "", ""};
    auto const answer = run(at, std::move(submission));
    EXPECT_TRUE(answer.has_value());
    return answer.value_or(Answer{});
  }
  ReportConversion report(std::int64_t click_no, std::string event, std::string transaction) {
    return {.lead_no = click_no,
            .buyer_no = 1,
            .event = std::move(event),
            .transaction_id = std::move(transaction),
            .at_us = an_hour_ago_us() + kHourUs,
            .confirmed = true};
  }
  NoteConversion note(std::int64_t click_no, std::string event, std::string transaction) {
    auto const sold =
        number("select sold_us from leadex.sale where lead_no = " + std::to_string(click_no));
    return {.click_no = click_no,
            .budget = {1, 1},
            .clicked_us = sold,
            .event = std::move(event),
            .transaction_id = std::move(transaction),
            .at_us = an_hour_ago_us() + kHourUs,
            .confirmed = true};
  }
  /// Stops `first`; what another process loads is the same, and the log gives it again.
  void expect_same_elsewhere(MarketHost& first) {
    auto const state = [&](MarketHost& at) {
      return look<std::string>(at, [](auto const& view) { return view.engine.describe(); });
    };
    auto const before = state(first);
    first.stop();
    auto const store = storage::make_market_store(database_.app());
    auto const replayed = replay(*store, kMarket, ReplayScope::decisions);
    ASSERT_TRUE(replayed.has_value());
    EXPECT_FALSE(replayed->fault.has_value())
        << replayed->fault->what << " at " << replayed->fault->seq << "/" << replayed->fault->n;
    EXPECT_EQ(ledger_problem(), "");
    expect_true_books();
    auto const second = host("second");
    EXPECT_TRUE(run(*second, Tick{0, 1}).has_value());
    EXPECT_EQ(state(*second), before);
    second->stop();
  }

  CpaHold hold_{CpaHold::full};
  std::int64_t numbers_{};
  std::int64_t intents_{};
};

class PooledVisits : public Visits {
 protected:
  PooledVisits() { hold_ = CpaHold::pooled; }
};

TEST_F(Visits, OneSoldForWhatComesOfItIsCountedWithoutMoney) {
  auto const first = host();
  rate(*first);
  open_campaign(*first, 1, PricingModel::cpa, 20 * kUnit);
  auto const sold = visit(*first, 'a');
  ASSERT_EQ(sold.outcome.sold.size(), 1U);
  EXPECT_EQ(sold.way.landing_url, "https://example.com/1");
  auto const again = visit(*first, 'a');
  EXPECT_TRUE(again.way.repeated);
  EXPECT_EQ(again.way.landing_url, "https://example.com/1") << "it goes where it went before";
  EXPECT_EQ(again.way.click_no, 1) << "what it comes to is the first visit's conversion";
  EXPECT_EQ(visit(*first, 'b').outcome.sold.size(), 1U);
  EXPECT_EQ(number("select count(*) from leadex.click"), 2);
  EXPECT_EQ(number("select count(*) from leadex.sale where model = 1 and slot = 0 and state = 5"),
            2);
  EXPECT_EQ(number("select count(*) from leadex.acquisition where visit and event = 'policy'"), 2);
  EXPECT_EQ(number("select n from leadex.click_count where outcome = 9"), 2);
  EXPECT_EQ(number("select sum(gross + net) from leadex.click_count"), 0);
  EXPECT_EQ(number("select debits_pending from leadex.account where code = 2"), 40 * kUnit);
  auto const paid = run(*first, report(1, "policy", "t"));
  ASSERT_TRUE(paid.has_value());
  EXPECT_EQ(paid->outcome.micros, 20 * kUnit);
  EXPECT_EQ(number("select debits_posted from leadex.account where code = 2"), 20 * kUnit);
  EXPECT_EQ(number("select state from leadex.sale where lead_no = 1"), 2);
  EXPECT_EQ(number("select sum(gross + net) from leadex.click_count"), 0);
  expect_same_elsewhere(*first);
}

TEST_F(Visits, ClicksAndVisitsOfOneBatchOfTheSameDayAreCountedApart) {
  auto const first = host();
  rate(*first);
  open_campaign(*first, 1, PricingModel::cpa, 20 * kUnit, 20 * kUnit);
  open_campaign(*first, 2, PricingModel::cpc, kUnit);
  EXPECT_EQ(visit(*first, 'a').way.campaign_no, 1);
  EXPECT_EQ(visit(*first, 'b').way.campaign_no, 2) << "the other's budget is spoken for";
  EXPECT_EQ(visit(*first, 'c').way.campaign_no, 2);
  EXPECT_EQ(number("select n from leadex.click_count where outcome = 9"), 1);
  EXPECT_EQ(number("select n from leadex.click_count where outcome = 0"), 2);
  EXPECT_EQ(number("select gross from leadex.click_count where outcome = 0"), 2 * kUnit);
  EXPECT_EQ(number("select count(*) from leadex.acquisition"), 1);
  expect_same_elsewhere(*first);
}

TEST_F(PooledVisits, ACampaignPerLeadOwesWhatItsPoolDoesNotCover) {
  auto const first = host();
  rate(*first);
  open_campaign(*first, 1, PricingModel::cpl, 10 * kUnit, 14 * kUnit);
  ASSERT_EQ(visit(*first, 'a').outcome.sold.size(), 1U);
  ASSERT_EQ(visit(*first, 'b').outcome.sold.size(), 1U);
  EXPECT_EQ(number("select sum(held) from leadex.acquisition where event = 'lead'"), 2 * kUnit);
  EXPECT_EQ(number("select count(*) from leadex.transfer where code in (3, 4)"), 0);
  EXPECT_EQ(run(*first, report(1, "lead", "x"))->outcome.micros, 10 * kUnit);
  EXPECT_TRUE(run(*first, report(2, "lead", "y"))->outcome.rests);
  EXPECT_EQ(number("select count(*) from leadex.conversion where state = 4"), 1);
  ASSERT_TRUE(run(*first, FundBudget{{1, 1}, ++intents_, 7 * kUnit}).has_value());
  EXPECT_EQ(number("select count(*) from leadex.conversion where state = 1"), 2);
  EXPECT_EQ(number("select debits_posted from leadex.account where code = 2"), 20 * kUnit);
  expect_same_elsewhere(*first);
}

TEST_F(Visits, WhatIsNotReturnedGivesNoRightToReturnLeadsAlsoAfterARestart) {
  auto const first = host();
  rate(*first);
  open_campaign(*first, 1, PricingModel::cpl, 6 * kUnit);
  for (char name = 'a'; name < 'k'; ++name) {
    ASSERT_EQ(visit(*first, name).outcome.sold.size(), 1U);
  }
  for (std::int64_t lead = 101; lead <= 102; ++lead) {
    ASSERT_EQ(run(*first, plain_offer(lead))->outcome.sold.size(), 1U);
  }
  first->stop();
  auto const second = host("second");
  EXPECT_EQ(run(*second, OpenReturn{1, 0, 1, "bogus", false})->outcome.refusal,
            Refusal::not_of_this_model);
  EXPECT_EQ(run(*second, OpenReturn{101, 0, 1, "bogus", false})->outcome.refusal, Refusal::none);
  EXPECT_EQ(run(*second, OpenReturn{102, 0, 1, "bogus", false})->outcome.refusal,
            Refusal::return_ceiling_reached);
  second->stop();
}

TEST_F(PooledVisits, AVisitThatWasPaidForIsClawedBackAsAnySaleIs) {
  auto const first = host();
  rate(*first);
  open_campaign(*first, 1, PricingModel::cpa, 20 * kUnit);
  ASSERT_EQ(visit(*first, 'a').outcome.sold.size(), 1U);
  ASSERT_EQ(visit(*first, 'b').outcome.sold.size(), 1U);
  EXPECT_EQ(run(*first, order({2, 0}, 5 * kUnit))->outcome.refusal, Refusal::sale_not_settled)
      << "nothing of it is paid";
  ASSERT_EQ(run(*first, report(1, "policy", "t"))->outcome.micros, 20 * kUnit);
  auto const credited = [&] {
    return number("select credited from leadex.sale where lead_no = 1");
  };
  EXPECT_EQ(run(*first, order({1, 0}, 5 * kUnit))->outcome.micros, 5 * kUnit);
  EXPECT_EQ(credited(), 5 * kUnit);
  auto rest = order({1, 0}, 16 * kUnit);
  EXPECT_EQ(run(*first, rest)->outcome.refusal, Refusal::amount_invalid);
  rest.amount_micros = 15 * kUnit;  // the order is still open
  EXPECT_EQ(run(*first, rest)->outcome.micros, 20 * kUnit);
  EXPECT_EQ(number("select state from leadex.sale where lead_no = 1"), 3);
  EXPECT_EQ(number("select credits_posted - debits_posted - debits_pending from leadex.account "
                   "where code = 2"),
            100 * kUnit);
  EXPECT_EQ(number("select sum(credits_posted - debits_posted) from leadex.account where code in "
                   "(3, 4, 5, 6)"),
            0)
      << "neither its generator nor the exchange keeps anything";
  expect_same_elsewhere(*first);
}

TEST_F(Visits, AConversionOfAClickIsNotedOnceForEachEvent) {
  auto const first = host();
  open_campaign(*first, 1, PricingModel::cpc, kUnit);
  ASSERT_EQ(visit(*first, 'a').outcome.sold.size(), 1U);
  ASSERT_EQ(visit(*first, 'b').outcome.sold.size(), 1U);
  auto const moved = number("select count(*) from leadex.transfer");
  std::vector<std::future<Result<Answer, SubmitError>>> told;
  for (int i = 0; i < 6; ++i) {
    Submission submission;
    submission.command = note(1, "lead", "t" + std::to_string(i));
    told.push_back(submit(*first, std::move(submission)));
  }
  std::multiset<Refusal> said;
  for (auto& one : told) said.insert(one.get()->outcome.refusal);
  EXPECT_EQ(said.count(Refusal::none), 1U);
  EXPECT_EQ(said.count(Refusal::already_converted), 5U);
  EXPECT_EQ(run(*first, note(1, "sale", "u"))->outcome.refusal, Refusal::none);
  EXPECT_EQ(run(*first, note(2, "sale", "u")).error(), SubmitError::duplicate);
  EXPECT_EQ(run(*first, note(1, "sale", "u")).error(), SubmitError::duplicate);
  // What was refused has used up nothing.
  auto early = note(2, "sale", "v");
  early.at_us -= 2 * kHourUs;
  EXPECT_EQ(run(*first, early)->outcome.refusal, Refusal::conversion_window_closed);
  EXPECT_EQ(run(*first, note(2, "sale", "v"))->outcome.refusal, Refusal::none);
  EXPECT_EQ(number("select count(*) from leadex.conversion where state = 5 and price is null"), 3);
  EXPECT_EQ(number("select count(*) from leadex.transfer"), moved) << "a note moves no money";
  first->stop();
  auto const second = host("second");
  EXPECT_EQ(run(*second, note(1, "lead", "w"))->outcome.refusal, Refusal::already_converted);
  EXPECT_EQ(run(*second, note(1, "other", "u")).error(), SubmitError::duplicate);
  expect_same_elsewhere(*second);
}

TEST_F(Visits, WhatABuyerDidNotConfirmUsesNoneOfItsTransactionsUp) {
  auto const first = host();
  rate(*first);
  open_campaign(*first, 1, PricingModel::cpa, 20 * kUnit, 20 * kUnit);
  ASSERT_EQ(visit(*first, 'a').way.campaign_no, 1);
  UpsertCampaign clicks = campaign_of(2, PricingModel::cpc, kUnit);
  clicks.buyer_no = 1;
  ASSERT_TRUE(run(*first, clicks).has_value());
  ASSERT_TRUE(run(*first, FundBudget{{1, 2}, ++intents_, 10 * kUnit}).has_value());
  ASSERT_EQ(visit(*first, 'b').way.campaign_no, 2) << "the other's budget is spoken for";
  ASSERT_EQ(visit(*first, 'c').way.campaign_no, 2);
  auto const unconfirmed = [&](std::int64_t click_no, std::string const& event) {
    auto told = note(click_no, event, "t");
    told.budget.campaign_no = 2;
    told.confirmed = false;
    return told;
  };
  // At once, so that none of them is looked up with another one's row.
  std::vector<std::future<Result<Answer, SubmitError>>> all;
  auto const submit_one = [&](Command command) {
    Submission submission;
    submission.command = std::move(command);
    all.push_back(submit(*first, std::move(submission)));
  };
  submit_one(unconfirmed(2, "lead"));
  submit_one(unconfirmed(3, "lead"));
  submit_one(report(1, "policy", "t"));
  submit_one(unconfirmed(3, "late"));
  std::vector<int> answered;
  for (auto& one : all) {
    auto const answer = one.get();
    answered.push_back(answer ? static_cast<int>(answer->outcome.refusal) : -1);
  }
  // They come in any order: a note that comes after the buyer's own is refused.
  EXPECT_EQ(answered[2], 0) << "no note keeps the buyer from its transaction";
  for (auto const one : answered) EXPECT_TRUE(one == 0 || one == -1) << one;
  EXPECT_EQ(number("select count(*) from leadex.conversion where transaction_id = 't'"),
            std::ranges::count(answered, 0));
  EXPECT_EQ(number("select debits_posted from leadex.account where code = 2 and debits_posted > 0"),
            20 * kUnit);
  EXPECT_EQ(run(*first, unconfirmed(2, "sale")).error(), SubmitError::duplicate);
  // And with rows to look up.
  auto other = unconfirmed(2, "sale");
  other.transaction_id = "u";
  ASSERT_EQ(run(*first, other)->outcome.refusal, Refusal::none);
  auto confirmed = note(3, "sale", "u");
  confirmed.budget.campaign_no = 2;
  EXPECT_EQ(run(*first, confirmed)->outcome.refusal, Refusal::none);
  confirmed.event = "more";
  EXPECT_EQ(run(*first, confirmed).error(), SubmitError::duplicate);
  expect_same_elsewhere(*first);
}

TEST_F(Visits, OnlySoManyEventsOfAClickAreNotedAlsoAtOnce) {
  auto const first = host();
  open_campaign(*first, 1, PricingModel::cpc, kUnit);
  ASSERT_EQ(visit(*first, 'a').outcome.sold.size(), 1U);
  ASSERT_EQ(visit(*first, 'b').outcome.sold.size(), 1U);
  std::vector<std::future<Result<Answer, SubmitError>>> told;
  constexpr std::size_t kTold = 3 * storage::kNotedEventsMax;
  for (std::size_t i = 0; i < kTold; ++i) {
    auto const text = std::to_string(i);
    Submission submission;
    submission.command = note(1, "e" + text, "t" + text);
    told.push_back(submit(*first, std::move(submission)));
  }
  std::multiset<Refusal> said;
  for (auto& one : told) said.insert(one.get()->outcome.refusal);
  EXPECT_EQ(said.count(Refusal::none), storage::kNotedEventsMax);
  EXPECT_EQ(said.count(Refusal::limit_reached), kTold - storage::kNotedEventsMax);
  EXPECT_EQ(number("select count(*) from leadex.conversion"), storage::kNotedEventsMax);
  EXPECT_EQ(run(*first, note(2, "e", "t"))->outcome.refusal, Refusal::none) << "another click's";
  first->stop();
}

TEST_F(Visits, OnlySoManyEventsOfAClickAreNoted) {
  auto const first = host();
  open_campaign(*first, 1, PricingModel::cpc, kUnit);
  ASSERT_EQ(visit(*first, 'a').outcome.sold.size(), 1U);
  for (std::size_t i = 0; i < storage::kNotedEventsMax; ++i) {
    auto const text = std::to_string(i);
    EXPECT_EQ(run(*first, note(1, "e" + text, "t" + text))->outcome.refusal, Refusal::none);
  }
  EXPECT_EQ(run(*first, note(1, "more", "more"))->outcome.refusal, Refusal::limit_reached);
  EXPECT_EQ(run(*first, note(1, "e3", "again"))->outcome.refusal, Refusal::already_converted);
  first->stop();
}

}  // namespace
}  // namespace leadex::market
