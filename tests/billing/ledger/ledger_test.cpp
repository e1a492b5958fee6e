#include "billing/ledger/ledger.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace leadex {
namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kBank = 1, kBudget = 2, kPending = 3;

Transfer move(std::int64_t debit, std::int64_t credit, std::int64_t micros,
              Phase phase = Phase::posted, std::optional<TransferRef> pending = {}) {
  return {debit, credit, Money{micros}, TransferCode::fund, phase, 7, 0, pending};
}

Account account(std::int64_t number, std::optional<std::int64_t> floor) {
  return {number, floor ? AccountCode::budget : AccountCode::bank, 9, 0, floor, 0, 0, 0, 0};
}

/// A bank without floor, a budget holding 100 and an empty account, both with floor 0.
class LedgerTest : public testing::Test {
 protected:
  LedgerTest() {
    EXPECT_TRUE(ledger_.open_account(account(kBank, std::nullopt)));
    EXPECT_TRUE(ledger_.open_account(account(kBudget, 0)));
    EXPECT_TRUE(ledger_.open_account(account(kPending, 0)));
    EXPECT_TRUE(ledger_.apply({1, 0}, move(kBank, kBudget, 100)));
    (void)ledger_.take_changed();
  }

  LedgerError refusal(Transfer const& transfer, TransferRef ref = {5, 0}) {
    auto const before = ledger_.accounts();
    auto const open_before = ledger_.open_pending_count();
    auto const result = ledger_.apply(ref, transfer);
    EXPECT_FALSE(result);
    EXPECT_EQ(before, ledger_.accounts()) << "a refused transfer changed an account";
    EXPECT_EQ(open_before, ledger_.open_pending_count());
    EXPECT_TRUE(ledger_.take_changed().empty());
    return result ? LedgerError::account_exists : result.error();
  }

  std::int64_t available(std::int64_t number) const { return ledger_.find(number)->available(); }

  Ledger ledger_;
};

TEST_F(LedgerTest, APostedTransferMovesTheBalance) {
  ASSERT_TRUE(ledger_.apply({2, 0}, move(kBudget, kPending, 40)));
  EXPECT_EQ(available(kBudget), 60);
  EXPECT_EQ(available(kPending), 40);
  EXPECT_EQ(available(kBank), -100);
  EXPECT_TRUE(ledger_.balanced());
}

TEST_F(LedgerTest, APendingDebitIsGoneAtOnceAndItsCreditNotThereYet) {
  ASSERT_TRUE(ledger_.apply({2, 0}, move(kBudget, kPending, 40, Phase::pending)));
  EXPECT_EQ(available(kBudget), 60);
  EXPECT_EQ(available(kPending), 0);
  EXPECT_EQ(ledger_.find(kPending)->credits_pending, 40);
  EXPECT_EQ(ledger_.find_pending({2, 0})->amount, Money{40});
  EXPECT_TRUE(ledger_.balanced());
}

TEST_F(LedgerTest, APartialPostReleasesTheRest) {
  ASSERT_TRUE(ledger_.apply({2, 0}, move(kBudget, kPending, 40, Phase::pending)));
  ASSERT_TRUE(
      ledger_.apply({3, 0}, move(kBudget, kPending, 30, Phase::post_pending, TransferRef{2, 0})));
  EXPECT_EQ(available(kBudget), 70);
  EXPECT_EQ(available(kPending), 30);
  EXPECT_EQ(ledger_.find(kBudget)->debits_pending, 0);
  EXPECT_EQ(ledger_.open_pending_count(), 0U);
  EXPECT_TRUE(ledger_.balanced());
}

TEST_F(LedgerTest, AVoidAndAnExpiryGiveEverythingBack) {
  for (auto const phase : {Phase::void_pending, Phase::expire_pending}) {
    ASSERT_TRUE(ledger_.apply({2, 0}, move(kBudget, kPending, 40, Phase::pending)));
    ASSERT_TRUE(ledger_.apply({3, 0}, move(kBudget, kPending, 40, phase, TransferRef{2, 0})));
    EXPECT_EQ(available(kBudget), 100);
    EXPECT_EQ(available(kPending), 0);
    EXPECT_TRUE(ledger_.balanced());
  }
}

