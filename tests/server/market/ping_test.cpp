// Pings through the writer: answered at once, in the log before whatever follows them, gone with
// memory; promises that outlive it, kept once and paid for by the exchange.

#include <thread>

#include "server/market/replay.hpp"
#include "tests/server/market/market_fixture.hpp"

namespace leadex::market {
namespace {

class Pings : public MarketFixture {
 protected:
  static UpsertCampaign campaign(std::int64_t no, std::int64_t bid_micros) {
    auto const schema = targeting::Schema::make(MarketRun::rules().attributes).value();
    auto const bytes = targeting::encode(targeting::all_of({}), schema, {});
    UpsertCampaign upsert;
    upsert.campaign_no = upsert.buyer_no = no;
    upsert.version = 1;
    upsert.terms.bid_micros = bid_micros;
    upsert.terms.exclusivity = auction::Exclusivity::shared;
    upsert.terms.targeting = {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
    return upsert;
  }
  void open_campaign(MarketHost& at, std::int64_t no, std::int64_t bid_micros,
                     std::int64_t fund_micros) {
    ASSERT_TRUE(run(at, campaign(no, bid_micros)).has_value());
    ASSERT_TRUE(run(at, FundBudget{{no, no}, no, fund_micros}).has_value());
  }
  static OfferPing a_ping(std::int64_t ping_no) {
    return {.ping_no = ping_no, .lead = plain_offer(0)};
  }
  static PostPing a_post(std::int64_t ping_no, PingAnswer const& answer, std::int64_t lead_no) {
    return {ping_no, answer.expires_us, answer.bids, plain_offer(lead_no)};
  }
  std::int64_t available(MarketHost& at, BudgetKey key) {
    return look<std::int64_t>(at, [=](auto const& view) { return view.engine.available(key); });
  }
  /// Nothing wrong with chain, decisions, books.
  void expect_replay() {
    auto const store = storage::make_market_store(database_.app());
    auto const report = replay(*store, kMarket, ReplayScope::decisions);
    ASSERT_TRUE(report.has_value());
    EXPECT_FALSE(report->fault.has_value())
        << report->fault->what << " at " << report->fault->seq << "/" << report->fault->n;
    EXPECT_EQ(ledger_problem(), "");
    expect_true_books();
  }
  std::int64_t batches() {
    return number("select count(*) from leadex.commit_batch where market_id = 7");
  }
  void wait_for(std::function<bool()> const& done) {
    for (int i = 0; i < 1000 && !done(); ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds{10});
    }
    EXPECT_TRUE(done());
  }
};

TEST_F(Pings, APingIsAnsweredWhileNoCommitGoesThroughAndStandsInTheLogInItsPlace) {
  auto const first = host();
  open_campaign(*first, 1, 5 * kUnit, 7 * kUnit);
  std::vector<std::future<Result<Answer, SubmitError>>> waiting;
  {
    pqxx::connection connection{database_.owner()};
    pqxx::work held{connection};
    held.exec("select from leadex.market_head where market_id = 7 for update");
    for (std::int64_t lead_no = 1; lead_no <= 4; ++lead_no) {
      Submission offer;
      auto lead = plain_offer(lead_no);
      lead.withheld = {1};
      offer.lead = rows_of(lead);
      offer.command = std::move(lead);
      waiting.push_back(submit(*first, std::move(offer)));
    }
    auto const answer = ping(*first, a_ping(1));
    ASSERT_TRUE(answer.has_value());
    ASSERT_EQ(answer->bids.size(), 1U);
    EXPECT_EQ(answer->bids[0].price_micros, 5 * kUnit);
    EXPECT_EQ(answer->bids[0].net_micros, 5 * kUnit * 85 / 100);
    auto const second = ping(*first, a_ping(2));
    ASSERT_TRUE(second.has_value());
    EXPECT_TRUE(second->bids.empty()) << "the money is spoken for";
  }
  for (auto& one : waiting) ASSERT_TRUE(one.get().has_value());
  auto const refused = run(*first, DefundBudget{{1, 1}, 90, 5 * kUnit});
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->outcome.refusal, Refusal::insufficient_funds);
  first->stop();
  expect_replay();
}

TEST_F(Pings, PingsAloneReachTheLogSoonAndThoseThatFoundNothingNever) {
  auto const first = host();
  open_campaign(*first, 1, 5 * kUnit, 7 * kUnit);
  auto const before = batches();
  ASSERT_EQ(ping(*first, a_ping(1))->bids.size(), 1U);
  wait_for([&] { return batches() == before + 1; });
  ASSERT_TRUE(ping(*first, a_ping(2))->bids.empty());
  std::this_thread::sleep_for(std::chrono::milliseconds{500});
  EXPECT_EQ(batches(), before + 1);
  first->stop();
  expect_replay();
}

TEST_F(Pings, APostGetsWhatWasPromisedAndOnlyOnce) {
  auto const first = host();
  open_campaign(*first, 1, 5 * kUnit, 100 * kUnit);
  auto const promised = ping(*first, a_ping(1));
  auto lower = campaign(1, 2 * kUnit);
  lower.version = 2;
  ASSERT_TRUE(run(*first, lower).has_value());
  auto const done = run(*first, a_post(1, *promised, 11));
  ASSERT_TRUE(done.has_value());
  ASSERT_EQ(done->outcome.sold.size(), 1U);
  EXPECT_EQ(done->outcome.sold[0].gross_micros, 5 * kUnit);
  EXPECT_EQ(done->outcome.micros, 0) << "the exchange adds nothing";
  auto const again = run(*first, a_post(1, *promised, 12));
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->outcome.refusal, Refusal::ping_used);
  EXPECT_EQ(number("select count(*) from leadex.ping_promise where added_micros = 0"), 1);
  EXPECT_EQ(number("select count(*) from leadex.lead"), 1);
  first->stop();
  expect_replay();
}

