// What goes to a second generator of a sale's net: known answers, then random lives of sales
// against a twin that looks at nothing but the balance of the first one's earnings.

#include "billing/settlement/duplicate_share.hpp"

#include <gtest/gtest.h>

#include <random>

#include "billing/ledger/ledger.hpp"
#include "tests/matching/seed.hpp"

namespace leadex {
namespace {

constexpr std::int64_t kBank = 1, kBudget = 2, kPending = 3, kEarned = 4, kHoldback = 5,
                       kCommission = 6, kOther = 7;
constexpr SaleRoute kRoute{77, 3, kBudget, kPending, kEarned, kHoldback, kCommission};
constexpr std::int64_t kFunds = 9'000'000'000'000'000;

/// One sale in a market's book, each step booked as the market's writer does.
class SharedSale {
 public:
  SharedSale(SalePrice const& price, BasisPoints split) : share_{kOther, split}, sold_{price} {
    for (std::int64_t number = kBank; number <= kOther; ++number) {
      bool const floored = number == kBudget || number == kPending || number == kHoldback;
      std::optional<std::int64_t> floor;
      if (floored) floor = 0;
      EXPECT_TRUE(ledger_.open_account({number, AccountCode::suspense, 0, 0, floor, 0, 0, 0, 0}));
    }
    book({kBank, kBudget, Money{kFunds}, TransferCode::fund, Phase::posted, 0, 0, {}});
    pendings_ = pendings_of({seq_ + 1, 0}, sold_);
    step(award(kRoute, sold_));
  }

  void step(Result<SaleStep, SettlementError> const& made) {
    ASSERT_TRUE(made.has_value());
    ++seq_;
    n_ = 0;
    for (auto const& planned : made->plan) book(bind(planned, pendings_));
    auto const follows = follow_share(kRoute, share_, money_, made->after);
    last_ = follows ? follows->amount.micros : 0;
    if (follows && follows->code == TransferCode::duplicate_share_back) last_ = -last_;
    if (follows) book(*follows);
    money_ = made->after;
  }
  void settle(std::int32_t holdback_bp) {
    step(settle_sale(kRoute, money_, BasisPoints{holdback_bp}));
  }
  void credit(std::int64_t amount) { step(credit_buyer(kRoute, money_, Money{amount})); }
  void release() { step(release_holdback(kRoute, money_)); }
  void give_back_all() { step(return_sale(kRoute, money_)); }

  [[nodiscard]] std::int64_t of(std::int64_t account) const {
    return ledger_.find(account)->available();
  }
  [[nodiscard]] std::int64_t last() const { return last_; }
  [[nodiscard]] SaleMoney const& money() const { return money_; }
  [[nodiscard]] bool balanced() const { return ledger_.balanced(); }

 private:
  void book(Transfer const& transfer) {
    auto const booked = ledger_.apply({seq_, n_++}, transfer);
    EXPECT_TRUE(booked.has_value()) << (booked ? "" : text(booked.error()));
  }