TEST_F(LedgerTest, AnAccountNumberIsOpenedOnce) {
  EXPECT_EQ(ledger_.open_account(account(kBudget, 0)).error(), LedgerError::account_exists);
  EXPECT_EQ(available(kBudget), 100);
}

TEST_F(LedgerTest, AmountsBelowOneAreRefused) {
  EXPECT_EQ(refusal(move(kBudget, kPending, 0)), LedgerError::amount_not_positive);
  EXPECT_EQ(refusal(move(kBudget, kPending, -1)), LedgerError::amount_not_positive);
}

TEST_F(LedgerTest, AnAccountCannotPayItself) {
  EXPECT_EQ(refusal(move(kBudget, kBudget, 1)), LedgerError::same_account);
}

TEST_F(LedgerTest, UnknownAccountsAreRefusedOnEitherSide) {
  EXPECT_EQ(refusal(move(99, kBudget, 1)), LedgerError::account_unknown);
  EXPECT_EQ(refusal(move(kBudget, 99, 1)), LedgerError::account_unknown);
}

TEST_F(LedgerTest, AReferenceStandsExactlyWithAResolution) {
  EXPECT_EQ(refusal(move(kBudget, kPending, 1, Phase::void_pending)),
            LedgerError::pending_reference_wrong);
  EXPECT_EQ(refusal(move(kBudget, kPending, 1, Phase::posted, TransferRef{2, 0})),
            LedgerError::pending_reference_wrong);
  EXPECT_EQ(refusal(move(kBudget, kPending, 1, Phase::pending, TransferRef{2, 0})),
            LedgerError::pending_reference_wrong);
}

TEST_F(LedgerTest, APendingTransferIsResolvedOnce) {
  auto const post = move(kBudget, kPending, 40, Phase::post_pending, TransferRef{2, 0});
  EXPECT_EQ(refusal(post), LedgerError::pending_not_open);
  ASSERT_TRUE(ledger_.apply({2, 0}, move(kBudget, kPending, 40, Phase::pending)));
  ASSERT_TRUE(ledger_.apply({3, 0}, post));
  (void)ledger_.take_changed();
  EXPECT_EQ(refusal(post), LedgerError::pending_not_open);
  EXPECT_EQ(refusal(move(kBudget, kPending, 40, Phase::void_pending, TransferRef{2, 0})),
            LedgerError::pending_not_open);
}

TEST_F(LedgerTest, APostedTransferCannotBeResolved) {
  ASSERT_TRUE(ledger_.apply({2, 0}, move(kBudget, kPending, 40)));
  (void)ledger_.take_changed();
  EXPECT_EQ(refusal(move(kBudget, kPending, 40, Phase::void_pending, TransferRef{2, 0})),
            LedgerError::pending_not_open);
}

TEST_F(LedgerTest, AResolutionNamesTheSameAccounts) {
  ASSERT_TRUE(ledger_.apply({2, 0}, move(kBudget, kPending, 40, Phase::pending)));
  (void)ledger_.take_changed();
  EXPECT_EQ(refusal(move(kBank, kPending, 40, Phase::post_pending, TransferRef{2, 0})),
            LedgerError::pending_accounts_differ);
  EXPECT_EQ(refusal(move(kPending, kBudget, 40, Phase::post_pending, TransferRef{2, 0})),
            LedgerError::pending_accounts_differ);
}

TEST_F(LedgerTest, NoMoreIsPostedThanWasReserved) {
  ASSERT_TRUE(ledger_.apply({2, 0}, move(kBudget, kPending, 40, Phase::pending)));
  (void)ledger_.take_changed();
  EXPECT_EQ(refusal(move(kBudget, kPending, 41, Phase::post_pending, TransferRef{2, 0})),
            LedgerError::pending_amount_exceeded);
}

TEST_F(LedgerTest, AVoidRepeatsTheWholeAmount) {
  ASSERT_TRUE(ledger_.apply({2, 0}, move(kBudget, kPending, 40, Phase::pending)));
  (void)ledger_.take_changed();
  for (auto const phase : {Phase::void_pending, Phase::expire_pending}) {
    EXPECT_EQ(refusal(move(kBudget, kPending, 39, phase, TransferRef{2, 0})),
              LedgerError::pending_amount_differs);
  }
}

