// Leads whose net two generators share: which can be, until when, what the sales' steps say of it,
// and that a reload knows it. Random trades are in engine_random_test.cpp.

#include <gtest/gtest.h>

#include "matching/market/codec.hpp"
#include "tests/matching/market/market_run.hpp"
#include "tests/matching/market/shadow_tables.hpp"

namespace leadex::market {
namespace {

constexpr std::int64_t kStartUs = 1'791'158'400 * kUnit;
constexpr std::int64_t kOwner = 101;  // of plain leads
constexpr std::int64_t kOther = 102;
constexpr LeadShare kShare{kOther, 3000};

class EngineShares : public testing::Test {
 protected:
  void SetUp() override {
    auto rules = MarketRun::rules();
    rules.max_shares = 2;
    rules.recycle_rounds = 2;
    rules.recycle_rest_us = kHourUs;
    rules.recycle_price_bp = 5000;
    ASSERT_EQ(apply(ConfigureMarket{rules}).refusal, Refusal::none);
    Window const all{kStartUs, kStartUs + 1000 * kHourUs};
    (void)apply(SetZoneWindows{"UTC", {all, all, all, all}, 0});
    for (std::int64_t buyer = 1; buyer <= 3; ++buyer) {
      ASSERT_EQ(apply(FundBudget{{buyer, 0}, buyer, 100 * kUnit}).refusal, Refusal::none);
    }
    ASSERT_TRUE(apply(MarketRun::plain_lead(1)).rests);
  }
  void TearDown() override {
    Engine again;
    again.restore(tables_.image(engine_.numbers()));
    (void)again.apply(from_unix_micros(at_us_),
                      SetZoneWindows{"UTC", engine_.zone_windows("UTC"), 0});
    EXPECT_EQ(again.describe(), engine_.describe());
  }
  Outcome apply(Command const& command) {
    at_us_ += 1;
    auto applied = engine_.apply(from_unix_micros(at_us_), command);
    tables_.apply(command, at_us_, applied);
    effects_ = std::move(applied.effects);
    return std::move(applied.outcome);
  }
  /// All that comes due; keeps the steps of sales.
  void pass(std::int64_t us) {
    at_us_ += us;
    steps_.clear();
    for (bool more = true; more;) {
      more = apply(Tick{}).more;
      for (auto const& effect : effects_) {
        if (auto const* step = std::get_if<SaleStepped>(&effect)) steps_.push_back(*step);
      }
    }
  }
  Refusal share(LeadShare const& with = kShare, std::int64_t lead_no = 1) {
    ShareLead const command{lead_no, with};
    auto const foretold = engine_.refusal_of(command);
    auto const refusal = apply(command).refusal;
    EXPECT_EQ(refusal, foretold);
    EXPECT_EQ(effects_.size(), refusal == Refusal::none ? 1U : 0U);
    return refusal;
  }
  std::int32_t buy(std::int64_t buyer, bool exclusive = false) {
    auto const bought = apply(PlaceBid{1, {buyer, 0}, 50 * kUnit, exclusive});
    EXPECT_EQ(bought.sold.size(), 1U);
    return bought.sold.at(0).slot;
  }
  void expect_step(std::size_t at, SaleStep step, LeadShare const& with) {
    ASSERT_LT(at, steps_.size());
    EXPECT_EQ(steps_[at].step, step);
    EXPECT_EQ(steps_[at].share, with);
  }

