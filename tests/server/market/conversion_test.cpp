// Sales per acquisition through the writer: books, rows, reload and replay; a transaction counts
// once, whoever tells of it and how often.

#include <thread>

#include "server/market/replay.hpp"
#include "tests/server/market/market_fixture.hpp"

namespace leadex::market {
namespace {

class Conversions : public MarketFixture {
 protected:
  [[nodiscard]] MarketRules rules() const override {
    auto rules = MarketRun::rules();
    rules.cpa_window_us = 24 * kHourUs;
    rules.cpa_review_us = 24 * kHourUs;
    rules.cpa_hold = hold_;
    return rules;
  }
  void open_campaign(MarketHost& at, std::int64_t bid_micros, std::int64_t fund_micros) {
    SetEstimates set;
    set.estimates.version = 1;
    set.estimates.made_at_us = an_hour_ago_us();
    set.estimates.conversions.market_ppb = 400'000'000;
    ASSERT_TRUE(run(at, set).has_value());
    auto const schema = targeting::Schema::make(MarketRun::rules().attributes).value();
    auto const bytes = targeting::encode(targeting::all_of({}), schema, {});
    UpsertCampaign upsert;
    upsert.campaign_no = upsert.buyer_no = 1;
    upsert.version = 1;
    upsert.terms.bid_micros = bid_micros;
    upsert.terms.model = PricingModel::cpa;
    upsert.terms.event = "policy";
    upsert.terms.value_bp = 1000;
    upsert.terms.exclusivity = auction::Exclusivity::exclusive;
    upsert.terms.targeting = {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
    ASSERT_TRUE(run(at, upsert).has_value());
    ASSERT_TRUE(run(at, FundBudget{{1, 1}, ++intents_, fund_micros}).has_value());
  }
  void sell(MarketHost& at, std::int64_t lead_no) {
    auto const done = run(at, plain_offer(lead_no));
    ASSERT_TRUE(done.has_value());
    ASSERT_EQ(done->outcome.sold.size(), 1U);
  }
  static ReportConversion report(std::int64_t lead_no, std::string transaction,
                                 std::int64_t value_micros = kNone, bool confirmed = true) {
    return {.lead_no = lead_no,
            .buyer_no = 1,
            .event = "policy",
            .transaction_id = std::move(transaction),
            .at_us = an_hour_ago_us() + kHourUs,
            .value_micros = value_micros,
            .confirmed = confirmed};
  }
  std::string state(MarketHost& at) {
    return look<std::string>(at, [](auto const& view) { return view.engine.describe(); });
  }
  /// Stops `first`; what another process loads is the same, and the log gives it again.
  void expect_same_elsewhere(MarketHost& first) {
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
  std::int64_t intents_{};
};

class PooledConversions : public Conversions {
 protected:
  PooledConversions() { hold_ = CpaHold::pooled; }
};

TEST_F(Conversions, APaidConversionSettlesItsSaleAndTheRestGoesBack) {
  auto const first = host();
  open_campaign(*first, 10 * kUnit, 50 * kUnit);
  for (std::int64_t lead = 1; lead <= 4; ++lead) sell(*first, lead);
  EXPECT_EQ(number("select debits_pending from leadex.account where code = 2"), 40 * kUnit);
  auto const done = run(*first, report(1, "a", 60 * kUnit));
  ASSERT_TRUE(done.has_value());
  EXPECT_EQ(done->outcome.micros, 6 * kUnit);
  ASSERT_TRUE(run(*first, report(2, "b")).has_value());
  EXPECT_EQ(run(*first, report(3, "c", kNone, false))->outcome.refusal, Refusal::none);
  EXPECT_EQ(number("select debits_posted from leadex.account where code = 2"), 16 * kUnit);
  EXPECT_EQ(number("select debits_pending from leadex.account where code = 2"), 20 * kUnit);
  EXPECT_EQ(number("select credited from leadex.sale where lead_no = 1"), 4 * kUnit);
  EXPECT_EQ(number("select price from leadex.conversion where lead_no = 1"), 6 * kUnit);
  EXPECT_EQ(number("select count(*) from leadex.conversion where state = 0"), 1);
  expect_same_elsewhere(*first);
}

TEST_F(Conversions, ATransactionCountsOnceAlsoInOneBatchAndAfterARestart) {
  auto const first = host();
  open_campaign(*first, 10 * kUnit, 100 * kUnit);
  for (std::int64_t lead = 1; lead <= 8; ++lead) sell(*first, lead);
  std::vector<std::future<Result<Answer, SubmitError>>> told;
  for (std::int64_t lead = 1; lead <= 6; ++lead) {
    Submission submission;
    submission.command = report(lead, "same");
    told.push_back(submit(*first, std::move(submission)));
  }
  int paid = 0;
  for (auto& one : told) {
    auto const answer = one.get();
    if (answer) {
      ++paid;
    } else {
      EXPECT_EQ(answer.error(), SubmitError::duplicate);
    }
  }
  EXPECT_EQ(paid, 1);
  EXPECT_EQ(number("select count(*) from leadex.conversion"), 1);
  // What was refused has used up nothing.
  EXPECT_EQ(run(*first, report(99, "late"))->outcome.refusal, Refusal::sale_unknown);
  EXPECT_EQ(run(*first, report(7, "late"))->outcome.refusal, Refusal::none);
  first->stop();
  auto const second = host("second");
  EXPECT_EQ(run(*second, report(8, "same")).error(), SubmitError::duplicate);
  second->stop();
}

TEST_F(PooledConversions, APoolMovesMoneyWhenSomethingComesOfALead) {
  auto const first = host();
  open_campaign(*first, 10 * kUnit, 25 * kUnit);
  for (std::int64_t lead = 1; lead <= 6; ++lead) sell(*first, lead);
  EXPECT_EQ(number("select count(*) from leadex.transfer where lead_no > 0"), 0);
  ASSERT_EQ(run(*first, report(1, "a"))->outcome.refusal, Refusal::none);
  ASSERT_EQ(run(*first, report(2, "b"))->outcome.refusal, Refusal::none);
  auto const owed = run(*first, report(3, "c"));
  EXPECT_TRUE(owed->outcome.rests) << "the budget does not cover it";
  EXPECT_EQ(number("select status from leadex.campaign where campaign_no = 1"), 4);
  EXPECT_EQ(number("select debits_posted from leadex.account where code = 2"), 20 * kUnit);
  expect_same_elsewhere(*first);

  auto const third = host("third");
  ASSERT_TRUE(run(*third, FundBudget{{1, 1}, ++intents_, 50 * kUnit}).has_value());
  EXPECT_EQ(number("select state from leadex.conversion where lead_no = 3"), 1);
  EXPECT_EQ(number("select status from leadex.campaign where campaign_no = 1"), 0);
  EXPECT_EQ(number("select debits_posted from leadex.account where code = 2"), 30 * kUnit);
  expect_same_elsewhere(*third);
}

}  // namespace
}  // namespace leadex::market
