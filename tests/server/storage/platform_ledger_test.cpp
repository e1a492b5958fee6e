#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "server/crypto/bytes.hpp"
#include "server/storage/currency.hpp"
#include "server/storage/postgres/verifier.hpp"
#include "tests/support/platform_rig.hpp"

namespace leadex::storage::postgres {
namespace {

constexpr std::int64_t kBuyer = 11;
constexpr std::int64_t kGenerator = 12;
constexpr MarketNo kMarket = 3;

Money units(std::int64_t n) { return Money{n * kMicrosPerUnit}; }

class PlatformLedgerTest : public testing::Test {
 protected:
  PlatformLedgerTest() { rig_.make_market(kMarket); }

  /// One booking as a transaction of its own; a refusal rolls back.
  template <class F>
  auto book(F action) {
    return *rig_.database.transact_now(
        [action](PlatformTx& tx) mutable { return action(tx.ledger()); });
  }
  auto deposit(Money amount) {
    return book([amount](PlatformLedger& ledger) {
      return ledger.deposit(kBuyer, "USD", amount, "from Erika Mustermann");
    });
  }
  auto fund(Money amount) {
    return book([amount](PlatformLedger& ledger) {
      return ledger.fund_leaves(kBuyer, kMarket, 5, amount);
    });
  }
  Money wallet() {
    return book([](PlatformLedger& ledger) { return ledger.wallet(kBuyer, "USD"); });
  }
  /// An intent that the market's side has booked, as server/market writes it.
  void market_left(int intent_no, int direction, std::int64_t tenant, std::int64_t micros) {
    rig_.as_owner(
        "insert into leadex.fund_intent (market_id, intent_no, direction, tenant_no, "
        "sub_no, amount, market_seq) values (3, " +
        std::to_string(intent_no) + ", " + std::to_string(direction) + ", " +
        std::to_string(tenant) + ", 5, " + std::to_string(micros) + ", 1)");
  }
  LedgerReport verify(MarketNo market = 0) {
    auto const verifier = make_verifier(rig_.files.owner(), rig_.ring.audit_signing().public_key());
    return verifier->verify_ledger(market).value();
  }
  void expect_problem(std::string const& reason, std::int64_t seq, std::int64_t account) {
    auto const report = verify();
    ASSERT_TRUE(report.problem) << reason << " was not found";
    EXPECT_EQ(report.problem->reason, reason);
    EXPECT_EQ(report.problem->batch_seq, seq);
    EXPECT_EQ(report.problem->account_no, account);
  }
  void trade_a_little() {
    ASSERT_TRUE(deposit(units(100)));
    ASSERT_TRUE(fund(units(30)));
    ASSERT_TRUE(deposit(units(50)));
    ASSERT_TRUE(fund(units(20)));
  }

