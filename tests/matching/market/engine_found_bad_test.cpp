// Sales of leads that the exchange found bad: credited whatever became of their buyers' returns.

#include <gtest/gtest.h>

#include "matching/market/found_bad.hpp"
#include "tests/matching/market/market_run.hpp"
#include "tests/matching/market/shadow_tables.hpp"

namespace leadex::market {
namespace {

constexpr std::int64_t kStartUs = 1'791'158'400 * kUnit;

class EngineFoundBad : public testing::Test {
 protected:
  void SetUp() override {
    auto rules = MarketRun::rules();
    rules.recycle_rounds = 1;
    rules.recycle_rest_us = kHourUs;
    rules.return_ceiling_bp = 1;  // one return of a buyer
    ASSERT_EQ(apply(ConfigureMarket{rules}).refusal, Refusal::none);
    Window const all{kStartUs, kStartUs + 1000 * kHourUs};
    (void)apply(SetZoneWindows{"UTC", {all, all, all, all}, 0});
    ASSERT_EQ(apply(FundBudget{{1, 0}, 1, 200 * kUnit}).refusal, Refusal::none);
    for (std::int64_t lead = 1; lead <= 2; ++lead) {
      (void)apply(MarketRun::plain_lead(lead));
      ASSERT_EQ(apply(PlaceBid{lead, {1, 0}, 50 * kUnit, true}).sold.size(), 1U);
    }
  }
  Outcome apply(Command const& command) {
    at_us_ += 1;
    auto applied = engine_.apply(from_unix_micros(at_us_), command);
    tables_.apply(command, at_us_, applied);
    effects_ = std::move(applied.effects);
    return std::move(applied.outcome);
  }
  Outcome give_back(std::int64_t lead_no, std::string reason = "out_of_area") {
    return apply(OpenReturn{lead_no, 0, 1, std::move(reason), false});
  }
  Outcome find_bad(std::int64_t lead_no = 1) {
    return apply(credit_found_bad(lead_no, 0, "wrong_number"));
  }
  template <class E>
  [[nodiscard]] std::vector<E> told() const {
    std::vector<E> found;
    for (auto const& effect : effects_) {
      if (auto const* one = std::get_if<E>(&effect)) found.push_back(*one);
    }
    return found;
  }
  void expect_credited(std::int64_t micros) {
    auto const stepped = told<SaleStepped>();
    ASSERT_EQ(stepped.size(), 1U);
    EXPECT_EQ(stepped[0].step, SaleStep::returned);
    EXPECT_EQ(stepped[0].amount_micros, micros);
    EXPECT_EQ(engine_.sale({1, 0}), nullptr);
    EXPECT_TRUE(told<LeadRested>().empty()) << "it is not sold again";
    EXPECT_EQ(find_bad().refusal, Refusal::sale_unknown) << "once";
  }

  Engine engine_;
  ShadowTables tables_;
  std::vector<Effect> effects_;
  std::int64_t at_us_ = kStartUs;
};

TEST_F(EngineFoundBad, WithoutAReturnOneIsOpenedAndRuled) {
  auto const price = engine_.sale({1, 0})->gross_micros;
  ASSERT_EQ(find_bad().refusal, Refusal::none);
  auto const returned = told<ReturnMoved>();
  ASSERT_EQ(returned.size(), 2U);
  EXPECT_TRUE(returned[0].opened);
  EXPECT_EQ(returned[0].buyer_no, 1);
  EXPECT_EQ(returned[1].state, ReturnState::accepted);
  EXPECT_EQ(returned[1].ruling, 1);
  EXPECT_EQ(returned[1].reason, "wrong_number");
  expect_credited(price);
}

TEST_F(EngineFoundBad, AnOpenReturnIsRuledOutsideTheCeiling) {
  auto const price = engine_.sale({1, 0})->gross_micros;
  auto const opened = give_back(1);
  ASSERT_EQ(opened.refusal, Refusal::none);
  EXPECT_EQ(give_back(2).refusal, Refusal::return_ceiling_reached);
  ASSERT_EQ(find_bad().number, opened.number);
  auto const returned = told<ReturnMoved>();
  ASSERT_EQ(returned.size(), 1U);
  EXPECT_EQ(returned[0].state, ReturnState::accepted);
  EXPECT_EQ(returned[0].ruling, 1);
  expect_credited(price);
  EXPECT_EQ(give_back(2).refusal, Refusal::none);
}

TEST_F(EngineFoundBad, ADisputeEndsWithIt) {
  auto const price = engine_.sale({1, 0})->gross_micros;
  auto const opened = give_back(1);
  ASSERT_EQ(apply(ContestReturn{opened.number, 101}).refusal, Refusal::none);
  ASSERT_EQ(find_bad().refusal, Refusal::none);
  expect_credited(price);
  EXPECT_EQ(apply(DecideDispute{opened.number, Ruling::deny, 0}).refusal, Refusal::return_unknown);
  EXPECT_EQ(give_back(2).refusal, Refusal::none);
}

TEST_F(EngineFoundBad, WhatWasDeniedIsCreditedAllTheSame) {
  auto const price = engine_.sale({1, 0})->gross_micros;
  auto const opened = give_back(1);
  (void)apply(ContestReturn{opened.number, 101});
  ASSERT_EQ(apply(DecideDispute{opened.number, Ruling::deny, 0}).refusal, Refusal::none);
  ASSERT_EQ(find_bad().refusal, Refusal::none);
  EXPECT_TRUE(told<ReturnMoved>().empty()) << "its return stays denied";
  expect_credited(price);
}

TEST_F(EngineFoundBad, OfAPartTheRest) {
  auto const price = engine_.sale({1, 0})->gross_micros;
  auto const opened = give_back(1);
  (void)apply(ContestReturn{opened.number, 101});
  ASSERT_EQ(apply(DecideDispute{opened.number, Ruling::partial, kUnit}).refusal, Refusal::none);
  ASSERT_EQ(find_bad().refusal, Refusal::none);
  expect_credited(price - kUnit);
}

TEST_F(EngineFoundBad, WhatIsSettledIsRefused) {
  at_us_ += MarketRun::rules().return_window_us + kUnit;
  while (apply(Tick{}).more) {
  }
  ASSERT_NE(engine_.sale({1, 0}), nullptr);
  EXPECT_EQ(find_bad().refusal, Refusal::return_window_closed);
  EXPECT_EQ(find_bad(77).refusal, Refusal::sale_unknown);
}

TEST_F(EngineFoundBad, NobodyElseSendsIt) {
  EXPECT_FALSE(finds_bad(OpenReturn{1, 0, 1, "bogus", true}));
  EXPECT_EQ(apply(OpenReturn{1, 0, kOfExchange, "bogus", false}).refusal, Refusal::sale_unknown);
}

}  // namespace
}  // namespace leadex::market
