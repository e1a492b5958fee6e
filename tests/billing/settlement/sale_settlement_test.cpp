#include "billing/settlement/sale_settlement.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "billing/ledger/ledger.hpp"

namespace leadex {
namespace {

constexpr std::int64_t kBank = 1, kBudget = 2, kPending = 3, kEarned = 4, kHoldback = 5,
                       kCommission = 6;
constexpr SaleRoute kRoute{77, 3, kBudget, kPending, kEarned, kHoldback, kCommission};
constexpr BasisPoints kTenPercent{1000};

/// A market's book whose budget holds 1'000; books each step as the market's writer does.
class SaleSettlement : public testing::Test {
 protected:
  SaleSettlement() {
    for (std::int64_t number = kBank; number <= kCommission; ++number) {
      bool const floored = number == kBudget || number == kPending || number == kHoldback;
      std::optional<std::int64_t> floor;
      if (floored) floor = 0;
      EXPECT_TRUE(ledger_.open_account({number, AccountCode::suspense, 0, 0, floor, 0, 0, 0, 0}));
    }
    Transfer const fund{kBank, kBudget, Money{1000}, TransferCode::fund, Phase::posted, 0, 0, {}};
    EXPECT_TRUE(ledger_.apply({1, 0}, fund));
  }

  SaleMoney awarded(std::int64_t gross, std::int64_t commission) {
    sold_ = {Money{gross}, Money{commission}, Money{gross - commission}};
    first_ = {++seq_, 0};
    return book(award(kRoute, sold_));
  }

  SaleMoney settled(std::int64_t gross, std::int64_t commission) {
    return book(*settle_sale(kRoute, awarded(gross, commission), kTenPercent));
  }

  SaleMoney book(SaleStep const& step) {
    std::vector<Transfer> transfers;
    auto const pendings = pendings_of(first_, sold_);
    for (auto const& planned : step.plan) transfers.push_back(bind(planned, pendings));
    auto const booked = ledger_.apply_all(seq_, 0, transfers);
    EXPECT_TRUE(booked) << (booked ? "" : text(booked.error()));
    EXPECT_TRUE(ledger_.balanced());
    ++seq_;
    codes_.clear();
    for (auto const& transfer : transfers) {
      codes_.emplace_back(std::string{text(transfer.code)} + " " +
                          std::string{text(transfer.phase)});
      EXPECT_EQ(transfer.lead_no, 77);
      EXPECT_EQ(transfer.slot, 3);
    }
    return step.after;
  }

  /// budget, pending, earned, holdback, commission
  std::vector<std::int64_t> balances() const {
    std::vector<std::int64_t> found;
    for (std::int64_t number = kBudget; number <= kCommission; ++number) {
      found.push_back(ledger_.find(number)->available());
    }
    return found;
  }