  test::PlatformRig rig_;
};

TEST_F(PlatformLedgerTest, MoneyComesInAndGoesToAMarketAndBack) {
  EXPECT_EQ(wallet(), Money{});
  EXPECT_EQ(deposit(units(100))->seq, 1);
  auto const intent = fund(units(60));
  ASSERT_TRUE(intent);
  EXPECT_EQ(intent->platform_seq, 2);
  EXPECT_EQ(wallet(), units(40));
  market_left(500, 1, kBuyer, units(10).micros);
  ASSERT_TRUE(book([](PlatformLedger& ledger) { return ledger.defund_arrives(kMarket, 500); }));
  EXPECT_EQ(wallet(), units(50));
  auto const report = verify();
  EXPECT_FALSE(report.problem) << report.problem->reason;
  EXPECT_EQ(report.batches, 3);
  EXPECT_EQ(report.transfers, 3);
  EXPECT_EQ(report.accounts, 3) << "bank, wallet, clearing";
}

TEST_F(PlatformLedgerTest, AWalletNeverGoesBelowZeroAndARefusalLeavesNothing) {
  ASSERT_TRUE(deposit(units(10)));
  EXPECT_EQ(fund(Money{units(10).micros + 1}).error(), PlatformRefusal::insufficient_funds);
  EXPECT_EQ(fund(units(0)).error(), PlatformRefusal::amount_not_positive);
  EXPECT_EQ(wallet(), units(10));
  EXPECT_TRUE(book([](PlatformLedger& ledger) { return ledger.open_intents(10); }).empty());
  EXPECT_EQ(verify().batches, 1);
}

TEST_F(PlatformLedgerTest, RefusesWhatItDoesNotKnow) {
  auto const nowhere =
      book([](PlatformLedger& ledger) { return ledger.fund_leaves(kBuyer, 99, 0, units(1)); });
  EXPECT_EQ(nowhere.error(), PlatformRefusal::market_unknown);
  auto const shells =
      book([](PlatformLedger& ledger) { return ledger.deposit(kBuyer, "ZZZ", units(1), "x"); });
  EXPECT_EQ(shells.error(), PlatformRefusal::currency_unknown);
  auto const none = book([](PlatformLedger& ledger) { return ledger.earnings_arrive(kMarket, 1); });
  EXPECT_EQ(none.error(), PlatformRefusal::intent_unknown);
}

TEST_F(PlatformLedgerTest, RefusesASumBeyondTheLargestBalance) {
  for (int i = 0; i < 2; ++i) {
    auto const huge = book([](PlatformLedger& ledger) {
      return ledger.deposit(kBuyer, "USD", Money{INT64_MAX / 2 + 1}, "x");
    });
    if (i == 0) {
      EXPECT_TRUE(huge);
    } else {
      EXPECT_EQ(huge.error(), PlatformRefusal::overflow);
    }
  }
}

TEST_F(PlatformLedgerTest, AnIntentArrivesExactlyOnceHoweverManyTry) {
  market_left(1, 2, kGenerator, units(7).micros);
  std::atomic<int> arrived{0};
  std::atomic<int> refused{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      auto const done =
          book([](PlatformLedger& ledger) { return ledger.earnings_arrive(kMarket, 1); });
      if (done) {
        ++arrived;
      } else if (done.error() == PlatformRefusal::intent_applied) {
        ++refused;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(arrived, 1);
  EXPECT_EQ(refused, 7);
  auto const earned = book([](PlatformLedger& ledger) { return ledger.earned_locked("USD", 10); });
  ASSERT_EQ(earned.size(), 1U);
  EXPECT_EQ(earned[0].available, units(7));
  EXPECT_FALSE(verify().problem);
}

TEST_F(PlatformLedgerTest, AnIntentOfAnotherDirectionOrTooEarlyDoesNotArrive) {
  market_left(1, 2, kGenerator, units(7).micros);
  auto const wrong = book([](PlatformLedger& ledger) { return ledger.defund_arrives(kMarket, 1); });
  EXPECT_EQ(wrong.error(), PlatformRefusal::intent_unknown);
  rig_.as_owner("update leadex.fund_intent set market_seq = null");
  auto const early =
      book([](PlatformLedger& ledger) { return ledger.earnings_arrive(kMarket, 1); });
  EXPECT_EQ(early.error(), PlatformRefusal::intent_not_ready);
  EXPECT_EQ(book([](PlatformLedger& ledger) { return ledger.open_intents(10); }).size(), 1U);
}

TEST_F(PlatformLedgerTest, AClawBackMayTakeEarningsBelowZero) {
  auto const back = book([](PlatformLedger& ledger) {
    return ledger.claw_back_leaves(kGenerator, kMarket, units(4));
  });
  ASSERT_TRUE(back);
  EXPECT_EQ(back->direction, IntentDirection::claw_back);
  EXPECT_TRUE(book([](PlatformLedger& ledger) { return ledger.earned_locked("USD", 9); }).empty());
  EXPECT_FALSE(verify().problem);
}

TEST_F(PlatformLedgerTest, ManyWritersMakeOneGaplessSoundStream) {
  ASSERT_TRUE(deposit(units(1000)));
  std::vector<std::thread> threads;
  std::atomic<int> funded{0};
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&, i] {
      for (int n = 0; n < 10; ++n) {
        if (i % 2 == 0) {
          EXPECT_TRUE(deposit(units(1)));
        } else if (fund(units(50))) {
          ++funded;
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wallet(), units(1000 + 30 - 50 * funded));
  auto const report = verify();
  EXPECT_FALSE(report.problem);
  EXPECT_EQ(report.batches, 1 + 30 + funded);
}

TEST_F(PlatformLedgerTest, TheTrialBalanceIsZeroPerCurrencyAndSeparate) {
  rig_.make_market(4, "JPY");
  trade_a_little();
  ASSERT_TRUE(
      book([](PlatformLedger& ledger) { return ledger.deposit(kBuyer, "JPY", units(9000), "x"); }));
  ASSERT_TRUE(
      book([](PlatformLedger& ledger) { return ledger.fund_leaves(kBuyer, 4, 0, units(8000)); }));
  auto const dollars =
      book([](PlatformLedger& ledger) { return ledger.trial_balance("USD", 100); });
  EXPECT_EQ(dollars.posted_sum_micros, "0");
  EXPECT_EQ(dollars.accounts.size(), 3U);
  auto const yen = book([](PlatformLedger& ledger) { return ledger.trial_balance("JPY", 2); });
  EXPECT_EQ(yen.posted_sum_micros, "0");
  EXPECT_EQ(yen.accounts.size(), 2U);
  EXPECT_TRUE(yen.truncated);
  auto const none = book([](PlatformLedger& ledger) { return ledger.trial_balance("EUR", 100); });
  EXPECT_EQ(none.posted_sum_micros, "0");
  EXPECT_TRUE(none.accounts.empty());
  rig_.as_owner("update leadex.account set credits_posted = credits_posted + 1 where code = 1");
  auto const wrong = book([](PlatformLedger& ledger) { return ledger.trial_balance("USD", 100); });
  EXPECT_EQ(wrong.posted_sum_micros, "1");
}

TEST_F(PlatformLedgerTest, AChangedTransferNamesItsBatch) {
  trade_a_little();
  rig_.tamper("update leadex.transfer set amount = amount + 1 where batch_seq = 3");
  expect_problem("hash_differs", 3, 0);
}

TEST_F(PlatformLedgerTest, AChangedBodyNamesItsBatch) {
  trade_a_little();
  rig_.tamper("update leadex.commit_batch set body = 'deposit tenant=99' where seq = 1");
  expect_problem("hash_differs", 1, 0);
}

TEST_F(PlatformLedgerTest, AMissingBatchOrTransferIsNamed) {
  trade_a_little();
  rig_.tamper("delete from leadex.commit_batch where market_id = 0 and seq = 2");
  expect_problem("batch_missing", 2, 0);
}

TEST_F(PlatformLedgerTest, ATransferWithoutABatchIsNamed) {
  trade_a_little();
  rig_.tamper(
      "insert into leadex.transfer select market_id, 77, n, debit, credit, amount, code, phase, "
      "lead_no, slot, pending_seq, pending_n from leadex.transfer where batch_seq = 1");
  expect_problem("transfer_without_batch", 77, 0);
}

TEST_F(PlatformLedgerTest, AnAccountMadeRicherIsNamed) {
  trade_a_little();
  rig_.as_owner("update leadex.account set credits_posted = credits_posted + 5 where code = 1");
  auto const no = rig_.as_owner("select account_no from leadex.account where code = 1")
                      .at(0)
                      .at(0)
                      .as<std::int64_t>();
  expect_problem("account_differs", 0, no);
}

TEST_F(PlatformLedgerTest, AnAccountGivenToSomebodyElseShowsInItsFirstBatch) {
  trade_a_little();
  rig_.as_owner("update leadex.account set owner_no = 99 where code = 1");
  expect_problem("hash_differs", 1, 0);
}

TEST_F(PlatformLedgerTest, ACutEndShowsInTheHead) {
  trade_a_little();
  rig_.tamper(
      "delete from leadex.transfer where batch_seq = 4; delete from leadex.commit_batch where seq "
      "= 4");
  expect_problem("head_differs", 4, 0);
}

TEST_F(PlatformLedgerTest, AnIntentThatWasNeverBookedIsFound) {
  trade_a_little();
  rig_.as_owner("update leadex.fund_intent set amount = amount + 1 where platform_seq = 2");
  auto const report = verify();
  ASSERT_TRUE(report.problem);
  EXPECT_EQ(report.problem->reason, "intents_differ");
  EXPECT_EQ(report.problem->market, kMarket);
}

// A market's rows written by hand: 100 held, 60 of it posted (the rest released), 30 held still.
TEST_F(PlatformLedgerTest, CountersOfAMarketsStreamAreCheckedWithBothPhases) {
  rig_.as_owner(
      "insert into leadex.commit_batch select 3, s, 1, 0, decode(repeat('00', 32), 'hex'), '' from "
      "generate_series(1, 4) s; "
      "insert into leadex.transfer values (3,1,0,9,1,500,1,0,0,0,null,null), "
      "(3,2,0,1,2,100,3,1,0,0,null,null), (3,2,1,1,2,30,3,1,0,1,null,null), "
      "(3,3,0,1,2,60,5,2,0,0,2,0); "
      "insert into leadex.sale (market_id, batch_seq, lead_no, slot, n, buyer, campaign, "
      "generator, "
      "gross, fee, holdback, credited, state, exclusive, shares_max, auction_no, sold_us, due_us, "
      "windows) values (3,2,0,0,0,11,5,12,100,0,0,0,1,false,4,1,0,0,''), "
      "(3,2,0,1,1,11,5,12,30,0,0,0,1,false,4,1,0,0,''); "
      "insert into leadex.account (market_id, account_no, code, owner_no, sub_no, debits_pending, "
      "debits_posted, credits_pending, credits_posted, batch_seq) values (3,9,11,0,0,0,500,0,0,1), "
      "(3,1,2,11,5,30,60,0,500,3), (3,2,3,12,0,0,0,30,60,3)");
  auto const sound = verify(kMarket);
  EXPECT_FALSE(sound.problem) << sound.problem->reason << sound.problem->account_no;
  rig_.as_owner(
      "update leadex.account set debits_pending = 70 where market_id = 3 and "
      "account_no = 1");
  auto const wrong = verify(kMarket);
  ASSERT_TRUE(wrong.problem);
  EXPECT_EQ(wrong.problem->reason, "counters_differ");
  EXPECT_EQ(wrong.problem->account_no, 1);
}

TEST_F(PlatformLedgerTest, TheBanksReferenceIsSealed) {
  ASSERT_TRUE(deposit(units(1)));
  auto const body =
      pqxx::binarystring(
          rig_.as_owner("select body from leadex.commit_batch where seq = 1").at(0).at(0))
          .str();
  EXPECT_EQ(body.rfind("deposit tenant=11 currency=USD amount=1000000 reference=", 0), 0U) << body;
  EXPECT_EQ(body.find("Mustermann"), std::string::npos);
  EXPECT_EQ(body.find(crypto::hex_encode("Mustermann")), std::string::npos);
}

TEST_F(PlatformLedgerTest, AFailedPartOfAJobLeavesTheRestSound) {
  ASSERT_TRUE(rig_.database.run_now([](PlatformTx& tx) {
    EXPECT_TRUE(tx.ledger().deposit(kBuyer, "USD", units(5), "a"));
    EXPECT_FALSE(tx.attempt([&] {
      EXPECT_TRUE(tx.ledger().deposit(kGenerator, "EUR", units(9), "b"));
      return false;
    }));
    EXPECT_TRUE(tx.ledger().deposit(kBuyer, "CHF", units(7), "c"));
    return true;
  }));
  auto const report = verify();
  EXPECT_FALSE(report.problem);
  EXPECT_EQ(report.batches, 2);
  EXPECT_EQ(report.accounts, 4);
}

TEST(Currency, NumbersAndCodesMatchBothWays) {
  EXPECT_EQ(currency_number("USD"), 840);
  EXPECT_EQ(currency_number("EUR"), 978);
  EXPECT_EQ(currency_code(392), "JPY");
  EXPECT_FALSE(currency_number("XXX"));
  EXPECT_FALSE(currency_number("usd"));
  EXPECT_FALSE(currency_code(1));
}

}  // namespace
}  // namespace leadex::storage::postgres
