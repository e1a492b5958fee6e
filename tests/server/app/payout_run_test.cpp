#include "server/app/payout_run.hpp"

#include <gtest/gtest.h>

#include "server/app/approvals.hpp"
#include "server/app/change_bank_details.hpp"
#include "server/storage/postgres/verifier.hpp"
#include "tests/support/staff_rig.hpp"

namespace leadex::app {
namespace {

using storage::PayoutStatus;
using storage::Role;

class PayoutRunTest : public testing::Test {
 protected:
  PayoutRunTest() {
    rig_.make_market(3);
    second_ = rig_.make(rig_.admin, Role::admin);
  }
  Principal generator(bool with_bank = true) {
    NewAccount account{Role::generator, "Generator", "US", {}};
    if (with_bank) {
      account.bank = BankDetails{"DE89370400440532013000", "COBADEFFXXX", "=Muster \"G\"", "Bonn"};
    }
    return rig_.principal(rig_.create(rig_.admin, account).value().tenant.tenant_no);
  }
  /// Settled earnings that crossed from a market.
  void earn(Principal const& who, std::int64_t micros) {
    auto const no = std::to_string(++intent_);
    rig_.as_owner(
        "insert into leadex.fund_intent (market_id, intent_no, direction, tenant_no, "
        "sub_no, amount, market_seq) values (3, " +
        no + ", 2, " + std::to_string(who.tenant_no) + ", 0, " + std::to_string(micros) + ", 1)");
    ASSERT_TRUE(rig_.act([this](PlatformTx& tx) -> AppResult<int> {
      EXPECT_TRUE(tx.ledger().earnings_arrive(3, intent_));
      return 0;
    }));
  }
  AppResult<storage::PayoutRun> draft(Principal const& actor) {
    return rig_.act([&](PlatformTx& tx) { return draft_payout_run(rig_.tools, tx, actor, "USD"); });
  }
  AppResult<storage::PayoutRun> approve_run(Principal const& actor, std::int64_t no) {
    return rig_.act([&](PlatformTx& tx) { return approve_payout_run(tx, actor, no); });
  }
  AppResult<ExportedRun> export_run(Principal const& actor, std::int64_t no) {
    return rig_.act([&](PlatformTx& tx) { return export_payout_run(rig_.tools, tx, actor, no); });
  }
  std::int64_t earned(Principal const& who) {
    auto const all = *rig_.database.transact_now(
        [](PlatformTx& tx) { return tx.ledger().earned_locked("USD", 100); });
    for (auto const& one : all) {
      if (one.tenant_no == who.tenant_no) return one.available.micros;
    }
    return 0;
  }
  void expect_sound_books() {
    auto const verifier =
        storage::postgres::make_verifier(rig_.files.app(), rig_.ring.audit_signing().public_key());
    EXPECT_FALSE(verifier->verify_ledger(0).value().problem);
    EXPECT_TRUE(verifier->verify_audit({}).value().problems.empty());
  }