TEST_F(LedgerTest, TwoOpenPendingsCannotShareAReference) {
  ASSERT_TRUE(ledger_.apply({2, 0}, move(kBudget, kPending, 40, Phase::pending)));
  (void)ledger_.take_changed();
  EXPECT_EQ(refusal(move(kBudget, kPending, 1, Phase::pending), {2, 0}),
            LedgerError::reference_in_use);
}

TEST_F(LedgerTest, AFloorHoldsToTheMicro) {
  EXPECT_EQ(refusal(move(kBudget, kPending, 101)), LedgerError::below_floor);
  EXPECT_EQ(refusal(move(kBudget, kPending, 101, Phase::pending)), LedgerError::below_floor);
  ASSERT_TRUE(ledger_.apply({2, 0}, move(kBudget, kPending, 60, Phase::pending)));
  (void)ledger_.take_changed();
  EXPECT_EQ(refusal(move(kBudget, kPending, 41)), LedgerError::below_floor);
  EXPECT_EQ(refusal(move(kPending, kBank, 1)), LedgerError::below_floor) << "pending credit spent";
  EXPECT_TRUE(ledger_.apply({2, 1}, move(kBudget, kPending, 40)));
}

TEST_F(LedgerTest, AFloorMayStandBelowZero) {
  ASSERT_TRUE(ledger_.open_account(account(4, -50)));
  EXPECT_TRUE(ledger_.apply({2, 0}, move(4, kBudget, 50)));
  (void)ledger_.take_changed();
  EXPECT_EQ(refusal(move(4, kBudget, 1)), LedgerError::below_floor);
}

TEST_F(LedgerTest, CountersDoNotOverflow) {
  ASSERT_TRUE(ledger_.open_account(account(4, std::nullopt)));
  ASSERT_TRUE(ledger_.open_account(account(5, std::nullopt)));
  ASSERT_TRUE(ledger_.apply({2, 0}, move(4, 5, kMax - 1, Phase::pending)));
  (void)ledger_.take_changed();
  EXPECT_EQ(refusal(move(4, kBudget, 2)), LedgerError::overflow) << "debit side, pending + posted";
  EXPECT_EQ(refusal(move(kBank, 5, 2)), LedgerError::overflow) << "credit side, pending + posted";
  ASSERT_TRUE(ledger_.apply({3, 0}, move(4, 5, kMax - 1, Phase::post_pending, TransferRef{2, 0})));
  (void)ledger_.take_changed();
  EXPECT_EQ(refusal(move(4, kBudget, 2)), LedgerError::overflow);
  EXPECT_TRUE(ledger_.apply({4, 0}, move(4, kBudget, 1)));
  EXPECT_EQ(available(4), -kMax);
}

TEST_F(LedgerTest, AGroupIsBookedWholeOrNotAtAll) {
  std::vector<Transfer> group{move(kBudget, kPending, 60, Phase::pending),
                              move(kBudget, kPending, 50, Phase::post_pending, TransferRef{9, 3}),
                              move(kPending, kBudget, 51)};
  auto const before = ledger_.accounts();
  EXPECT_EQ(ledger_.apply_all(9, 3, group).error(), LedgerError::below_floor);
  EXPECT_EQ(before, ledger_.accounts());
  EXPECT_EQ(ledger_.open_pending_count(), 0U);
  EXPECT_TRUE(ledger_.take_changed().empty());

  group[2].amount = Money{50};
  EXPECT_TRUE(ledger_.apply_all(9, 3, group));
  EXPECT_EQ(available(kBudget), 100);
  EXPECT_EQ(ledger_.take_changed(), (std::vector<std::int64_t>{kBudget, kPending}));
}

