// Trades through the writer: durable, once, answered in time.

#include <thread>

#include "matching/market/codec.hpp"
#include "server/market/replay.hpp"
#include "tests/server/market/market_fixture.hpp"

namespace leadex::market {
namespace {

/// Time of a MarketRun is its own; here the clock is the wall's, so leads get fresh instants.
/// Sweeps are off: a reload starts them anew, and they may buy what has come since.
Command to_now(Command command) {
  if (auto* upsert = std::get_if<UpsertCampaign>(&command)) upsert->terms.buys_listings = false;
  if (auto* offer = std::get_if<OfferLead>(&command)) {
    offer->captured_us = MarketFixture::an_hour_ago_us();
  }
  return command;
}

bool is_feed(Command const& command) {  // what the actor issues itself
  return std::holds_alternative<ConfigureMarket>(command) ||
         std::holds_alternative<SetZoneWindows>(command);
}

TEST_F(MarketFixture, TradesAreDurableReplayIdenticallyAndReloadToTheSameState) {
  auto const seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  MarketRun random{seed};
  std::string before;
  std::vector<std::string> zones;
  {
    auto const first = host();
    for (auto const& command : random.opening()) {
      if (!is_feed(command)) ASSERT_TRUE(run(*first, to_now(command)).has_value());
    }
    for (int i = 0; i < 250; ++i) {
      auto const command = look<std::optional<Command>>(
          *first, [&](auto const& view) { return std::optional{random.next(view.engine)}; });
      if (is_feed(*command)) continue;
      auto const answer = run(*first, to_now(*command));
      ASSERT_TRUE(answer.has_value()) << static_cast<int>(answer.error());
      for (auto const& sold : answer->outcome.sold) EXPECT_GE(sold.fee_micros, 0);
      Applied applied;
      random.learn(applied);
    }
    before = look<std::string>(*first, [](auto const& view) { return view.engine.describe(); });
    first->stop();
  }
  EXPECT_GT(number("select count(*) from leadex.sale"), 10);
  expect_true_books();
  auto const store = storage::make_market_store(database_.app());
  auto const report = replay(*store, kMarket, ReplayScope::decisions);
  ASSERT_TRUE(report.has_value());
  EXPECT_FALSE(report->fault.has_value())
      << report->fault->what << " at " << report->fault->seq << "/" << report->fault->n;
  EXPECT_EQ(report->sales, number("select count(*) from leadex.sale"));
  EXPECT_EQ(ledger_problem(), "");

  auto const second = host("second");
  // One command makes the reloaded actor tell its zones.
  EXPECT_TRUE(run(*second, Tick{0, 1}).has_value());
  auto const after =
      look<std::string>(*second, [](auto const& view) { return view.engine.describe(); });
  EXPECT_EQ(after, before);
}

TEST_F(MarketFixture, OneKeySentFiftyTimesInParallelHasOneEffect) {
  auto const first = host();
  MarketRun random{1};
  for (auto const& command : random.opening()) {
    if (!is_feed(command)) ASSERT_TRUE(run(*first, command).has_value());
  }
  Submission submission;
  auto offer = plain_offer(1);
  offer.attributes = {{AttributeText::Kind::text, 0, "CA"},
                      {AttributeText::Kind::number, 40, {}},
                      {AttributeText::Kind::number, 1, {}}};
  submission.command = offer;
  submission.lead = rows_of(offer);
  submission.persons = {std::string(16, 'a'), std::string(16, 'b')};
  submission.idempotency = {101, std::string(16, 'k'), "body", Operation::post_lead};
  std::vector<std::future<Result<Answer, SubmitError>>> answers;
  for (int i = 0; i < 50; ++i) answers.push_back(submit(*first, submission));
  int done = 0;
  for (auto& answer : answers) {
    auto const result = answer.get();
    if (!result) {
      EXPECT_EQ(result.error(), SubmitError::in_progress);
      continue;
    }
    ++done;
  }
  EXPECT_GE(done, 1);
  auto const original = run(*first, submission);
  ASSERT_TRUE(original.has_value());
  EXPECT_TRUE(original->replayed);
  for (int i = 0; i < 50; ++i) {
    auto const again = run(*first, submission);
    ASSERT_TRUE(again.has_value());
    EXPECT_EQ(encode_value(again->outcome), encode_value(original->outcome));
  }
  EXPECT_EQ(number("select count(*) from leadex.lead"), 1);
  submission.idempotency->body_hash = "other";
  EXPECT_EQ(run(*first, submission).error(), SubmitError::key_reused);
  // Another lead of the same person, without the key.
  submission.idempotency.reset();
  offer.lead_no = 2;
  submission.command = offer;
  submission.lead = rows_of(offer);
  EXPECT_EQ(run(*first, submission).error(), SubmitError::duplicate);
  expect_true_books();
}

TEST_F(MarketFixture, TwoHundredBuyersRaceForOneExclusiveLead) {
  auto const first = host();
  auto const offer = plain_offer(1);
  ASSERT_TRUE(run(*first, offer).has_value());
  constexpr int kBuyers = 200;
  for (std::int64_t buyer = 1; buyer <= kBuyers; ++buyer) {
    ASSERT_TRUE(run(*first, FundBudget{{buyer, 0}, buyer, 100 * kUnit}).has_value());
  }
  std::vector<std::future<Result<Answer, SubmitError>>> answers;
  for (std::int64_t buyer = 1; buyer <= kBuyers; ++buyer) {
    Submission bid;
    bid.command = PlaceBid{1, {buyer, 0}, 50 * kUnit, true};
    answers.push_back(submit(*first, std::move(bid)));
  }
  int sold = 0;
  int refused = 0;
  for (auto& answer : answers) {
    auto const result = answer.get();
    ASSERT_TRUE(result.has_value());
    (result->outcome.refusal == Refusal::none ? sold : refused) += 1;
  }
  EXPECT_EQ(sold, 1);
  EXPECT_EQ(refused, kBuyers - 1);
  EXPECT_EQ(number("select count(*) from leadex.sale"), 1);
  expect_true_books();
}

TEST_F(MarketFixture, WhoWaitsPastItsDeadlineHearsSoThoughTheDatabaseStandsStill) {
  auto const first = host();
  auto const offer = [this, &first](std::int64_t lead_no, auto deadline) {
    auto const lead = plain_offer(lead_no);
    Submission submission;
    submission.command = lead;
    submission.lead = rows_of(lead);
    submission.deadline = deadline;
    return submit(*first, std::move(submission));
  };
  auto const soon = std::chrono::steady_clock::now() + std::chrono::milliseconds{600};
  auto const far = soon + std::chrono::minutes{10};
  std::vector<std::future<Result<Answer, SubmitError>>> begun;
  std::future<Result<Answer, SubmitError>> late;
  {
    pqxx::connection connection{database_.owner()};
    pqxx::work held{connection};
    held.exec("select from leadex.market_head where market_id = 7 for update");
    // Two batches are on their way at most; whoever comes then waits in the queue.
    for (std::int64_t lead_no = 1; lead_no <= 2; ++lead_no) {
      begun.push_back(offer(lead_no, far));
      std::this_thread::sleep_for(std::chrono::milliseconds{100});
    }
    late = offer(3, soon);
    ASSERT_EQ(late.wait_for(std::chrono::milliseconds{1500}), std::future_status::ready);
    for (auto& answer : begun) {
      EXPECT_EQ(answer.wait_for(std::chrono::seconds{0}), std::future_status::timeout);
    }
  }
  auto const refused = late.get();
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error(), SubmitError::deadline_passed);
  for (auto& answer : begun) EXPECT_TRUE(answer.get().has_value());
  EXPECT_EQ(number("select count(*) from leadex.lead"), 2);
}

TEST_F(MarketFixture, MoneySentTwiceIsToldOfWhenItIsDurable) {
  auto const first = host();
  leave_wallet(FundBudget{{1, 0}, 1, 10 * kUnit});
  Submission fund;
  fund.command = FundBudget{{1, 0}, 1, 10 * kUnit};
  std::vector<std::future<Result<Answer, SubmitError>>> answers;
  {
    pqxx::connection connection{database_.owner()};
    pqxx::work held{connection};
    held.exec("select from leadex.market_head where market_id = 7 for update");
    for (int i = 0; i < 3; ++i) {
      answers.push_back(submit(*first, fund));
      std::this_thread::sleep_for(std::chrono::milliseconds{100});
    }
    for (auto& answer : answers) {
      EXPECT_EQ(answer.wait_for(std::chrono::milliseconds{50}), std::future_status::timeout);
    }
  }
  for (auto& answer : answers) EXPECT_TRUE(answer.get().has_value());
  EXPECT_EQ(number("select count(*) from leadex.transfer where market_id = 7"), 1);
  expect_true_books();
}

TEST_F(MarketFixture, AnUploadThatWaitsToBeLookedUpHearsOfItsDeadline) {
  auto const first = host();
  auto const admit = [this, &first](std::int64_t lead_no, auto deadline) {
    Submission upload;
    upload.command = AdmitRows{.batch_no = 1};
    upload.lane = Lane::bulk;
    upload.deadline = deadline;
    auto& row = upload.admissions.emplace_back();
    row.lead_no = lead_no;
    row.digests.emplace_back(16, static_cast<char>('a' + lead_no));
    return submit(*first, std::move(upload));
  };
  auto const soon = std::chrono::steady_clock::now() + std::chrono::milliseconds{600};
  std::future<Result<Answer, SubmitError>> begun;
  std::future<Result<Answer, SubmitError>> late;
  {
    pqxx::connection connection{database_.owner()};
    pqxx::work held{connection};
    held.exec("lock table leadex.person in access exclusive mode");
    begun = admit(1, soon + std::chrono::minutes{10});
    std::this_thread::sleep_for(std::chrono::milliseconds{200});
    late = admit(2, soon);
    ASSERT_EQ(late.wait_for(std::chrono::milliseconds{2000}), std::future_status::ready);
    EXPECT_EQ(begun.wait_for(std::chrono::seconds{0}), std::future_status::timeout);
  }
  auto const refused = late.get();
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error(), SubmitError::deadline_passed);
  EXPECT_TRUE(begun.get().has_value());
}

}  // namespace
}  // namespace leadex::market
