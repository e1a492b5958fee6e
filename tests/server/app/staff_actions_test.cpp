#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "server/app/audit_heads.hpp"
#include "server/app/change_bank_details.hpp"
#include "server/app/deposit.hpp"
#include "server/app/revoke_api_key.hpp"
#include "server/app/suspend_account.hpp"
#include "server/app/trial_balance.hpp"
#include "server/crypto/bytes.hpp"
#include "server/crypto/random.hpp"
#include "server/storage/postgres/verifier.hpp"
#include "tests/support/staff_rig.hpp"

namespace leadex::app {
namespace {

using storage::Role;

Money units(std::int64_t n) { return Money{n * kMicrosPerUnit}; }

BankDetails good_bank() {
  return {"DE89370400440532013000", "COBADEFFXXX", "Muster GmbH", "Berlin"};
}
BankDetails other_bank() { return {"GB82WEST12345698765432", "WESTGB2L", "Muster Ltd", "London"}; }

class StaffActionsTest : public testing::Test {
 protected:
  AppResult<DepositOutcome> put_in(Principal const& actor, std::int64_t tenant_no, Money amount) {
    return rig_.act([&](PlatformTx& tx) {
      return deposit(rig_.tools, tx, actor, {tenant_no, "USD", amount, "ref 1"});
    });
  }
  AppResult<BankChange> change_bank(Principal const& actor, std::int64_t tenant_no,
                                    BankDetails const& bank) {
    return rig_.act([&](PlatformTx& tx) {
      return change_bank_details(rig_.tools, tx, actor, tenant_no, bank);
    });
  }
  BankDetails bank_of(std::int64_t tenant_no) {
    return *rig_.act([&](PlatformTx& tx) {
      return open_bank_of(rig_.ring, tx.tenants().find(tenant_no).value());
    });
  }
  Money wallet(std::int64_t tenant_no) {
    return *rig_.database.transact_now(
        [tenant_no](PlatformTx& tx) { return tx.ledger().wallet(tenant_no, "USD"); });
  }
  AppCode code(auto const& result) { return result.error().code; }