  test::StaffRig rig_;
  Principal second_;
  std::int64_t intent_{};
};

TEST_F(PayoutRunTest, GoesFromDraftToPaidAndRoundsDown) {
  auto const one = generator();
  auto const two = generator();
  earn(one, 12'345'678);
  earn(two, 5'000'000);
  auto const run = draft(second_);
  ASSERT_TRUE(run);
  EXPECT_EQ(run->status, PayoutStatus::draft);
  ASSERT_EQ(run->payouts.size(), 2U);
  EXPECT_EQ(run->payouts[0].amount.micros, 12'340'000);
  EXPECT_EQ(earned(one), 5'678) << "what is below a cent stays";
  EXPECT_EQ(draft(second_).error().code, AppCode::nothing_to_pay) << "no second run takes it";
  EXPECT_EQ(export_run(second_, run->run_no).error().code, AppCode::wrong_state);
  ASSERT_TRUE(approve_run(rig_.admin, run->run_no));
  auto const exported = export_run(second_, run->run_no);
  ASSERT_TRUE(exported);
  EXPECT_EQ(exported->run.status, PayoutStatus::exported);
  EXPECT_EQ(exported->lines[0].bank.iban, "DE89370400440532013000");
  EXPECT_TRUE(export_run(second_, run->run_no)) << "the file may be fetched again";
  auto const paid =
      rig_.act([&](PlatformTx& tx) { return pay_payout_run(tx, second_, run->run_no); });
  EXPECT_EQ(paid->status, PayoutStatus::paid);
  EXPECT_TRUE(paid->closed_at);
  auto const again =
      rig_.act([&](PlatformTx& tx) { return fail_payout_run(tx, second_, run->run_no); });
  EXPECT_EQ(again.error().code, AppCode::wrong_state);
  expect_sound_books();
}

TEST_F(PayoutRunTest, NeitherTheDrafterNorWhomTheDrafterMadeMayApprove) {
  earn(generator(), 9'000'000);
  auto const run = draft(rig_.admin);
  EXPECT_EQ(approve_run(rig_.admin, run->run_no).error().code, AppCode::four_eyes_required);
  EXPECT_EQ(approve_run(second_, run->run_no).error().code, AppCode::four_eyes_required);
  EXPECT_EQ(approve_run(generator(), run->run_no).error().code, AppCode::forbidden);
  EXPECT_EQ(approve_run(second_, 999).error().code, AppCode::not_found);
}

TEST_F(PayoutRunTest, AFailedRunGivesTheMoneyBack) {
  auto const one = generator();
  earn(one, 9'000'000);
  auto const run = draft(second_);
  EXPECT_EQ(earned(one), 0);
  auto const failed =
      rig_.act([&](PlatformTx& tx) { return fail_payout_run(tx, second_, run->run_no); });
  EXPECT_EQ(failed->status, PayoutStatus::failed);
  EXPECT_EQ(earned(one), 9'000'000);
  EXPECT_TRUE(draft(second_)) << "the next run takes it";
  expect_sound_books();
}

TEST_F(PayoutRunTest, SkipsThoseWithoutSettledBankDetails) {
  auto const bankless = generator(false);
  auto const changed = generator();
  earn(bankless, 9'000'000);
  earn(changed, 9'000'000);
  auto const change = rig_.act([&](PlatformTx& tx) {
    return change_bank_details(rig_.tools, tx, second_, changed.tenant_no,
                               {"GB82WEST12345698765432", "WESTGB2L", "New", "London"});
  });
  ASSERT_TRUE(rig_.approve(rig_.admin, *change->approval_no));
  EXPECT_EQ(draft(second_).error().code, AppCode::nothing_to_pay);
  rig_.wait(std::chrono::hours(72));
  auto const run = draft(second_);
  ASSERT_TRUE(run);
  ASSERT_EQ(run->payouts.size(), 1U);
  EXPECT_EQ(run->payouts[0].tenant_no, changed.tenant_no);
}

TEST_F(PayoutRunTest, TheRunPaysToTheDetailsOfItsDraft) {
  auto const one = generator();
  earn(one, 9'000'000);
  auto const run = draft(second_);
  auto const change = rig_.act([&](PlatformTx& tx) {
    return change_bank_details(rig_.tools, tx, second_, one.tenant_no,
                               {"GB82WEST12345698765432", "WESTGB2L", "New", "London"});
  });
  ASSERT_TRUE(rig_.approve(rig_.admin, *change->approval_no));
  ASSERT_TRUE(approve_run(rig_.admin, run->run_no));
  EXPECT_EQ(export_run(second_, run->run_no)->lines[0].bank.iban, "DE89370400440532013000");
}

TEST_F(PayoutRunTest, TheFileIsSafeForSpreadsheets) {
  ExportedRun run;
  run.run.currency = "USD";
  run.lines.push_back({1, 2, Money{1'500'000}, {"DE1", "BIC", "=cmd|' /C calc'!A0", "a\"b,c"}});
  auto const csv = payout_csv(
      run, [](std::int64_t no) { return "pay_" + std::to_string(no); },
      [](Money) { return std::string("1.50"); });
  EXPECT_EQ(csv,
            "payout_id,name,town,iban,bic,amount,currency\r\n"
            "\"pay_1\",\"'=cmd|' /C calc'!A0\",\"a\"\"b,c\",\"DE1\",\"BIC\",\"1.50\",\"USD\"\r\n");
}

}  // namespace
}  // namespace leadex::app
