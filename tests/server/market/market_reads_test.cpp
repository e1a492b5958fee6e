// What the writer reads of grown tables: never a whole one.

#include <thread>

#include "tests/server/market/market_fixture.hpp"

namespace leadex::market {
namespace {

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

class MarketPlans : public MarketFixture, public testing::WithParamInterface<bool> {
 protected:
  void work(MarketHost& at, int times) {
    for (int i = 0; i < times; ++i) {
      ASSERT_TRUE(run(at, FundBudget{{1, 0}, ++intents_, kUnit}).has_value());
      auto const offer = plain_offer(++leads_);
      Submission post;
      post.command = offer;
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

}  // namespace
}  // namespace leadex::market