  Ledger ledger_;
  DuplicateShare share_;
  SalePrice sold_;
  SalePendings pendings_;
  SaleMoney money_;
  std::int64_t seq_{1};
  std::int32_t n_{};
  std::int64_t last_{};
};

SalePrice price(std::int64_t gross, std::int64_t commission) {
  return {Money{gross}, Money{commission}, Money{gross - commission}};
}

TEST(DuplicateShare, MovesWithTheNetThatReachesTheEarnings) {
  SharedSale sale{price(1000, 150), BasisPoints{3000}};
  EXPECT_EQ(sale.of(kOther), 0);
  sale.settle(1000);  // 85 of 850 are held back
  EXPECT_EQ(sale.last(), 229) << "30 % of 765, rounded down";
  EXPECT_EQ(sale.of(kEarned), 765 - 229);
  sale.release();
  EXPECT_EQ(sale.of(kOther), 255) << "30 % of 850";
  EXPECT_EQ(sale.of(kEarned), 595);
  EXPECT_TRUE(sale.balanced());
}

TEST(DuplicateShare, AClawBackTakesItsPartBackOnceTheHoldbackIsUsedUp) {
  SharedSale sale{price(1000, 150), BasisPoints{3000}};
  sale.settle(1000);
  sale.credit(100);  // 85 of the net: what is held back covers it
  EXPECT_EQ(sale.last(), 0);
  EXPECT_EQ(sale.of(kOther), 229);
  EXPECT_EQ(sale.of(kHoldback), 0);
  sale.credit(400);  // 340 of the net
  EXPECT_EQ(sale.of(kOther), 127) << "30 % of 425";
  EXPECT_EQ(sale.last(), -102);
  sale.release();
  EXPECT_EQ(sale.last(), 0);
  sale.give_back_all();
  EXPECT_EQ(sale.of(kOther), 0);
  EXPECT_EQ(sale.of(kEarned), 0);
  EXPECT_EQ(sale.of(kBudget), kFunds);
  EXPECT_TRUE(sale.balanced());
}

TEST(DuplicateShare, WhatNeverSettlesIsNobodys) {
  SharedSale returned{price(1000, 150), BasisPoints{9999}};
  returned.credit(300);
  EXPECT_EQ(returned.last(), 0);
  returned.give_back_all();
  EXPECT_EQ(returned.of(kOther), 0);
  SharedSale voided{price(1000, 150), BasisPoints{9999}};
  voided.step(void_sale(kRoute, voided.money(), VoidCause::expired));
  EXPECT_EQ(voided.of(kOther), 0);
}

TEST(DuplicateShare, OfAPartLeftAfterACreditAndOfTheLargestSale) {
  SharedSale sale{price(1000, 150), BasisPoints{5000}};
  sale.credit(500);
  sale.settle(0);
  EXPECT_EQ(sale.of(kOther), 212) << "half of 425, rounded down";
  EXPECT_EQ(sale.of(kEarned), 213);
  SharedSale large{price(kFunds, 0), BasisPoints{9999}};
  large.settle(0);
  EXPECT_EQ(large.of(kOther), kFunds / 10'000 * 9999);
  EXPECT_EQ(large.of(kEarned), kFunds / 10'000);
  SharedSale tiny{price(1, 0), BasisPoints{9999}};
  tiny.settle(0);
  EXPECT_EQ(tiny.of(kOther), 0) << "nothing of a micro is moved, nor a transfer of nothing";
}

/// Of whatever the first generator's earnings would hold of this sale without the share, the second
/// has its part, rounded down.
void expect_split(SharedSale const& sale, std::int32_t split_bp) {
  auto const both = sale.of(kEarned) + sale.of(kOther);
  ASSERT_GE(both, 0);
  ASSERT_EQ(sale.of(kOther), static_cast<std::int64_t>(__int128{both} * split_bp / 10'000));
  auto const kept = kept_part(sale.money());
  auto const settled = sale.money().stage == SaleStage::settled;
  ASSERT_EQ(both + sale.of(kHoldback), settled ? kept.net.micros : 0) << "both nets are the net";
  ASSERT_EQ(sale.of(kBudget) + kept.gross.micros, kFunds);
  ASSERT_TRUE(sale.balanced());
}

TEST(DuplicateShare, RandomLivesKeepTheSplitToTheMicro) {
  std::mt19937_64 random{seed_of_run()};
  auto const below = [&](std::int64_t n) {
    return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(n));
  };
  int const lives = full_run() ? 100'000 : 3'000;
  for (int i = 0; i < lives; ++i) {
    auto const gross = 1 + below(below(3) == 0 ? 1'000'000'000'000 : 3'000);
    CommissionRule rule;
    rule.rate = BasisPoints{static_cast<std::int32_t>(below(5'000))};
    auto const split = static_cast<std::int32_t>(1 + below(9'999));
    SharedSale sale{price_sale(Money{gross}, rule), BasisPoints{split}};
    auto const left = [&] { return gross - sale.money().credited.micros; };
    while (below(3) == 0 && left() > 1) sale.credit(1 + below(left() - 1));
    ASSERT_EQ(sale.of(kOther), 0);
    sale.settle(static_cast<std::int32_t>(below(10'001)));
    auto most = sale.of(kOther) + sale.of(kHoldback);
    ASSERT_NO_FATAL_FAILURE(expect_split(sale, split));
    while (sale.money().stage == SaleStage::settled && below(4) != 0) {
      if (below(4) == 0) {
        sale.release();
      } else {
        sale.credit(1 + below(left()));
      }
      ASSERT_NO_FATAL_FAILURE(expect_split(sale, split));
      ASSERT_LE(sale.of(kOther), most);
    }
  }
}

}  // namespace
}  // namespace leadex
