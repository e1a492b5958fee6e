#include "billing/settlement/payout.hpp"

#include <gtest/gtest.h>

#include "billing/ledger/ledger.hpp"

namespace leadex {
namespace {

TEST(PayoutAmount, RoundsDownToTheSmallestCoin) {
  EXPECT_EQ(payout_amount(Money{12'349'999}, 2), Money{12'340'000});
  EXPECT_EQ(payout_amount(Money{12'340'000}, 2), Money{12'340'000});
  EXPECT_EQ(payout_amount(Money{9'999}, 2), Money{0});
  EXPECT_EQ(payout_amount(Money{12'349'999}, 0), Money{12'000'000});
  EXPECT_EQ(payout_amount(Money{12'349'999}, 3), Money{12'349'000});
  EXPECT_EQ(payout_amount(Money{12'349'999}, 6), Money{12'349'999});
}

TEST(PayoutAmount, IsNothingWhenNothingIsAvailable) {
  EXPECT_EQ(payout_amount(Money{0}, 2), Money{0});
  EXPECT_EQ(payout_amount(Money{-5'000'000}, 2), Money{0});
}

TEST(CurrencyExponent, FollowsIso4217) {
  EXPECT_EQ(currency_exponent("USD"), 2);
  EXPECT_EQ(currency_exponent("EUR"), 2);
  EXPECT_EQ(currency_exponent("JPY"), 0);
  EXPECT_EQ(currency_exponent("XPF"), 0);
  EXPECT_EQ(currency_exponent("KWD"), 3);
  EXPECT_EQ(currency_exponent("CLF"), 4);
  EXPECT_FALSE(currency_exponent("usd"));
  EXPECT_FALSE(currency_exponent("US"));
  EXPECT_FALSE(currency_exponent("USDX"));
  EXPECT_FALSE(currency_exponent(""));
}

TEST(Remit, TakesWhatIsAboveTheRestToKeep) {
  EXPECT_EQ(remit({1, 2}, Money{100}, Money{0})->amount, Money{100});
  EXPECT_EQ(remit({1, 2}, Money{100}, Money{30})->amount, Money{70});
  EXPECT_EQ(remit({1, 2}, Money{100}, Money{30})->code, TransferCode::settle);
  EXPECT_FALSE(remit({1, 2}, Money{30}, Money{30}));
  EXPECT_FALSE(remit({1, 2}, Money{0}, Money{0}));
  EXPECT_FALSE(remit({1, 2}, Money{-30}, Money{0}));
}

/// Platform and market with their two clearing accounts, booked step by step.
class Crossing : public testing::Test {
 protected:
  static constexpr std::int64_t kBank = 1, kWallet = 2, kToMarket = 3, kEarned = 4, kPayout = 5;
  static constexpr std::int64_t kToPlatform = 1, kBudget = 2, kMarketEarned = 3;

  Crossing() {
    open(platform_, kBank, AccountCode::bank);
    open(platform_, kWallet, AccountCode::wallet);
    open(platform_, kToMarket, AccountCode::clearing);
    open(platform_, kEarned, AccountCode::generator_earned);
    open(platform_, kPayout, AccountCode::payout_clearing);
    open(market_, kToPlatform, AccountCode::clearing);
    open(market_, kBudget, AccountCode::budget);
    open(market_, kMarketEarned, AccountCode::generator_earned);
  }

  static void open(Ledger& ledger, std::int64_t number, AccountCode code) {
    Account const account{number, code, 0, 0, default_floor_micros(code), 0, 0, 0, 0};
    EXPECT_TRUE(ledger.open_account(account));
  }

  void platform(Transfer const& transfer, TransferCode code) { book(platform_, transfer, code); }
  void market(Transfer const& transfer, TransferCode code) { book(market_, transfer, code); }

  void book(Ledger& ledger, Transfer const& transfer, TransferCode code) {
    EXPECT_EQ(transfer.code, code);
    auto const booked = ledger.apply({++seq_, 0}, transfer);
    EXPECT_TRUE(booked) << (booked ? "" : text(booked.error()));
    EXPECT_TRUE(ledger.balanced());
  }

  void expect_clearing_nets_to_zero() const {
    EXPECT_EQ(platform_.find(kToMarket)->available() + market_.find(kToPlatform)->available(), 0);
  }

  std::int64_t on_platform(std::int64_t number) const {
    return platform_.find(number)->available();
  }
  std::int64_t on_market(std::int64_t number) const { return market_.find(number)->available(); }

  Ledger platform_;
  Ledger market_;
  std::int64_t seq_{};
};

TEST_F(Crossing, AFundedBudgetCanBeDefunded) {
  platform(deposit({kBank, kWallet}, Money{100}), TransferCode::deposit);
  platform(fund_leaves({kWallet, kToMarket}, Money{80}), TransferCode::fund);
  market(fund_arrives({kToPlatform, kBudget}, Money{80}), TransferCode::fund);
  EXPECT_EQ(on_platform(kWallet), 20);
  EXPECT_EQ(on_market(kBudget), 80);
  expect_clearing_nets_to_zero();
  market(defund_leaves({kBudget, kToPlatform}, Money{30}), TransferCode::defund);
  platform(defund_arrives({kToMarket, kWallet}, Money{30}), TransferCode::defund);
  EXPECT_EQ(on_platform(kWallet), 50);
  EXPECT_EQ(on_market(kBudget), 50);
  expect_clearing_nets_to_zero();
}

TEST_F(Crossing, AWalletIsNotOverdrawn) {
  platform(deposit({kBank, kWallet}, Money{100}), TransferCode::deposit);
  EXPECT_EQ(platform_.apply({9, 9}, fund_leaves({kWallet, kToMarket}, Money{101})).error(),
            LedgerError::below_floor);
}

TEST_F(Crossing, EarningsReachTheBankByAPayout) {
  market(claw_back_arrives({kToPlatform, kMarketEarned}, Money{70}), TransferCode::claw_back);
  market(*remit({kMarketEarned, kToPlatform}, Money{70}, Money{0}), TransferCode::settle);
  platform(earnings_arrive({kToMarket, kEarned}, Money{70}), TransferCode::settle);
  platform(payout_drafted({kEarned, kPayout}, Money{60}), TransferCode::payout);
  EXPECT_EQ(on_platform(kEarned), 10);
  platform(payout_paid({kPayout, kBank}, Money{60}), TransferCode::payout);
  EXPECT_EQ(on_platform(kBank), 60);
  EXPECT_EQ(on_platform(kPayout), 0);
}

TEST_F(Crossing, AFailedOrReversedPayoutReturnsToTheEarnings) {
  platform(earnings_arrive({kToMarket, kEarned}, Money{70}), TransferCode::settle);
  platform(payout_drafted({kEarned, kPayout}, Money{70}), TransferCode::payout);
  platform(payout_failed({kPayout, kEarned}, Money{70}), TransferCode::correction);
  EXPECT_EQ(on_platform(kEarned), 70);
  platform(payout_drafted({kEarned, kPayout}, Money{70}), TransferCode::payout);
  platform(payout_paid({kPayout, kBank}, Money{70}), TransferCode::payout);
  platform(payout_reversed({kBank, kPayout}, Money{70}), TransferCode::correction);
  platform(payout_failed({kPayout, kEarned}, Money{70}), TransferCode::correction);
  EXPECT_EQ(on_platform(kEarned), 70);
  EXPECT_EQ(on_platform(kBank), 0);
}

TEST_F(Crossing, AnUncoveredClawBackIsTakenFromThePlatformsEarnings) {
  platform(earnings_arrive({kToMarket, kEarned}, Money{40}), TransferCode::settle);
  platform(claw_back_leaves({kEarned, kToMarket}, Money{70}), TransferCode::claw_back);
  market(claw_back_arrives({kToPlatform, kMarketEarned}, Money{70}), TransferCode::claw_back);
  EXPECT_EQ(on_platform(kEarned), -30);
  EXPECT_EQ(on_market(kMarketEarned), 70);
}

}  // namespace
}  // namespace leadex