TEST_F(Pings, APromiseOutlivesARestartAndTheExchangePaysWhatIsMissingOnce) {
  Result<PingAnswer, SubmitError> promised{PingAnswer{}};
  Result<PingAnswer, SubmitError> other{PingAnswer{}};
  {
    auto const first = host();
    open_campaign(*first, 1, 5 * kUnit, 100 * kUnit);
    open_campaign(*first, 2, 4 * kUnit, 100 * kUnit);
    promised = ping(*first, a_ping(1));
    other = ping(*first, a_ping(2));
    ASSERT_EQ(promised->bids.size(), 2U);
    ASSERT_EQ(other->bids.size(), 2U);
    EXPECT_EQ(available(*first, {1, 1}), 90 * kUnit);
    ASSERT_TRUE(run(*first, PauseCampaign{1, 1, true}).has_value());
    first->stop();
  }
  auto const second = host("second");
  EXPECT_EQ(available(*second, {2, 2}), 100 * kUnit) << "reservations are gone";
  auto const done = run(*second, a_post(1, *promised, 11));
  ASSERT_TRUE(done.has_value());
  ASSERT_EQ(done->outcome.sold.size(), 1U);
  EXPECT_EQ(done->outcome.sold[0].gross_micros, 4 * kUnit);
  auto const missing = 5 * kUnit * 85 / 100;
  EXPECT_EQ(done->outcome.micros, missing);
  EXPECT_EQ(number("select amount from leadex.transfer where code = 12"), missing);
  EXPECT_EQ(number("select credits_posted - debits_posted from leadex.account where code = 8"),
            -missing);
  EXPECT_EQ(number("select credits_posted from leadex.account where code = 4 and owner_no = 101"),
            missing);
  second->stop();

  auto const third = host("third");
  auto const again = run(*third, a_post(1, *promised, 12));
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->outcome.refusal, Refusal::ping_used) << "not forgotten with memory";
  ASSERT_TRUE(run(*third, PauseCampaign{1, 1, false}).has_value());
  auto const whole = run(*third, a_post(2, *other, 13));
  ASSERT_TRUE(whole.has_value());
  EXPECT_EQ(whole->outcome.sold.size(), 2U);
  EXPECT_EQ(whole->outcome.micros, 0);
  EXPECT_EQ(number("select count(*) from leadex.transfer where code = 12"), 1);
  third->stop();
  expect_replay();
}

TEST_F(Pings, ARefusedBatchTakesReservationsWithItAndTheReplayFollows) {
  auto const first = host();
  open_campaign(*first, 1, 5 * kUnit, 7 * kUnit);
  exec("alter table leadex.lead add constraint no_third check (lead_no <> 3)");
  auto const promised = ping(*first, a_ping(1));
  ASSERT_EQ(promised->bids.size(), 1U);
  ASSERT_TRUE(run(*first, plain_offer(1)).has_value());  // the ping is in the log now
  EXPECT_EQ(available(*first, {1, 1}), 2 * kUnit);
  EXPECT_EQ(run(*first, plain_offer(3)).error(), SubmitError::internal_invariant);
  // The answer comes before memory is loaded once more.
  wait_for([&] { return available(*first, {1, 1}) == 7 * kUnit; });
  auto sold = run(*first, plain_offer(4));
  for (int i = 0; i < 100 && !sold; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
    sold = run(*first, plain_offer(4));
  }
  ASSERT_TRUE(sold.has_value());
  EXPECT_EQ(sold->outcome.sold.size(), 1U);
  auto const post = run(*first, a_post(1, *promised, 5));
  ASSERT_TRUE(post.has_value());
  EXPECT_TRUE(post->outcome.sold.empty());
  EXPECT_EQ(post->outcome.micros, 5 * kUnit * 85 / 100) << "the signed promise still holds";
  first->stop();
  expect_replay();
}

}  // namespace
}  // namespace leadex::market
