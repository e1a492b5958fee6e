#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <thread>

#include "server/privacy/audit_chain.hpp"
#include "server/storage/postgres/verifier.hpp"
#include "tests/support/platform_rig.hpp"

namespace leadex::storage::postgres {
namespace {

class AuditTest : public testing::Test {
 protected:
  void append(MarketNo stream, int count) {
    for (int i = 0; i < count; ++i) {
      ASSERT_TRUE(rig_.database.run_now([&](PlatformTx& tx) {
        AuditEntry const entry{7, 8, "account.created", "account", 0, i, "role=buyer"};
        tx.audit().append(stream, {&entry, 1});
        return true;
      }));
      rig_.wait(std::chrono::seconds(1));
    }
  }
  std::vector<std::string> sign_heads() {
    auto const heads =
        rig_.database.transact_now([](PlatformTx& tx) { return tx.audit().heads(); });
    std::vector<std::string> lines;
    for (auto const& head : *heads) {
      lines.push_back(privacy::sign_audit_head(rig_.ring.audit_signing(),
                                               {head.stream, head.seq, head.hash, rig_.now()}));
    }
    return lines;
  }
  AuditReport verify(std::vector<std::string> const& heads = {}) {
    auto const verifier = make_verifier(rig_.files.owner(), rig_.ring.audit_signing().public_key());
    return verifier->verify_audit(heads).value();
  }
  void expect_problem(AuditReport const& report, std::int64_t seq, std::string const& reason) {
    ASSERT_EQ(report.problems.size(), 1U);
    EXPECT_EQ(report.problems[0].first_bad_seq, seq);
    EXPECT_EQ(report.problems[0].reason, reason);
  }

  test::PlatformRig rig_;
};

TEST_F(AuditTest, ASoundLogVerifiesStreamByStream) {
  append(0, 5);
  append(3, 2);
  auto heads = sign_heads();
  append(0, 1);
  auto const report = verify(heads);
  EXPECT_TRUE(report.problems.empty());
  EXPECT_EQ(report.rows, 8);
  EXPECT_EQ(report.heads, 2);
}

TEST_F(AuditTest, AChangedRowIsNamed) {
  append(0, 6);
  rig_.tamper("update leadex.audit set payload = 'role=admin' where seq = 4");
  expect_problem(verify(), 4, "changed");
}

TEST_F(AuditTest, ADeletedRowIsNamed) {
  append(0, 6);
  rig_.tamper("delete from leadex.audit where seq = 3");
  expect_problem(verify(), 3, "gap");
}

TEST_F(AuditTest, TwoSwappedRowsAreNamed) {
  append(0, 6);
  rig_.tamper(
      "update leadex.audit set seq = seq + 100 where seq in (2, 3); "
      "update leadex.audit set seq = case seq when 102 then 3 else 2 end where seq > 100");
  expect_problem(verify(), 2, "changed");
}

TEST_F(AuditTest, ACutEndShowsInTheStoredHead) {
  append(0, 6);
  rig_.tamper("delete from leadex.audit where seq > 4");
  expect_problem(verify(), 5, "truncated");
}

TEST_F(AuditTest, ACutEndWithItsHeadRewrittenShowsInTheSignedHeads) {
  append(0, 6);
  auto const heads = sign_heads();
  rig_.tamper(
      "delete from leadex.audit where seq > 4; update leadex.audit_head set seq = 4, hash = "
      "(select hash from leadex.audit where stream = 0 and seq = 4) where stream = 0");
  EXPECT_TRUE(verify().problems.empty()) << "inside the database nothing can show it";
  expect_problem(verify(heads), 5, "truncated");
}

TEST_F(AuditTest, AWholeStreamThatIsGoneShowsInTheSignedHeads) {
  append(4, 2);
  auto const heads = sign_heads();
  rig_.tamper("delete from leadex.audit; delete from leadex.audit_head where stream = 4");
  expect_problem(verify(heads), 1, "truncated");
}

TEST_F(AuditTest, AForgedHeadIsNoProof) {
  append(0, 2);
  auto heads = sign_heads();
  heads[0].replace(heads[0].find(' ') + 1, 1, "9");
  auto const report = verify(heads);
  ASSERT_FALSE(report.problems.empty());
  EXPECT_EQ(report.problems[0].reason, "signed_head_not_authentic line 1");
}

TEST_F(AuditTest, AppendsFromManyJobsFormOneChain) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([this] { append(5, 10); });
  }
  for (auto& thread : threads) thread.join();
  auto const report = verify();
  EXPECT_TRUE(report.problems.empty());
  EXPECT_EQ(report.rows, 80);
}

TEST_F(AuditTest, ListsNewestFirstInPages) {
  append(0, 5);
  auto const page = [&](std::optional<std::int64_t> before) {
    return *rig_.database.transact_now([before](PlatformTx& tx) {
      return tx.audit().list({0, before, std::nullopt, std::nullopt, 2});
    });
  };
  auto const first = page(std::nullopt);
  ASSERT_EQ(first.size(), 2U);
  EXPECT_EQ(first[0].seq, 5);
  EXPECT_EQ(first[1].seq, 4);
  EXPECT_EQ(page(first[1].seq)[0].seq, 3);
  EXPECT_EQ(first[0].entry.payload, "role=buyer");
  // The API's largest page, and the row that tells whether another follows.
  auto const largest = rig_.database.transact_now([](PlatformTx& tx) {
    return tx.audit().list({0, std::nullopt, std::nullopt, std::nullopt, 501});
  });
  EXPECT_EQ(largest->size(), 5U);
}

// The role that the server runs as must not be able to rewrite what has happened.
TEST_F(AuditTest, TheAppRoleCannotChangeAppendOnlyTables) {
  append(0, 1);
  constexpr std::array<char const*, 12> kForbidden{
      "update audit set payload = ''",
      "delete from audit",
      "truncate audit",
      "update transfer set amount = 1",
      "delete from transfer",
      "update commit_batch set body = ''",
      "delete from commit_batch",
      "delete from account",
      "update market_version set definition = ''",
      "drop table audit",
      "alter table audit disable trigger all",
      "create table leadex.mine (n int)",
  };
  pqxx::connection connection(rig_.files.app());
  for (auto const* const statement : kForbidden) {
    pqxx::work tx(connection);
    tx.exec("set local search_path = leadex");
    EXPECT_THROW(tx.exec(statement), pqxx::insufficient_privilege) << statement;
  }
}

TEST_F(AuditTest, EvenTheOwnerMeetsTheTrigger) {
  append(0, 1);
  EXPECT_THROW(rig_.as_owner("update leadex.audit set payload = ''"), pqxx::sql_error);
  EXPECT_THROW(rig_.as_owner("truncate leadex.transfer"), pqxx::sql_error);
}

}  // namespace
}  // namespace leadex::storage::postgres