  Engine engine_;
  ShadowTables tables_;
  std::vector<Effect> effects_;
  std::vector<SaleStepped> steps_;
  std::int64_t at_us_ = kStartUs;
};

TEST_F(EngineShares, TheFirstOtherGeneratorSharesAndNobodyAfterIt) {
  EXPECT_FALSE(engine_.has_part(1, kOther));
  EXPECT_TRUE(engine_.has_part(1, kOwner));
  EXPECT_EQ(share({kOwner, 3000}), Refusal::lead_unknown) << "its own";
  EXPECT_EQ(share(kShare, 2), Refusal::lead_unknown);
  EXPECT_EQ(share(), Refusal::none);
  EXPECT_TRUE(engine_.has_part(1, kOther));
  EXPECT_EQ(share(), Refusal::lead_shared);
  EXPECT_EQ(share({103, 1}), Refusal::lead_shared);
  buy(1);
  pass(120 * kMinuteUs);
  ASSERT_EQ(steps_.size(), 1U);
  expect_step(0, SaleStep::settled, kShare);
  pass(240 * kMinuteUs);
  expect_step(0, SaleStep::holdback_released, kShare);
}

TEST_F(EngineShares, ASplitIsAPartOfTheWhole) {
  for (std::int32_t const bp : {-1, 0, 10'000, 10'001}) {
    EXPECT_EQ(share({kOther, bp}), Refusal::amount_invalid) << bp;
  }
  EXPECT_EQ(share({0, 3000}), Refusal::amount_invalid);
  EXPECT_EQ(share({kOther, 9999}), Refusal::none);
}

TEST_F(EngineShares, SalesThatAreNotSettledYetAreShared) {
  buy(1);
  EXPECT_EQ(share(), Refusal::none);
  buy(2);
  pass(120 * kMinuteUs);
  ASSERT_EQ(steps_.size(), 2U);
  expect_step(0, SaleStep::settled, kShare);
  expect_step(1, SaleStep::settled, kShare);
}

TEST_F(EngineShares, NothingIsSharedOnceASaleIsSettled) {
  buy(1);
  pass(119 * kMinuteUs);
  buy(2);
  pass(kMinuteUs);
  ASSERT_EQ(steps_.size(), 1U);
  expect_step(0, SaleStep::settled, {});
  EXPECT_EQ(share(), Refusal::lead_settled) << "though the second is not";
  pass(119 * kMinuteUs);
  ASSERT_EQ(steps_.size(), 1U);
  EXPECT_EQ(share(), Refusal::lead_settled);
  pass(240 * kMinuteUs);
  EXPECT_EQ(share(), Refusal::lead_unknown) << "all of it is over";
}

TEST_F(EngineShares, ASettledSaleCountsThoughItIsForgotten) {
  buy(1);
  pass(120 * kMinuteUs);
  pass(240 * kMinuteUs);
  EXPECT_EQ(engine_.sale({1, 0}), nullptr);
  ASSERT_NE(engine_.listing(1), nullptr) << "a share of it is still on sale";
  EXPECT_EQ(share(), Refusal::lead_settled);
  // Taken back in full, it is as if it had never been.
  ClawBack all{.order_no = 1,
               .lead_no = 1,
               .amount_micros = 3 * kUnit,
               .budget = {1, 0},
               .generator_no = kOwner,
               .gross_micros = 3 * kUnit};
  ASSERT_EQ(apply(all).refusal, Refusal::none);
  EXPECT_EQ(share(), Refusal::none);
}

TEST_F(EngineShares, AClawBackOfAForgottenSaleSaysTheShareItself) {
  EXPECT_EQ(share(), Refusal::none);
  buy(1, true);
  pass(120 * kMinuteUs);
  ClawBack part{.order_no = 1,
                .lead_no = 1,
                .amount_micros = kUnit,
                .budget = {1, 0},
                .generator_no = kOwner,
                .gross_micros = 6 * kUnit};
  auto const step = [&] {
    EXPECT_EQ(apply(part).refusal, Refusal::none);
    return std::get<SaleStepped>(effects_.at(0));
  };
  EXPECT_EQ(step().share, kShare) << "the market knows it";
  pass(240 * kMinuteUs);
  EXPECT_EQ(engine_.listing(1), nullptr);
  part.credited_micros = kUnit;
  EXPECT_EQ(step().share, LeadShare{});
  part.credited_micros = 2 * kUnit;
  part.share = kShare;
  EXPECT_EQ(step().share, kShare);
}

TEST_F(EngineShares, AReturnGivesNothingToAnybody) {
  EXPECT_EQ(share(), Refusal::none);
  auto const slot = buy(1, true);
  auto const opened = apply(OpenReturn{1, slot, 1, "disconnected_number", false});
  ASSERT_EQ(apply(AcceptReturn{opened.number, kOwner}).refusal, Refusal::none);
  for (auto const& effect : effects_) {
    if (auto const* step = std::get_if<SaleStepped>(&effect)) EXPECT_EQ(step->share, LeadShare{});
  }
  EXPECT_EQ(share({103, 1}), Refusal::lead_unknown) << "it has left the market";
}

TEST_F(EngineShares, AWithdrawnLeadIsSharedWithNobody) {
  ASSERT_EQ(apply(WithdrawLead{1, kOwner}).refusal, Refusal::none);
  EXPECT_EQ(share(), Refusal::lead_unknown);
  ASSERT_TRUE(apply(MarketRun::plain_lead(2)).rests);
  EXPECT_EQ(share(kShare, 2), Refusal::none);
  ASSERT_EQ(apply(WithdrawLead{2, 0}).refusal, Refusal::none);
  EXPECT_FALSE(engine_.has_part(2, kOther));
}

TEST_F(EngineShares, ALeadThatComesBackIsSharedAsBefore) {
  EXPECT_EQ(share(), Refusal::none);
  pass(600 * kMinuteUs);
  EXPECT_EQ(engine_.listing(1), nullptr);
  EXPECT_EQ(share({103, 1}), Refusal::lead_unknown) << "at rest";
  RelistLead const again{
      .lead = MarketRun::plain_lead(1), .round = 1, .owners = {}, .share = kShare};
  ASSERT_TRUE(apply(again).rests);
  EXPECT_EQ(share({103, 1}), Refusal::lead_shared);
  buy(1, true);
  pass(120 * kMinuteUs);
  expect_step(0, SaleStep::settled, kShare);
}

TEST_F(EngineShares, TheExchangesOwnLeadsAreSharedWithNobody) {
  auto own = MarketRun::plain_lead(2);
  own.generator_no = 0;
  ASSERT_TRUE(apply(own).rests);
  EXPECT_EQ(share(kShare, 2), Refusal::lead_unknown);
}

/// Bytes of format 8, and what of them a program of format 7 wrote.
TEST(CodecOfShares, OlderBytesSayNothingOfThem) {
  SaleStepped step{.lead_no = 4, .slot = 2, .step = SaleStep::settled, .share = kShare};
  ClawBack order{.order_no = 9, .lead_no = 4, .amount_micros = 5, .gross_micros = 8};
  order.share = kShare;
  RelistLead again{.lead = MarketRun::plain_lead(4), .round = 1, .owners = {}, .share = kShare};
  auto const check = [](auto value) {
    using T = decltype(value);
    auto const now = decode_value<T>(encode_value(value));
    ASSERT_TRUE(now.has_value());
    EXPECT_EQ(now->share, kShare);
    auto const old = encode_value(value, 7);
    EXPECT_FALSE(decode_value<T>(old).has_value());
    auto const read = decode_value<T>(old, 7);
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->share, LeadShare{});
    value.share = {};
    EXPECT_EQ(encode_value(*read), encode_value(value));
  };
  check(step);
  check(order);
  check(again);
  Command const command = ShareLead{4, kShare};
  auto const read = decode_value<Command>(encode_value(command));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(std::get<ShareLead>(*read).share, kShare);
  Effect const effect = LeadShared{4, kShare};
  auto const told = decode_value<Effect>(encode_value(effect));
  ASSERT_TRUE(told.has_value());
  EXPECT_EQ(std::get<LeadShared>(*told).share, kShare);
}

}  // namespace
}  // namespace leadex::market