  using Balances = std::vector<std::int64_t>;
  using Codes = std::vector<std::string>;
  Ledger ledger_;
  SalePrice sold_;
  TransferRef first_;
  std::int64_t seq_{1};
  Codes codes_;
};

TEST_F(SaleSettlement, AnAwardReservesNetAndCommission) {
  auto const money = awarded(100, 15);
  EXPECT_EQ(money, (SaleMoney{sold_, {}, {}, SaleStage::held}));
  EXPECT_EQ(codes_, (Codes{"sale_net pending", "sale_commission pending"}));
  EXPECT_EQ(balances(), (Balances{900, 0, 0, 0, 0}));
}

TEST_F(SaleSettlement, SettlementPostsBothAndHoldsPartOfTheNetBack) {
  auto const money = settled(100, 15);
  EXPECT_EQ(codes_, (Codes{"sale_net post_pending", "sale_commission post_pending",
                           "holdback posted", "settle posted"}));
  EXPECT_EQ(balances(), (Balances{900, 0, 77, 8, 15}));
  EXPECT_EQ(money, (SaleMoney{sold_, {}, Money{8}, SaleStage::settled}));
}

TEST_F(SaleSettlement, ReleaseMovesTheHoldbackToTheEarningsOnce) {
  auto const money = book(*release_holdback(kRoute, settled(100, 15)));
  EXPECT_EQ(codes_, (Codes{"release posted"}));
  EXPECT_EQ(balances(), (Balances{900, 0, 85, 0, 15}));
  EXPECT_TRUE(release_holdback(kRoute, money)->plan.empty());
}

TEST_F(SaleSettlement, AVoidGivesTheWholeReservationBack) {
  auto const money = book(*void_sale(kRoute, awarded(100, 15), VoidCause::withdrawn));
  EXPECT_EQ(codes_, (Codes{"sale_net void_pending", "sale_commission void_pending"}));
  EXPECT_EQ(balances(), (Balances{1000, 0, 0, 0, 0}));
  EXPECT_EQ(money.stage, SaleStage::closed);
  EXPECT_EQ(kept_part(money), SalePrice{});
}

TEST_F(SaleSettlement, AnExpiryNamesItsPhase) {
  (void)book(*void_sale(kRoute, awarded(100, 15), VoidCause::expired));
  EXPECT_EQ(codes_, (Codes{"sale_net expire_pending", "sale_commission expire_pending"}));
  EXPECT_EQ(balances(), (Balances{1000, 0, 0, 0, 0}));
}

TEST_F(SaleSettlement, AReturnBeforeSettlementVoidsBoth) {
  auto const money = book(*return_sale(kRoute, awarded(100, 15)));
  EXPECT_EQ(codes_, (Codes{"return void_pending", "return void_pending"}));
  EXPECT_EQ(balances(), (Balances{1000, 0, 0, 0, 0}));
  EXPECT_EQ(money, (SaleMoney{sold_, Money{100}, {}, SaleStage::closed}));
}

TEST_F(SaleSettlement, APartialCreditPostsWhatRemainsAndReleasesTheRest) {
  auto const credited = book(*credit_buyer(kRoute, awarded(100, 15), Money{40}));
  EXPECT_EQ(codes_, (Codes{"sale_net post_pending", "sale_commission post_pending"}));
  EXPECT_EQ(balances(), (Balances{940, 51, 0, 0, 9}));
  EXPECT_EQ(credited.stage, SaleStage::posted);
  EXPECT_EQ(kept_part(credited), (SalePrice{Money{60}, Money{9}, Money{51}}));
  auto const money = book(*settle_sale(kRoute, credited, kTenPercent));
  EXPECT_EQ(codes_, (Codes{"holdback posted", "settle posted"}));
  EXPECT_EQ(balances(), (Balances{940, 0, 46, 5, 9}));
  EXPECT_EQ(money.holdback, Money{5});
}

TEST_F(SaleSettlement, ASecondCreditBeforeSettlementMovesPostedMoneyBack) {
  auto const credited = book(*credit_buyer(kRoute, awarded(100, 15), Money{40}));
  auto const money = book(*credit_buyer(kRoute, credited, Money{60}));
  EXPECT_EQ(codes_, (Codes{"return posted", "return posted"}));
  EXPECT_EQ(balances(), (Balances{1000, 0, 0, 0, 0}));
  EXPECT_EQ(money.stage, SaleStage::closed);
}

TEST_F(SaleSettlement, AClawBackTakesTheHoldbackFirst) {
  auto const money = book(*credit_buyer(kRoute, settled(100, 15), Money{8}));
  EXPECT_EQ(codes_, (Codes{"claw_back posted", "claw_back posted"}));
  EXPECT_EQ(balances(), (Balances{908, 0, 77, 1, 14}));  // 8 = 7 of the net + 1 of the commission
  EXPECT_EQ(money.holdback, Money{1});
  EXPECT_EQ(money.stage, SaleStage::settled);
}

TEST_F(SaleSettlement, AReturnAfterSettlementTakesHoldbackThenEarnings) {
  auto const money = book(*return_sale(kRoute, settled(100, 15)));
  EXPECT_EQ(codes_, (Codes{"claw_back posted", "claw_back posted", "claw_back posted"}));
  EXPECT_EQ(balances(), (Balances{1000, 0, 0, 0, 0}));
  EXPECT_EQ(money.stage, SaleStage::closed);
  EXPECT_TRUE(release_holdback(kRoute, money)->plan.empty()) << "the holdback is gone";
}

TEST_F(SaleSettlement, AClawBackMayLeaveTheEarningsNegative) {
  auto const money = book(*release_holdback(kRoute, settled(100, 15)));
  Transfer const remitted{kEarned, kBank, Money{85}, TransferCode::settle, Phase::posted, 0, 0, {}};
  ASSERT_TRUE(ledger_.apply({++seq_, 0}, remitted));
  ++seq_;
  (void)book(*return_sale(kRoute, money));
  EXPECT_EQ(balances(), (Balances{1000, 0, -85, 0, 0}));
}

TEST_F(SaleSettlement, LegsOfNothingAreLeftOut) {
  auto const without_commission = book(*settle_sale(kRoute, awarded(100, 0), BasisPoints{0}));
  EXPECT_EQ(codes_, (Codes{"sale_net post_pending", "settle posted"}));
  (void)book(*return_sale(kRoute, without_commission));
  EXPECT_EQ(codes_, (Codes{"claw_back posted"}));
  auto const without_net = book(*settle_sale(kRoute, awarded(100, 100), kTenPercent));
  EXPECT_EQ(codes_, (Codes{"sale_commission post_pending"}));
  EXPECT_TRUE(book(*release_holdback(kRoute, without_net)).holdback == Money{});
  EXPECT_EQ(balances(), (Balances{900, 0, 0, 0, 100}));
}

TEST_F(SaleSettlement, AFreeSaleRunsThroughWithoutTransfers) {
  auto const free = awarded(0, 0);
  EXPECT_TRUE(codes_.empty());
  EXPECT_TRUE(settle_sale(kRoute, free, kTenPercent)->plan.empty());
  EXPECT_EQ(return_sale(kRoute, free)->after.stage, SaleStage::closed);
  EXPECT_EQ(return_sale(kRoute, return_sale(kRoute, free)->after).error(),
            SettlementError::wrong_stage);
}

TEST_F(SaleSettlement, APartialCreditThatEatsOneLegVoidsIt) {
  // Of 3 = 2 net + 1 commission a credit of 2 takes half-even(2/3) = 1 commission and 1 net.
  auto const money = book(*credit_buyer(kRoute, awarded(3, 1), Money{2}));
  EXPECT_EQ(codes_, (Codes{"sale_net post_pending", "return void_pending"}));
  EXPECT_EQ(balances(), (Balances{999, 1, 0, 0, 0}));
  EXPECT_EQ(kept_part(money), (SalePrice{Money{1}, Money{0}, Money{1}}));
}

TEST_F(SaleSettlement, AnUnheldSaleIsPaidWhenItSettles) {
  sold_ = {Money{100}, Money{15}, Money{85}};
  auto const unheld = award_unheld(sold_);
  auto const credited = credit_buyer(kRoute, unheld, Money{40});
  ASSERT_TRUE(credited);
  EXPECT_TRUE(credited->plan.empty());
  EXPECT_EQ(credited->after.stage, SaleStage::unheld);
  EXPECT_FALSE(release_holdback(kRoute, unheld));
  auto const money = book(*settle_sale(kRoute, credited->after, kTenPercent));
  EXPECT_EQ(balances(), (Balances{940, 0, 46, 5, 9}));
  EXPECT_EQ(codes_, (Codes{"sale_net posted", "sale_commission posted", "holdback posted",
                           "settle posted"}));
  book(*return_sale(kRoute, money));
  EXPECT_EQ(balances(), (Balances{1000, 0, 0, 0, 0}));
}

TEST_F(SaleSettlement, AnUnheldSaleIsVoidedWithoutTransfers) {
  auto const closed =
      void_sale(kRoute, award_unheld({Money{100}, Money{15}, Money{85}}), VoidCause::withdrawn);
  ASSERT_TRUE(closed);
  EXPECT_TRUE(closed->plan.empty());
  EXPECT_FALSE(settle_sale(kRoute, closed->after, kTenPercent));
}

TEST_F(SaleSettlement, StepsOutOfOrderAreRefused) {
  auto const held = awarded(100, 15);
  EXPECT_EQ(release_holdback(kRoute, held).error(), SettlementError::wrong_stage);
  auto const posted = credit_buyer(kRoute, held, Money{1})->after;
  EXPECT_EQ(void_sale(kRoute, posted, VoidCause::withdrawn).error(), SettlementError::wrong_stage);
  EXPECT_EQ(release_holdback(kRoute, posted).error(), SettlementError::wrong_stage);
  auto const done = settle_sale(kRoute, held, kTenPercent)->after;
  EXPECT_EQ(settle_sale(kRoute, done, kTenPercent).error(), SettlementError::wrong_stage);
  EXPECT_EQ(void_sale(kRoute, done, VoidCause::expired).error(), SettlementError::wrong_stage);
  auto const closed = return_sale(kRoute, done)->after;
  EXPECT_EQ(return_sale(kRoute, closed).error(), SettlementError::wrong_stage);
  EXPECT_EQ(credit_buyer(kRoute, closed, Money{0}).error(), SettlementError::wrong_stage);
  EXPECT_EQ(settle_sale(kRoute, closed, kTenPercent).error(), SettlementError::wrong_stage);
}

TEST_F(SaleSettlement, CreditsAreMoreThanNothingAndNoMoreThanTheSale) {
  auto const held = awarded(100, 15);
  EXPECT_EQ(credit_buyer(kRoute, held, Money{0}).error(), SettlementError::amount_not_positive);
  EXPECT_EQ(credit_buyer(kRoute, held, Money{-1}).error(), SettlementError::amount_not_positive);
  EXPECT_EQ(credit_buyer(kRoute, held, Money{101}).error(), SettlementError::amount_exceeds_sale);
  auto const half = credit_buyer(kRoute, held, Money{50})->after;
  EXPECT_EQ(credit_buyer(kRoute, half, Money{51}).error(), SettlementError::amount_exceeds_sale);
  Money const most{std::numeric_limits<std::int64_t>::max()};
  EXPECT_EQ(credit_buyer(kRoute, half, most).error(), SettlementError::amount_exceeds_sale);
  EXPECT_EQ(text(SettlementError::amount_exceeds_sale), "amount_exceeds_sale");
}

TEST(SalePendings, FollowFromTheFirstReferenceAndThePrice) {
  auto const both = pendings_of({4, 7}, {Money{100}, Money{15}, Money{85}});
  EXPECT_EQ(both.net, (TransferRef{4, 7}));
  EXPECT_EQ(both.commission, (TransferRef{4, 8}));
  auto const commission_only = pendings_of({4, 7}, {Money{5}, Money{5}, Money{0}});
  EXPECT_FALSE(commission_only.net);
  EXPECT_EQ(commission_only.commission, (TransferRef{4, 7}));
  EXPECT_FALSE(pendings_of({4, 7}, {Money{5}, Money{0}, Money{5}}).commission);
}

TEST(SalePendingsDeathTest, AMissingReferenceStopsTheProcess) {
  auto const held = award(kRoute, {Money{100}, Money{15}, Money{85}}).after;
  auto const step = settle_sale(kRoute, held, kTenPercent);
  EXPECT_DEATH((void)bind(*step->plan.begin(), SalePendings{}), "LEADEX_CHECK");
}

}  // namespace
}  // namespace leadex
