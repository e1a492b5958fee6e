#include <atomic>
#include <thread>

#include "matching/market/codec.hpp"
#include "server/market/replay.hpp"
#include "server/market/zone_windows.hpp"
#include "tests/server/market/market_fixture.hpp"

namespace leadex::market {
namespace {

/// Time of a MarketRun is its own; here the clock is the wall's, so leads get fresh instants.
/// Sweeps are off: a reload starts them anew, and they may buy what has come since.
Command to_now(Command command) {
  if (auto* upsert = std::get_if<UpsertCampaign>(&command)) upsert->terms.buys_listings = false;
  if (auto* offer = std::get_if<OfferLead>(&command)) {
    offer->captured_us = std::chrono::duration_cast<std::chrono::microseconds>(
                             std::chrono::system_clock::now().time_since_epoch())
                             .count() -
                         kHourUs;
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
  OfferLead offer;
  offer.lead_no = 1;
  offer.generator_no = 101;
  offer.version = 1;
  offer.reason = "quote";
  offer.attributes = {{AttributeText::Kind::text, 0, "CA"},
                      {AttributeText::Kind::number, 40, {}},
                      {AttributeText::Kind::number, 1, {}}};
  submission.command = to_now(offer);
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
  submission.command = to_now(offer);
  submission.lead = rows_of(offer);
  EXPECT_EQ(run(*first, submission).error(), SubmitError::duplicate);
  expect_true_books();
}

TEST_F(MarketFixture, AKeyIsFoundWithoutWalkingThroughTheKeysOfItsDays) {
  auto const first = host();
  // As many keys as an hour of trade leaves, all of one account and of today.
  exec(
      "insert into leadex.idempotency select 7, floor(extract(epoch from now()) / 86400), 101, "
      "decode(md5(i::text), 'hex'), 'h', 1, 1, 0 from generate_series(1, 30000) i");
  auto const pages = [&] {
    return number(
        "select coalesce(sum(idx_blks_read + idx_blks_hit), 0) from pg_statio_user_indexes where "
        "relname like 'idempotency%'");
  };
  Submission submission;
  submission.command = Tick{0, 1};
  submission.idempotency = {101, std::string(16, 'a'), "body", Operation::purchase};
  ASSERT_TRUE(run(*first, submission).has_value());
  // The server tells its counts once a second at most, when a connection comes to rest.
  std::this_thread::sleep_for(std::chrono::milliseconds{1500});
  auto const before = pages();
  constexpr int kKeys = 50;
  for (int i = 0; i < kKeys; ++i) {
    submission.idempotency->key = std::string(15, 'b') + static_cast<char>(i + 1);
    ASSERT_TRUE(run(*first, submission).has_value());
  }
  std::this_thread::sleep_for(std::chrono::milliseconds{1500});
  submission.idempotency->key = std::string(16, 'c');
  ASSERT_TRUE(run(*first, submission).has_value());
  std::int64_t read = 0;
  for (int i = 0; i < 150 && read == 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds{100});
    read = pages() - before;
  }
  EXPECT_GT(read, 0);
  // A few pages for each key and day; a walk through that day's keys takes over a hundred a key.
  EXPECT_LT(read, kKeys * 40);
}

/// Posts leads of two new persons each and funds a desk: look-ups, inserts and updates.
class MarketPlans : public MarketFixture, public testing::WithParamInterface<bool> {
 protected:
  void work(MarketHost& at, int times) {
    for (int i = 0; i < times; ++i) {
      ASSERT_TRUE(run(at, FundBudget{{1, 0}, ++intents_, kUnit}).has_value());
      OfferLead offer;
      offer.lead_no = ++leads_;
      offer.generator_no = 101;
      offer.version = 1;
      offer.reason = "quote";
      offer.attributes.resize(3);
      Submission post;
      post.command = to_now(offer);
      post.lead = rows_of(offer);
      auto const tail = std::to_string(100'000 + leads_);
      post.persons = {"person, by phone" + tail, "person, by mail." + tail};
      for (auto& digest : post.persons) digest.erase(0, digest.size() - 16);
      ASSERT_TRUE(run(at, post).has_value());
    }
  }
  std::int64_t count(std::string const& what, std::string const& table) {
    return number("select coalesce(" + what + ", 0) from pg_stat_user_tables where relname = '" +
                  table + "'");
  }
  /// The server tells its counts once a second at most, when a connection comes to rest. Funds
  /// change two accounts each, leads look for two persons each.
  void wait_for_counts() {
    for (int i = 0; i < 150 && (count("n_tup_upd", "account") < 2 * intents_ ||
                                count("idx_scan", "person") < 2 * leads_);
         ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds{100});
    }
  }
  /// Rows that statements have looked at, by walking through the table or by an index.
  std::int64_t read() {
    auto const rows = "seq_tup_read + idx_tup_fetch";
    return count(rows, "account") + count(rows, "person");
  }
  std::int64_t leads_{};
  std::int64_t intents_{};
};

TEST_P(MarketPlans, MadeOnASmallTableNeverWalkThroughAGrownOne) {
  auto const first = host();
  work(*first, 11);  // by now the plans are kept
  exec(
      "insert into leadex.account select 7, i, 1, i, 0, 0, 0, 0, 0, null, 1 from "
      "generate_series(1000000, 1020000) i");
  exec(
      "insert into leadex.person select 7, decode(md5(i::text), 'hex'), i, 0, null from "
      "generate_series(1, 20000) i");
  // As the server itself does within a minute; before that it guesses.
  if (GetParam()) exec("analyze leadex.account, leadex.person");
  work(*first, 70);  // each of the two connections plans anew meanwhile, and the one that looks up
  wait_for_counts();
  auto const before = read();
  work(*first, 10);
  wait_for_counts();
  EXPECT_EQ(count("n_tup_upd", "account"), 2 * intents_);
  EXPECT_LT(read() - before, 2'000)
      << "account " << count("seq_tup_read", "account") << " + "
      << count("idx_tup_fetch", "account") << ", person " << count("seq_tup_read", "person")
      << " + " << count("idx_tup_fetch", "person");
}

INSTANTIATE_TEST_SUITE_P(Tables, MarketPlans, testing::Bool(), [](auto const& analysed) {
  return analysed.param ? "Analysed" : "Fresh";
});

TEST_F(MarketFixture, PersonsOfAnUploadAreFoundWithoutReadingAllPersons) {
  auto const first = host();
  constexpr std::int64_t kKnown = 60'000;
  exec(
      "insert into leadex.person select 7, decode(md5(i::text), 'hex'), i, 0 from "
      "generate_series(1, " +
      std::to_string(kKnown) + ") i");
  exec("analyze leadex.person");
  auto const count = [&](std::string const& what) {
    return number("select " + what + " from pg_stat_user_tables where relname = 'person'");
  };
  std::int64_t next = 0;
  auto const admit = [&](std::size_t rows) {
    Submission upload;
    upload.command = AdmitRows{.batch_no = 1};
    upload.lane = Lane::bulk;
    for (std::size_t i = 0; i < rows; ++i) {
      auto& row = upload.admissions.emplace_back();
      row.lead_no = ++next;
      for (char const field : {'a', 'b', 'c'}) {
        auto digest = std::to_string(next) + field;
        digest.resize(16, field);
        row.digests.push_back(std::move(digest));
      }
    }
    auto const answer = run(*first, std::move(upload));
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->admissions.size(), rows);
  };
  auto const scans = count("seq_scan + idx_scan");
  auto const read = count("seq_tup_read + idx_tup_fetch");
  for (int i = 0; i < 8; ++i) admit(500);
  // The server tells its counts once a second at most, when a connection comes to rest.
  std::this_thread::sleep_for(std::chrono::milliseconds{1500});
  admit(1);
  for (int i = 0; i < 150 && count("seq_scan + idx_scan") - scans < 2; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds{100});
  }
  EXPECT_GE(count("seq_scan + idx_scan") - scans, 2);
  EXPECT_LT(count("seq_tup_read + idx_tup_fetch") - read, kKnown);
  EXPECT_EQ(number("select count(*) from leadex.person where provisional_upload = 1"), next * 3);
}

TEST_F(MarketFixture, TwoHundredBuyersRaceForOneExclusiveLead) {
  auto const first = host();
  OfferLead offer;
  offer.lead_no = 1;
  offer.generator_no = 101;
  offer.version = 1;
  offer.reason = "quote";
  offer.attributes.resize(3);
  ASSERT_TRUE(run(*first, to_now(offer)).has_value());
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

TEST_F(MarketFixture, ABatchThatWaitedForAFailedOneEndsCleanly) {
  std::mutex guard;
  std::vector<storage::CommitReport> reports;
  auto const count = [&] {
    std::lock_guard const lock{guard};
    return reports.size();
  };
  auto const store = storage::make_market_store(database_.app());
  auto const pipeline = store->open_pipeline(kMarket, 0, [&](storage::CommitReport report) {
    std::lock_guard const lock{guard};
    reports.push_back(std::move(report));
  });
  pqxx::connection connection{database_.owner()};
  pqxx::work holding{connection};  // the first batch waits at the head, the second for the first
  auto const epoch = number("select epoch from leadex.market_head where market_id = 7");
  holding.exec("update leadex.market_head set epoch = epoch + 1 where market_id = 7");
  std::string hash(32, '\0');
  for (std::int64_t seq = 1; seq <= 2; ++seq) {
    storage::BatchRows rows;
    rows.seq = seq;
    rows.persons.push_back({.digest = std::string(16, static_cast<char>(seq)), .lead_no = seq});
    auto const batch = store->prepare(kMarket, rows, hash);
    hash = batch->hash();
    pipeline->submit(batch, epoch);
  }
  auto const under_way = [&] {
    return number(
        "select count(distinct pid) from pg_locks where relation = 'leadex.person'::regclass and "
        "mode = 'RowExclusiveLock'");
  };
  for (int i = 0; i < 500 && under_way() < 2; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  }
  EXPECT_EQ(under_way(), 2);
  holding.commit();
  for (int i = 0; i < 1000 && count() < 2; ++i)
    std::this_thread::sleep_for(std::chrono::milliseconds{10});
  ASSERT_EQ(count(), 2U);
  EXPECT_EQ(reports[0].failure, storage::CommitFailure::refused);
  EXPECT_EQ(reports[1].failure, storage::CommitFailure::unknown);
  EXPECT_EQ(number("select seq from leadex.market_head where market_id = 7"), 0);
}

TEST_F(MarketFixture, WhoWaitsPastItsDeadlineHearsSoThoughTheDatabaseStandsStill) {
  auto const first = host();
  auto const offer = [this, &first](std::int64_t lead_no, auto deadline) {
    OfferLead lead;
    lead.lead_no = lead_no;
    lead.generator_no = 101;
    lead.version = 1;
    lead.reason = "quote";
    lead.attributes.resize(3);
    Submission submission;
    submission.command = to_now(lead);
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

TEST_F(MarketFixture, AnOldOwnerWritesNothingAfterATakeover) {
  auto slow = options("slow");
  slow.beat = std::chrono::hours{1};  // as if stopped: it never beats again
  auto const first = host(slow);
  ASSERT_TRUE(run(*first, FundBudget{{1, 0}, 1, 10 * kUnit}).has_value());
  exec("update leadex.market_lease set beat_at = now() - interval '1 hour'");
  auto const second = host("second");
  ASSERT_TRUE(run(*second, FundBudget{{1, 0}, 2, 10 * kUnit}).has_value());
  auto const seq = number("select seq from leadex.market_head where market_id = 7");
  leave_wallet(FundBudget{{1, 0}, 3, kUnit});
  Submission late;
  late.command = FundBudget{{1, 0}, 3, kUnit};
  auto const refused = run(*first, late);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error(), SubmitError::not_owner);
  EXPECT_EQ(number("select seq from leadex.market_head where market_id = 7"), seq);
  ASSERT_TRUE(run(*second, DefundBudget{{1, 0}, 4, 20 * kUnit}).has_value());
  expect_true_books();
}

TEST_F(MarketFixture, ConnectionsCutUnderLoadLoseNoAcknowledgedSale) {
  auto const first = host();
  for (std::int64_t buyer = 1; buyer <= 4; ++buyer) {
    ASSERT_TRUE(run(*first, FundBudget{{buyer, 0}, buyer, 5000 * kUnit}).has_value());
  }
  std::atomic<bool> stop{false};
  std::thread cutter{[&] {
    for (int i = 0; i < 20 && !stop; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds{60});
      exec(
          "select pg_terminate_backend(pid) from pg_stat_activity where datname = "
          "current_database() and usename = 'leadex_app' and query like '%lx_%' or (datname = "
          "current_database() and usename = 'leadex_app' and state like 'idle in%')");
    }
  }};
  std::atomic<int> acknowledged{0};
  std::vector<std::thread> clients;
  std::atomic<std::int64_t> next_lead{1};
  for (std::int64_t buyer = 1; buyer <= 4; ++buyer) {
    clients.emplace_back([&, buyer] {
      for (int i = 0; i < 120; ++i) {
        OfferLead offer;
        offer.lead_no = next_lead++;
        offer.generator_no = 101;
        offer.version = 1;
        offer.reason = "quote";
        offer.attributes.resize(3);
        Submission post;
        post.command = to_now(offer);
        post.lead = rows_of(offer);
        auto const listed = run(*first, post);
        if (!listed || listed->outcome.refusal != Refusal::none) continue;
        Submission bid;
        bid.command = PlaceBid{offer.lead_no, {buyer, 0}, 50 * kUnit, false};
        auto const sold = run(*first, bid);
        if (sold && sold->outcome.refusal == Refusal::none) ++acknowledged;
      }
    });
  }
  for (auto& client : clients) client.join();
  stop = true;
  cutter.join();
  EXPECT_GT(acknowledged.load(), 0);
  EXPECT_GE(number("select count(*) from leadex.sale"), acknowledged.load());
  EXPECT_EQ(number("select count(*) from (select lead_no, buyer from leadex.sale group by 1, 2 "
                   "having count(*) > 1) twice"),
            0);
  expect_true_books();
  first->stop();
  auto const store = storage::make_market_store(database_.app());
  auto const report = replay(*store, kMarket, ReplayScope::decisions);
  ASSERT_TRUE(report.has_value());
  EXPECT_FALSE(report->fault.has_value()) << report->fault->what << " at " << report->fault->seq;
}

TEST_F(MarketFixture, TheChainNamesTheFirstChangedRow) {
  {
    auto const first = host();
    for (std::int64_t i = 1; i <= 8; ++i) {
      ASSERT_TRUE(run(*first, FundBudget{{1, 0}, i, 10 * kUnit}).has_value());
    }
    first->stop();
  }
  auto const store = storage::make_market_store(database_.app());
  auto const fault = [&] { return replay(*store, kMarket, ReplayScope::chain)->fault; };
  EXPECT_FALSE(fault().has_value());
  auto const seq = number("select max(batch_seq) - 3 from leadex.transfer where market_id = 7");
  auto const planted = [&](std::string const& statement) {
    exec("alter table leadex.transfer disable trigger all");
    exec(statement);
    exec("alter table leadex.transfer enable trigger all");
  };
  auto const at = std::to_string(seq);
  planted("update leadex.transfer set amount = amount + 1 where market_id = 7 and batch_seq = " +
          at);
  ASSERT_TRUE(fault().has_value());
  EXPECT_EQ(fault()->seq, seq);
  planted("update leadex.transfer set amount = amount - 1 where market_id = 7 and batch_seq = " +
          at);
  EXPECT_FALSE(fault().has_value());
  planted("delete from leadex.transfer where market_id = 7 and batch_seq = " + at);
  ASSERT_TRUE(fault().has_value());
  EXPECT_EQ(fault()->seq, seq);
}

TEST_F(MarketFixture, TheChainNamesAnEndThatWasCutOffAndAnOwnerWhoHadBeenSucceeded) {
  std::vector<std::int64_t> epochs;
  for (auto const* process : {"first", "second"}) {
    auto const owner = host(process);
    auto const intent = static_cast<std::int64_t>(epochs.size()) * 2;
    ASSERT_TRUE(run(*owner, FundBudget{{1, 0}, intent + 1, 10 * kUnit}).has_value());
    ASSERT_TRUE(run(*owner, FundBudget{{1, 0}, intent + 2, 10 * kUnit}).has_value());
    epochs.push_back(number("select epoch from leadex.market_head where market_id = 7"));
    owner->stop();
  }
  auto const store = storage::make_market_store(database_.app());
  auto const whole = replay(*store, kMarket, ReplayScope::chain);
  ASSERT_TRUE(whole.has_value() && !whole->fault.has_value());
  EXPECT_EQ(whole->epoch, epochs.back());
  auto const last = whole->batches;
  EXPECT_EQ(whole->epoch_since, last - 1);
  auto const fault_after = [&](std::string const& statement, std::string const& undo) {
    exec("alter table leadex.commit_batch disable trigger all");
    exec(statement);
    auto const fault = replay(*store, kMarket, ReplayScope::chain)->fault;
    if (!undo.empty()) exec(undo);
    EXPECT_TRUE(fault.has_value()) << statement;
    return fault ? fault->seq : 0;
  };
  auto const set_epoch = [&](std::int64_t epoch) {
    return "update leadex.commit_batch set epoch = " + std::to_string(epoch) +
           " where market_id = 7 and seq = " + std::to_string(last);
  };
  EXPECT_EQ(fault_after(set_epoch(epochs.front()), set_epoch(epochs.back())), last);
  EXPECT_EQ(fault_after("update leadex.market_head set seq = seq - 1 where market_id = 7",
                        "update leadex.market_head set seq = seq + 1 where market_id = 7"),
            last - 1);  // the batch there is not the one that the head's hash tells of
  EXPECT_EQ(fault_after("delete from leadex.commit_batch where market_id = 7 and seq = " +
                            std::to_string(last),
                        ""),
            last);
}

TEST_F(MarketFixture, TheLedgerCheckNamesTheBatchOfASaleThatWasTamperedWith) {
  std::int64_t seq = 0;
  {
    auto const first = host();
    ASSERT_TRUE(run(*first, FundBudget{{1, 0}, 1, 100 * kUnit}).has_value());
    for (std::int64_t lead_no = 1; lead_no <= 3; ++lead_no) {
      OfferLead offer;
      offer.lead_no = lead_no;
      offer.generator_no = 101;
      offer.version = 1;
      offer.reason = "quote";
      offer.attributes.resize(3);
      ASSERT_TRUE(run(*first, to_now(offer)).has_value());
      auto const bought = run(*first, PlaceBid{lead_no, {1, 0}, 50 * kUnit, true});
      ASSERT_TRUE(bought.has_value());
      ASSERT_EQ(bought->outcome.sold.size(), 1U);
      if (lead_no == 2) seq = bought->batch_seq;
    }
    first->stop();
  }
  EXPECT_EQ(ledger_problem(), "");
  auto const named = "sale_differs " + std::to_string(seq);
  auto const after = [&](std::string const& statement, std::string const& undo) {
    exec(statement);
    auto const problem = ledger_problem();
    if (!undo.empty()) exec(undo);
    return problem;
  };
  for (std::string const column : {"gross", "fee", "buyer", "campaign", "generator", "n"}) {
    auto const change = [&](char const* by) {
      return "update leadex.sale set " + column + " = " + column + by + " where lead_no = 2";
    };
    EXPECT_EQ(after(change(" + 1"), change(" - 1")), named) << column;
  }
  EXPECT_EQ(ledger_problem(), "");
  auto const swap =
      "update leadex.sale s set batch_seq = o.batch_seq, n = o.n from leadex.sale o where "
      "s.market_id = 7 and o.market_id = 7 and s.lead_no + o.lead_no = 5 and s.lead_no <> "
      "o.lead_no";
  EXPECT_EQ(after(swap, swap), named);
  EXPECT_EQ(after("delete from leadex.sale where lead_no = 2", ""), named);
}

TEST(ZoneWindows, HoursDaysAndMonthsFollowTheClockChange) {
  // 2026-03-08 in New York: 02:00 to 03:00 does not exist; that day has 23 hours.
  auto const at = std::chrono::sys_days{std::chrono::year{2026} / 3 / 8} + std::chrono::hours{12};
  auto const us = std::chrono::duration_cast<std::chrono::microseconds>(at.time_since_epoch());
  auto const windows = zone_windows("America/New_York", us.count());
  ASSERT_TRUE(windows.has_value());
  EXPECT_EQ((*windows)[1].end_us - (*windows)[1].begin_us, 23 * kHourUs);
  EXPECT_EQ((*windows)[0].end_us - (*windows)[0].begin_us, kHourUs);
  EXPECT_EQ((*windows)[2].end_us - (*windows)[2].begin_us, (7 * 24 - 1) * kHourUs);
  for (auto const& window : *windows) {
    EXPECT_LE(window.begin_us, us.count());
    EXPECT_GT(window.end_us, us.count());
  }
  EXPECT_FALSE(zone_windows("Mars/Olympus", us.count()).has_value());
}

}  // namespace
}  // namespace leadex::market
