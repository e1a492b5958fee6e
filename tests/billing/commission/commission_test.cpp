#include "billing/commission/commission.hpp"

#include <gtest/gtest.h>

#include <iostream>
#include <random>

namespace leadex {
namespace {

CommissionRule rule(std::int32_t bp, std::optional<std::int64_t> minimum = {},
                    std::optional<std::int64_t> maximum = {}) {
  CommissionRule made{BasisPoints{bp}, std::nullopt, std::nullopt};
  if (minimum) made.minimum = Money{*minimum};
  if (maximum) made.maximum = Money{*maximum};
  return made;
}

std::int64_t commission(std::int64_t gross, CommissionRule const& by) {
  return price_sale(Money{gross}, by).commission.micros;
}

TEST(Commission, IsARateOfTheGrossPrice) {
  EXPECT_EQ(price_sale(Money{12'340'000}, rule(1500)),
            (SalePrice{Money{12'340'000}, Money{1'851'000}, Money{10'489'000}}));
}

TEST(Commission, RoundsHalfAMicroToTheEvenNeighbour) {
  EXPECT_EQ(commission(5, rule(1000)), 0);       // 0.5
  EXPECT_EQ(commission(15, rule(1000)), 2);      // 1.5
  EXPECT_EQ(commission(25, rule(1000)), 2);      // 2.5
  EXPECT_EQ(commission(26, rule(1000)), 3);      // 2.6
  EXPECT_EQ(commission(3333, rule(1500)), 500);  // 499.95
}

TEST(Commission, StandsBetweenMinimumAndMaximum) {
  EXPECT_EQ(commission(1'000, rule(1000, 200)), 200);
  EXPECT_EQ(commission(10'000, rule(1000, 200)), 1'000);
  EXPECT_EQ(commission(10'000, rule(1000, {}, 300)), 300);
  EXPECT_EQ(commission(10'000, rule(1000, 300, 300)), 300);
}

TEST(Commission, NeverExceedsTheGrossPrice) {
  EXPECT_EQ(price_sale(Money{150}, rule(1000, 200)), (SalePrice{Money{150}, Money{150}, Money{0}}));
  EXPECT_EQ(price_sale(Money{0}, rule(1000, 200)), (SalePrice{}));
  EXPECT_EQ(commission(777, rule(10'000)), 777);
}

TEST(Commission, TheLargestAmountFits) {
  EXPECT_EQ(commission(kAmountMax.micros, rule(10'000)), kAmountMax.micros);
}

TEST(Commission, ARuleOutsideItsLimitsIsInvalid) {
  EXPECT_TRUE(valid(rule(0)));
  EXPECT_TRUE(valid(rule(10'000, 0, 0)));
  EXPECT_FALSE(valid(rule(-1)));
  EXPECT_FALSE(valid(rule(10'001)));
  EXPECT_FALSE(valid(rule(1, -1)));
  EXPECT_FALSE(valid(rule(1, {}, -1)));
  EXPECT_FALSE(valid(rule(1, 3, 2)));
}

TEST(CommissionDeathTest, AnInvalidRuleIsNeverUsed) {
  EXPECT_DEATH((void)price_sale(Money{1}, rule(10'001)), "LEADEX_CHECK");
  EXPECT_DEATH((void)price_sale(Money{-1}, rule(1)), "LEADEX_CHECK");
}

TEST(Holdback, IsTheFloorOfItsShare) {
  EXPECT_EQ(holdback_of(Money{19}, BasisPoints{1000}), Money{1});
  EXPECT_EQ(holdback_of(Money{19}, BasisPoints{0}), Money{0});
  EXPECT_EQ(holdback_of(Money{19}, BasisPoints{10'000}), Money{19});
}

TEST(CreditedPart, TheBuyerGetsExactlyTheCredit) {
  SalePrice const sold{Money{100}, Money{15}, Money{85}};
  EXPECT_EQ(credited_part(sold, Money{50}), (SalePrice{Money{50}, Money{8}, Money{42}}));  // 7.5
  EXPECT_EQ(credited_part(sold, Money{30}), (SalePrice{Money{30}, Money{4}, Money{26}}));  // 4.5
  EXPECT_EQ(credited_part(sold, Money{100}), sold);
  EXPECT_EQ(credited_part(sold, Money{0}), SalePrice{});
  EXPECT_EQ(credited_part(SalePrice{}, Money{0}), SalePrice{});
}

TEST(CreditedPart, GrowsWithTheCreditAndNeverPassesThePartSold) {
  auto const seed = std::random_device{}();
  std::cout << "seed " << seed << '\n';
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random{seed};
  for (int round = 0; round < 20'000; ++round) {
    auto const gross = static_cast<std::int64_t>(1 + random() % (round % 2 == 0 ? 40 : 1ULL << 50));
    auto const sold = price_sale(Money{gross}, rule(static_cast<std::int32_t>(random() % 10'001)));
    ASSERT_EQ(sold.commission.micros + sold.net.micros, gross);
    SalePrice before;
    for (int step = 0; step < 6; ++step) {
      auto const left = static_cast<std::uint64_t>(gross - before.gross.micros);
      Money const credited{before.gross.micros + static_cast<std::int64_t>(random() % (left + 1))};
      auto const after = credited_part(sold, credited);
      ASSERT_EQ(after.gross, credited);
      ASSERT_EQ(after.commission.micros + after.net.micros, credited.micros);
      ASSERT_LE(before.commission, after.commission);
      ASSERT_LE(before.net, after.net);
      ASSERT_LE(after.commission, sold.commission);
      ASSERT_LE(after.net, sold.net);
      before = after;
    }
  }
}

}  // namespace
}  // namespace leadex