TEST_F(LedgerTest, AGroupThatFailsReopensThePendingItResolved) {
  ASSERT_TRUE(ledger_.apply({2, 0}, move(kBudget, kPending, 60, Phase::pending)));
  std::vector<Transfer> const group{
      move(kBudget, kPending, 60, Phase::void_pending, TransferRef{2, 0}),
      move(kBudget, kPending, 101)};
  EXPECT_EQ(ledger_.apply_all(3, 0, group).error(), LedgerError::below_floor);
  EXPECT_NE(ledger_.find_pending({2, 0}), nullptr);
  EXPECT_TRUE(ledger_.balanced());
  EXPECT_TRUE(ledger_.apply({4, 0}, group[0]));
}

TEST_F(LedgerTest, ChangedAccountsAreToldOnceAndInOrder) {
  ASSERT_TRUE(ledger_.apply({2, 0}, move(kBudget, kPending, 10)));
  ASSERT_TRUE(ledger_.apply({2, 1}, move(kBank, kBudget, 10)));
  EXPECT_EQ(ledger_.take_changed(), (std::vector<std::int64_t>{kBank, kBudget, kPending}));
  EXPECT_TRUE(ledger_.take_changed().empty());
}

TEST_F(LedgerTest, AReloadedBookGoesOnWhereItStopped) {
  ASSERT_TRUE(ledger_.apply({2, 0}, move(kBudget, kPending, 40, Phase::pending)));
  Ledger again;
  for (auto const& [number, held] : ledger_.accounts()) ASSERT_TRUE(again.open_account(held));
  EXPECT_FALSE(again.balanced()) << "the pending transfer is missing";
  auto const pending = *ledger_.find_pending({2, 0});
  ASSERT_TRUE(again.restore_pending({2, 0}, pending));
  EXPECT_EQ(again.restore_pending({2, 0}, pending).error(), LedgerError::reference_in_use);
  EXPECT_EQ(again.restore_pending({2, 1}, move(kBudget, 99, 1, Phase::pending)).error(),
            LedgerError::account_unknown);
  EXPECT_TRUE(again.balanced());
  EXPECT_TRUE(
      again.apply({3, 0}, move(kBudget, kPending, 40, Phase::post_pending, TransferRef{2, 0})));
  EXPECT_TRUE(again.balanced());
}

TEST(LedgerDeathTest, AReloadedAccountBelowItsFloorStopsTheProcess) {
  Account broken{4, AccountCode::budget, 1, 0, 0, 0, 5, 0, 4};
  Ledger ledger;
  EXPECT_DEATH((void)ledger.open_account(broken), "LEADEX_CHECK");
  broken = {4, AccountCode::bank, 1, 0, std::nullopt, -1, 0, 0, 0};
  EXPECT_DEATH((void)ledger.open_account(broken), "LEADEX_CHECK");
}

TEST(LedgerTexts, CodesGoToTextAndBack) {
  for (std::size_t i = 0; i < kAccountCodeTexts.size(); ++i) {
    auto const code = static_cast<AccountCode>(i);
    EXPECT_EQ(account_code_from_text(text(code)), code);
  }
  for (std::size_t i = 0; i < kTransferCodeTexts.size(); ++i) {
    auto const code = static_cast<TransferCode>(i);
    EXPECT_EQ(transfer_code_from_text(text(code)), code);
  }
  EXPECT_EQ(text(AccountCode::clearing), "clearing");
  EXPECT_EQ(text(TransferCode::return_), "return");
  EXPECT_EQ(text(TransferCode::correction), "correction");
  EXPECT_EQ(text(Phase::expire_pending), "expire_pending");
  EXPECT_FALSE(account_code_from_text("Bank"));
  EXPECT_FALSE(transfer_code_from_text("return_"));
  EXPECT_EQ(text(LedgerError::below_floor), "below_floor");
}

TEST(LedgerFloors, OnlyOwnBooksAndEarningsMayGoNegative) {
  EXPECT_EQ(default_floor_micros(AccountCode::budget), 0);
  EXPECT_EQ(default_floor_micros(AccountCode::wallet), 0);
  EXPECT_FALSE(default_floor_micros(AccountCode::bank));
  EXPECT_FALSE(default_floor_micros(AccountCode::clearing));
  EXPECT_FALSE(default_floor_micros(AccountCode::generator_earned));
}

}  // namespace
}  // namespace leadex