  test::StaffRig rig_{8};
};

TEST_F(StaffActionsTest, InitRunsOnceAndRecordsTheRootKey) {
  auto const again =
      rig_.act([&](PlatformTx& tx) { return init_exchange(rig_.tools, tx, "Second First Admin"); });
  EXPECT_EQ(code(again), AppCode::already_initialised);
  auto const state = [&](AppTools const& tools) {
    return *rig_.database.transact_now([&](PlatformTx& tx) { return check_root_key(tools, tx); });
  };
  EXPECT_EQ(state(rig_.tools), RootKeyState::right);
  privacy::KeyRing const other(crypto::Secret(std::string(32, 'x')));
  EXPECT_EQ(state({other, rig_.minter, {}}), RootKeyState::wrong_key);
  AppSettings production;
  production.environment = storage::Environment::production;
  EXPECT_EQ(state({rig_.ring, rig_.minter, production}), RootKeyState::wrong_environment);
  EXPECT_EQ(rig_.count("audit where action = 'exchange.initialised'"), 1);
}

TEST_F(StaffActionsTest, OnlyAdminsMakeAccountsAndKeys) {
  auto const buyer = rig_.make(rig_.admin, Role::buyer);
  auto const auditor = rig_.make(rig_.admin, Role::auditor);
  for (auto const& who : {buyer, auditor}) {
    EXPECT_EQ(code(rig_.create(who, {Role::buyer, "X", {}, {}})), AppCode::forbidden);
    EXPECT_EQ(code(rig_.issue(who, {buyer.tenant_no, {}, {}, false})), AppCode::forbidden);
    EXPECT_EQ(code(put_in(who, buyer.tenant_no, units(1))), AppCode::forbidden);
    EXPECT_EQ(code(rig_.approve(who, 1)), AppCode::forbidden);
  }
}

TEST_F(StaffActionsTest, AccountsAreCheckedFieldByField) {
  auto bank = good_bank();
  bank.iban = "DE89370400440532013001";
  bank.bic = "nope";
  auto const wrong = rig_.create(rig_.admin, {Role::generator, "", "us", bank});
  ASSERT_EQ(code(wrong), AppCode::validation_failed);
  std::vector<std::string> pointers;
  for (auto const& fault : wrong.error().faults) pointers.push_back(fault.pointer);
  EXPECT_EQ(pointers, (std::vector<std::string>{"/name", "/country", "/bank/iban", "/bank/bic"}));
  EXPECT_EQ(code(rig_.create(rig_.admin, {Role::admin, "A", {}, good_bank()})),
            AppCode::validation_failed);
  EXPECT_EQ(rig_.count("tenant"), 1) << "a refusal leaves nothing";
}

TEST_F(StaffActionsTest, FromTheThirdAdminOnASecondPersonConfirms) {
  auto const second = rig_.make(rig_.admin, Role::admin);
  auto const verifier = rig_.make(rig_.admin, Role::verifier);
  EXPECT_FALSE(rig_.issue(rig_.admin, {verifier.tenant_no, {}, {}, false})->approval_no);
  auto const third = rig_.create(second, {Role::admin, "Third", {}, {}});
  ASSERT_TRUE(third && third->approval_no);
  EXPECT_EQ(third->tenant.status, storage::TenantStatus::pending);
  EXPECT_EQ(code(rig_.approve(second, *third->approval_no)), AppCode::four_eyes_required);
  ASSERT_TRUE(rig_.approve(rig_.admin, *third->approval_no));
  EXPECT_EQ(code(rig_.approve(rig_.admin, *third->approval_no)), AppCode::wrong_state);
  // Now there are three: every staff account and key waits.
  EXPECT_TRUE(rig_.create(rig_.admin, {Role::auditor, "A", {}, {}})->approval_no);
  auto const key = rig_.issue(second, {third->tenant.tenant_no, {}, {}, false});
  ASSERT_TRUE(key && key->approval_no);
  EXPECT_EQ(rig_.count("api_key where pending_approval is not null"), 1);
  ASSERT_TRUE(rig_.approve(rig_.admin, *key->approval_no));
  EXPECT_EQ(rig_.count("api_key where pending_approval is not null"), 0);
  EXPECT_FALSE(rig_.create(rig_.admin, {Role::buyer, "B", {}, {}})->approval_no);
}

TEST_F(StaffActionsTest, WhomTheRequesterMadeCannotConfirm) {
  auto const second = rig_.make(rig_.admin, Role::admin);
  auto const buyer = rig_.make(rig_.admin, Role::buyer);
  auto const asked = put_in(rig_.admin, buyer.tenant_no, units(20'000));
  ASSERT_TRUE(asked && asked->approval_no);
  EXPECT_EQ(code(rig_.approve(rig_.admin, *asked->approval_no)), AppCode::four_eyes_required);
  EXPECT_EQ(code(rig_.approve(second, *asked->approval_no)), AppCode::four_eyes_required)
      << "the requester made the second admin's account";
  auto const other = put_in(second, buyer.tenant_no, units(20'000));
  EXPECT_TRUE(rig_.approve(rig_.admin, *other->approval_no));
}

TEST_F(StaffActionsTest, WhoeverHoldsAKeyThatTheRequesterMadeCannotConfirm) {
  auto const second = rig_.make(rig_.admin, Role::admin);
  auto const buyer = rig_.make(rig_.admin, Role::buyer);
  ASSERT_TRUE(rig_.issue(second, {rig_.admin.tenant_no, {}, {}, false}));
  auto const asked = put_in(second, buyer.tenant_no, units(20'000));
  EXPECT_EQ(code(rig_.approve(rig_.admin, *asked->approval_no)), AppCode::four_eyes_required);
}

TEST_F(StaffActionsTest, ARefusedOrTakenBackRequestCannotBeApproved) {
  auto const second = rig_.make(rig_.admin, Role::admin);
  auto const buyer = rig_.make(rig_.admin, Role::buyer);
  auto const asked = put_in(second, buyer.tenant_no, units(20'000));
  auto const back =
      rig_.act([&](PlatformTx& tx) { return refuse_approval(tx, second, *asked->approval_no); });
  ASSERT_TRUE(back);
  EXPECT_EQ(code(rig_.approve(rig_.admin, *asked->approval_no)), AppCode::wrong_state);
  EXPECT_EQ(code(rig_.approve(rig_.admin, 9999)), AppCode::not_found);
  EXPECT_EQ(wallet(buyer.tenant_no), Money{});
}

TEST_F(StaffActionsTest, DepositsUpToTheLimitAreBookedAboveItTheyWait) {
  auto const second = rig_.make(rig_.admin, Role::admin);
  auto const buyer = rig_.make(rig_.admin, Role::buyer);
  ASSERT_TRUE(put_in(rig_.admin, buyer.tenant_no, units(10'000))->batch);
  EXPECT_EQ(wallet(buyer.tenant_no), units(10'000));
  auto const more = put_in(second, buyer.tenant_no, Money{units(10'000).micros + 1});
  ASSERT_TRUE(more->approval_no);
  EXPECT_EQ(wallet(buyer.tenant_no), units(10'000)) << "not before it is confirmed";
  ASSERT_TRUE(rig_.approve(rig_.admin, *more->approval_no));
  EXPECT_EQ(wallet(buyer.tenant_no), Money{units(20'000).micros + 1});
  auto const generator = rig_.make(rig_.admin, Role::generator);
  EXPECT_EQ(code(put_in(rig_.admin, generator.tenant_no, units(1))), AppCode::validation_failed);
  EXPECT_EQ(code(put_in(rig_.admin, 9999, units(1))), AppCode::not_found);
  EXPECT_EQ(code(put_in(rig_.admin, buyer.tenant_no, units(-1))), AppCode::validation_failed);
  auto const balance =
      rig_.act([&](PlatformTx& tx) { return trial_balance(tx, rig_.admin, "USD"); });
  EXPECT_EQ(balance->posted_sum_micros, "0");
  EXPECT_EQ(balance->accounts.size(), 2U);
  EXPECT_EQ(code(rig_.act([&](PlatformTx& tx) { return trial_balance(tx, buyer, "USD"); })),
            AppCode::forbidden);
}

TEST_F(StaffActionsTest, TwoAdminsApprovingAtOnceHaveOneEffect) {
  auto const second = rig_.make(rig_.admin, Role::admin);
  auto const buyer = rig_.make(rig_.admin, Role::buyer);
  auto const asked = put_in(second, buyer.tenant_no, units(20'000));
  std::atomic<int> good{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      if (rig_.approve(rig_.admin, *asked->approval_no)) ++good;
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(good, 1);
  EXPECT_EQ(wallet(buyer.tenant_no), units(20'000));
}

TEST_F(StaffActionsTest, FirstBankDetailsCountAtOnceAChangeWaitsAndCools) {
  auto const generator = rig_.make(rig_.admin, Role::generator);
  auto const no = generator.tenant_no;
  auto const second = rig_.make(rig_.admin, Role::admin);
  EXPECT_FALSE(change_bank(generator, no, good_bank())->approval_no);
  EXPECT_EQ(bank_of(no), good_bank());
  auto const change = change_bank(second, no, other_bank());
  ASSERT_TRUE(change->approval_no);
  EXPECT_EQ(bank_of(no), good_bank());
  ASSERT_TRUE(rig_.approve(rig_.admin, *change->approval_no));
  EXPECT_EQ(bank_of(no), other_bank());
  auto const tenant =
      *rig_.database.transact_now([no](PlatformTx& tx) { return tx.tenants().find(no).value(); });
  EXPECT_EQ(tenant.bank_cool_until, rig_.now() + std::chrono::hours(72));
  auto const stranger = rig_.make(rig_.admin, Role::generator);
  EXPECT_EQ(code(change_bank(stranger, no, good_bank())), AppCode::not_found);
}

TEST_F(StaffActionsTest, BankDetailsNeverStandInTheDatabaseInClear) {
  auto const generator = rig_.make(rig_.admin, Role::generator);
  ASSERT_TRUE(change_bank(generator, generator.tenant_no, good_bank()));
  ASSERT_TRUE(change_bank(generator, generator.tenant_no, other_bank()));
  for (auto const* const columns :
       {"select encode(bank_sealed, 'escape') from leadex.tenant where bank_sealed is not null",
        "select encode(payload_sealed, 'escape') from leadex.approval",
        "select payload from leadex.audit"}) {
    for (auto const& row : rig_.as_owner(columns)) {
      auto const text = row.at(0).as<std::string>();
      EXPECT_EQ(text.find("Muster"), std::string::npos);
      EXPECT_EQ(text.find("12345698765432"), std::string::npos);
    }
  }
}

TEST_F(StaffActionsTest, AKeyGetsNoScopeThatItsIssuerLacks) {
  auto const second = rig_.make(rig_.admin, Role::admin);
  auto narrow = rig_.admin;
  narrow.scopes = {"admin:write"};
  EXPECT_EQ(code(rig_.issue(narrow, {second.tenant_no, {}, {}, false})), AppCode::scope_not_held);
  EXPECT_TRUE(
      rig_.issue(narrow, {second.tenant_no, std::vector<std::string>{"admin:write"}, {}, false}));
  auto const buyer = rig_.make(rig_.admin, Role::buyer);
  EXPECT_EQ(code(rig_.issue(rig_.admin,
                            {buyer.tenant_no, std::vector<std::string>{"admin:write"}, {}, false})),
            AppCode::validation_failed);
}

TEST_F(StaffActionsTest, AnotherTenantsKeyIsNotFoundAndTheLastAdminKeyStays) {
  auto const buyer = rig_.make(rig_.admin, Role::buyer);
  auto const stranger = rig_.make(rig_.admin, Role::buyer);
  auto const key = rig_.issue(rig_.admin, {buyer.tenant_no, {}, {}, false});
  auto const revoke = [&](Principal const& actor, std::int64_t no) {
    return rig_.act([&](PlatformTx& tx) { return revoke_api_key(tx, actor, no); });
  };
  EXPECT_EQ(code(revoke(stranger, key->key_no)), AppCode::not_found);
  EXPECT_TRUE(revoke(buyer, key->key_no));
  EXPECT_TRUE(revoke(buyer, key->key_no)) << "twice is fine";
  EXPECT_EQ(code(revoke(rig_.admin, rig_.first_key_no)), AppCode::last_admin_key);
}

TEST_F(StaffActionsTest, SuspendingIsForOthersAndAudited) {
  auto const buyer = rig_.make(rig_.admin, Role::buyer);
  auto const suspend = [&](std::int64_t no) {
    return rig_.act([&](PlatformTx& tx) { return suspend_account(tx, rig_.admin, no); });
  };
  EXPECT_EQ(suspend(buyer.tenant_no)->status, storage::TenantStatus::suspended);
  EXPECT_TRUE(suspend(buyer.tenant_no));
  EXPECT_EQ(code(suspend(rig_.admin.tenant_no)), AppCode::wrong_state);
  EXPECT_EQ(rig_.count("audit where action = 'account.suspended'"), 1);
  EXPECT_EQ(code(put_in(rig_.admin, buyer.tenant_no, units(1))), AppCode::wrong_state);
}

class IdempotentActionTest : public StaffActionsTest {
 protected:
  AppResult<KeptAnswer> once(std::int64_t tenant_no, Money amount, std::string const& body,
                             std::string const& key = "key-1") {
    return rig_.act([&](PlatformTx& tx) {
      AnswerAction const action = [&](PlatformTx& inner) -> AppResult<Answer> {
        auto const done = deposit(rig_.tools, inner, rig_.admin, {tenant_no, "USD", amount, "ref"});
        if (!done) return refuse(done.error());
        return Answer{201, "batch " + std::to_string(done->batch->seq)};
      };
      RefusalAnswer const refusal = [](AppError const& error) -> std::optional<Answer> {
        if (error.code == AppCode::forbidden) return std::nullopt;
        return Answer{422, std::string(text(error.code))};
      };
      std::string hash = body;
      hash.resize(32, '.');
      return run_once(tx, {rig_.admin.tenant_no, "create_deposit", key, hash}, action, refusal);
    });
  }
};

TEST_F(IdempotentActionTest, FiftyAtOnceBookOneDeposit) {
  auto const buyer = rig_.make(rig_.admin, Role::buyer);
  std::atomic<int> fresh{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 50; ++i) {
    threads.emplace_back([&] {
      auto const done = once(buyer.tenant_no, units(5), "a");
      if (done) {
        EXPECT_EQ(done->answer.body, "batch 1");
        if (!done->replayed) ++fresh;
      } else {
        EXPECT_EQ(done.error().code, AppCode::in_progress);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(fresh, 1);
  EXPECT_EQ(wallet(buyer.tenant_no), units(5));
}

TEST_F(IdempotentActionTest, ARefusalIsKeptWithoutItsEffects) {
  auto const buyer = rig_.make(rig_.admin, Role::buyer);
  auto const audit_rows = rig_.count("audit");
  auto const refused = once(buyer.tenant_no, units(0), "zero");
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->answer.status, 422);
  EXPECT_EQ(rig_.count("audit"), audit_rows);
  EXPECT_TRUE(once(buyer.tenant_no, units(0), "zero")->replayed);
  EXPECT_EQ(once(buyer.tenant_no, units(1), "other").error().code, AppCode::idempotency_key_reused);
  EXPECT_FALSE(once(buyer.tenant_no, units(1), "other", "key-2")->replayed);
}

TEST_F(StaffActionsTest, TheHeadsFileProvesTheAuditLog) {
  namespace fs = std::filesystem;
  auto const path =
      fs::temp_directory_path() / ("leadex-heads-" + crypto::hex_encode(crypto::random_bytes(8)));
  AuditHeads heads(rig_.database, rig_.ring);
  EXPECT_EQ(heads.write(path.string()).value(), 1);
  EXPECT_EQ(heads.write(path.string()).value(), 0) << "nothing moved";
  (void)rig_.make(rig_.admin, Role::buyer);
  EXPECT_EQ(heads.write(path.string()).value(), 1);
  auto const lines = read_audit_heads(path.string()).value();
  EXPECT_EQ(lines.size(), 2U);
  EXPECT_EQ(fs::status(path).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  auto const verifier =
      storage::postgres::make_verifier(rig_.files.app(), rig_.ring.audit_signing().public_key());
  auto const report = verifier->verify_audit(lines).value();
  EXPECT_TRUE(report.problems.empty());
  EXPECT_EQ(report.heads, 2);
  fs::remove(path);
  EXPECT_TRUE(read_audit_heads(path.string()).value().empty());
}

}  // namespace
}  // namespace leadex::app
