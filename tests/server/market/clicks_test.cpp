// Visits through the writer: charged once for each visitor, durable before the answer, nothing in
// the tables of those that nobody paid for; after a reload as before it.

#include <set>
#include <thread>

#include "server/market/replay.hpp"
#include "tests/server/market/market_fixture.hpp"

namespace leadex::market {
namespace {

class Clicks : public MarketFixture {
 protected:
  static UpsertCampaign campaign(std::int64_t no, std::int64_t bid_micros) {
    auto const schema = targeting::Schema::make(MarketRun::rules().attributes).value();
    auto const bytes = targeting::encode(targeting::all_of({}), schema, {});
    UpsertCampaign upsert;
    upsert.campaign_no = upsert.buyer_no = no;
    upsert.version = 1;
    upsert.terms.model = PricingModel::cpc;
    upsert.terms.landing_url = "https://example.com/" + std::to_string(no);
    upsert.terms.exclusivity = auction::Exclusivity::exclusive;
    upsert.terms.bid_micros = bid_micros;
    upsert.terms.targeting = {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
    return upsert;
  }
  void open_campaign(MarketHost& at, std::int64_t no, std::int64_t bid_micros) {
    ASSERT_TRUE(run(at, campaign(no, bid_micros)).has_value());
    ASSERT_TRUE(run(at, FundBudget{{no, no}, no, 100 * kUnit}).has_value());
  }
  static std::string visitor(char name) { return std::string(16, name); }
  Submission a_click(char name, std::int64_t placement_no = 1) {
    OfferClick click;
    click.click_no = ++numbers_;
    click.generator_no = 101;
    click.version = 1;
    click.attributes.resize(MarketRun::rules().attributes.size());
    Submission submission;
    submission.command = std::move(click);
    submission.click = storage::NewClick{};
    submission.click->placement_no = placement_no;
    submission.click->visitor = visitor(name);
    submission.click->subs = {"s", "", "", "", ""};
    return submission;
  }
  Answer visit(MarketHost& at, char name, std::int64_t placement_no = 1) {
    auto const answer = run(at, a_click(name, placement_no));
    EXPECT_TRUE(answer.has_value());
    return answer.value_or(Answer{});
  }
  /// A click as a batch of another day left it.
  void insert_click(char name, std::int64_t clicked_us) {
    std::string bytes;
    for (int i = 0; i < 16; ++i) bytes += fmt_hex(name);
    exec("insert into leadex.click values (7, " + std::to_string(900'000 + name) +
         ", 1, 101, 1, '\\x" + bytes + "', '\\x00', " + std::to_string(clicked_us) + ")");
  }
  static std::string fmt_hex(char c) {
    constexpr char const* kHex = "0123456789abcdef";
    auto const byte = static_cast<unsigned char>(c);
    return {kHex[byte >> 4], kHex[byte & 15]};
  }
  void expect_replay() {
    auto const store = storage::make_market_store(database_.app());
    auto const report = replay(*store, kMarket, ReplayScope::decisions);
    ASSERT_TRUE(report.has_value());
    EXPECT_FALSE(report->fault.has_value())
        << report->fault->what << " at " << report->fault->seq << "/" << report->fault->n;
    EXPECT_EQ(ledger_problem(), "");
    expect_true_books();
  }

  std::int64_t numbers_{};
};

TEST_F(Clicks, AVisitIsChargedAndItsVisitorNotAgain) {
  auto const first = host();
  open_campaign(*first, 1, 2 * kUnit);
  auto const charged = visit(*first, 'a');
  ASSERT_EQ(charged.outcome.sold.size(), 1U);
  EXPECT_EQ(charged.outcome.sold[0].fee_micros, 2 * kUnit * 15 / 100);
  EXPECT_EQ(charged.way.campaign_no, 1);
  EXPECT_EQ(charged.way.landing_url, "https://example.com/1");
  auto const again = visit(*first, 'a');
  EXPECT_TRUE(again.outcome.sold.empty());
  EXPECT_TRUE(again.way.repeated);
  EXPECT_EQ(again.way.landing_url, "https://example.com/1") << "it goes where it went before";
  EXPECT_EQ(charged.way.click_no, 1);
  EXPECT_EQ(again.way.click_no, 1) << "its own number, 2, is nobody's";
  EXPECT_EQ(visit(*first, 'b').outcome.sold.size(), 1U);
  EXPECT_EQ(number("select count(*) from leadex.click"), 2);
  EXPECT_EQ(number("select count(*) from leadex.sale where model = 2 and slot = 0"), 2);
  EXPECT_EQ(number("select n from leadex.click_count where outcome = 0"), 2);
  EXPECT_EQ(number("select gross from leadex.click_count"), 4 * kUnit);
  EXPECT_EQ(number("select net from leadex.click_count"), 4 * kUnit * 85 / 100);
  first->stop();
  expect_replay();
}

TEST_F(Clicks, EqualClicksAtOnceAreChargedOnce) {
  auto const first = host();
  open_campaign(*first, 1, kUnit);
  for (char name = 'a'; name < 'i'; ++name) {
    std::vector<std::future<Result<Answer, SubmitError>>> all;
    for (int i = 0; i < 8; ++i) all.push_back(submit(*first, a_click(name)));
    int charged = 0;
    int repeated = 0;
    for (auto& one : all) {
      auto const answer = one.get();
      ASSERT_TRUE(answer.has_value());
      charged += static_cast<int>(answer->outcome.sold.size());
      repeated += answer->way.repeated ? 1 : 0;
    }
    EXPECT_EQ(charged, 1);
    EXPECT_EQ(repeated, 7);
  }
  first->stop();
  expect_replay();
}

TEST_F(Clicks, ACampaignPaysForAVisitorOnceWhereverItComesFrom) {
  auto const first = host();
  open_campaign(*first, 1, 3 * kUnit);
  open_campaign(*first, 2, 2 * kUnit);
  std::vector<std::future<Result<Answer, SubmitError>>> all;
  for (std::int64_t placement = 1; placement <= 4; ++placement) {
    all.push_back(submit(*first, a_click('a', placement)));
  }
  std::multiset<std::int64_t> to;
  for (auto& one : all) to.insert(one.get()->way.campaign_no);
  EXPECT_EQ(to, (std::multiset<std::int64_t>{0, 0, 1, 2}));
  first->stop();
  expect_replay();
}

TEST_F(Clicks, ADayLaterAVisitorCountsAnew) {
  auto const first = host();
  open_campaign(*first, 1, kUnit);
  auto const now = an_hour_ago_us() + kHourUs;
  insert_click('a', now - 23 * kHourUs);
  insert_click('b', now - 25 * kHourUs);
  auto const again = visit(*first, 'a');
  EXPECT_TRUE(again.way.repeated);
  EXPECT_EQ(again.way.click_no, 900'000 + 'a');
  EXPECT_EQ(visit(*first, 'b').outcome.sold.size(), 1U);
  first->stop();
}

TEST_F(Clicks, TheAnswerComesOnceTheClickIsDurableAndWithoutASaleAtOnce) {
  auto const first = host();
  open_campaign(*first, 1, kUnit);
  (void)visit(*first, 'z');
  std::future<Result<Answer, SubmitError>> charged;
  std::future<Result<Answer, SubmitError>> again;
  {
    pqxx::connection connection{database_.owner()};
    pqxx::work held{connection};
    held.exec("select from leadex.market_head where market_id = 7 for update");
    charged = submit(*first, a_click('a'));
    EXPECT_EQ(charged.wait_for(std::chrono::milliseconds{300}), std::future_status::timeout);
    EXPECT_TRUE(visit(*first, 'z').way.repeated);
    again = submit(*first, a_click('a'));
    EXPECT_EQ(again.wait_for(std::chrono::milliseconds{300}), std::future_status::timeout)
        << "it would be told the id of a click that is not durable yet";
  }
  auto const sold = charged.get();
  EXPECT_EQ(sold->outcome.sold.size(), 1U);
  auto const repeated = again.get();
  EXPECT_TRUE(repeated->way.repeated && repeated->outcome.sold.empty());
  EXPECT_EQ(repeated->way.click_no, sold->way.click_no);
  first->stop();
  expect_replay();
}

TEST_F(Clicks, WhatNobodyPaysForLeavesNoRow) {
  auto const first = host();
  auto const batches = [&] { return number("select count(*) from leadex.commit_batch"); };
  open_campaign(*first, 1, kUnit / 4);  // below the click reserve
  auto const before = batches();
  auto const unsold = visit(*first, 'a');
  EXPECT_TRUE(unsold.outcome.sold.empty());
  EXPECT_FALSE(unsold.way.repeated);
  EXPECT_TRUE(unsold.way.landing_url.empty());
  EXPECT_EQ(batches(), before);
  EXPECT_EQ(number("select count(*) from leadex.click"), 0);
  EXPECT_EQ(number("select count(*) from leadex.auction"), 0);
  first->stop();
}

TEST_F(Clicks, AReloadKnowsWhatWasCharged) {
  std::string state;
  {
    auto const first = host();
    open_campaign(*first, 1, 2 * kUnit);
    for (char name = 'a'; name < 'f'; ++name) (void)visit(*first, name);
    state = look<std::string>(*first, [](auto const& view) { return view.engine.describe(); });
    first->stop();
  }
  auto const second = host("second");
  EXPECT_EQ(look<std::string>(*second, [](auto const& view) { return view.engine.describe(); }),
            state);
  EXPECT_TRUE(visit(*second, 'a').way.repeated);
  EXPECT_EQ(visit(*second, 'x').outcome.sold.size(), 1U);
  EXPECT_EQ(run(*second, OpenReturn{1, 0, 1, "bogus", true})->outcome.refusal,
            Refusal::not_of_this_model);
  second->stop();
  expect_replay();
}

/// Reviewed at once: what is charged settles as soon as it is looked at.
class ReviewedClicks : public Clicks {
 protected:
  [[nodiscard]] MarketRules rules() const override {
    auto rules = Clicks::rules();
    rules.click_review_us = 0;
    return rules;
  }
};

TEST_F(ReviewedClicks, SettleWhenTheirReviewIsOver) {
  auto const first = host();
  open_campaign(*first, 1, 2 * kUnit);
  (void)visit(*first, 'a');
  ASSERT_TRUE(run(*first, Tick{}).has_value());
  EXPECT_EQ(number("select state from leadex.sale"), static_cast<int>(SaleState::settled));
  first->stop();
  expect_replay();
}

}  // namespace
}  // namespace leadex::market
