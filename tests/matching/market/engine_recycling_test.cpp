// Leads that rest and are listed again: which, for whom, at what ask.

#include <gtest/gtest.h>

#include "tests/matching/market/market_run.hpp"
#include "tests/matching/market/shadow_tables.hpp"

namespace leadex::market {
namespace {

constexpr std::int64_t kStartUs = 1'791'158'400 * kUnit;

class EngineRecycling : public testing::Test {
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
  }
  Outcome apply(Command const& command) {
    at_us_ += 1;
    auto applied = engine_.apply(from_unix_micros(at_us_), command);
    tables_.apply(command, at_us_, applied);
    effects_ = std::move(applied.effects);
    return std::move(applied.outcome);
  }
  void pass(std::int64_t us) {
    at_us_ += us;
    while (apply(Tick{}).more) {
    }
  }
  [[nodiscard]] LeadRested const* rested() const {
    for (auto const& effect : effects_) {
      if (auto const* found = std::get_if<LeadRested>(&effect)) return found;
    }
    return nullptr;
  }
  Outcome offer(std::int64_t lead_no) { return apply(MarketRun::plain_lead(lead_no)); }
  Outcome buy(std::int64_t buyer, bool exclusive = false) {
    return apply(PlaceBid{1, {buyer, 0}, 50 * kUnit, exclusive});
  }
  Outcome relist(std::int32_t round, std::vector<PastOwner> owners = {}) {
    auto lead = MarketRun::plain_lead(1);
    lead.ask_micros = ask_;
    auto outcome = apply(RelistLead{lead, round, std::move(owners)});
    for (auto const& effect : effects_) {
      if (auto const* again = std::get_if<LeadRelisted>(&effect)) ask_ = again->ask_micros;
    }
    return outcome;
  }
  /// A returned sale of lead 1 to that buyer.
  void sell_and_return(std::int64_t buyer, std::string reason) {
    ASSERT_EQ(buy(buyer, true).sold.size(), 1U);
    auto const opened = apply(OpenReturn{1, 0, buyer, std::move(reason), false});
    ASSERT_EQ(opened.refusal, Refusal::none);
    ASSERT_EQ(apply(AcceptReturn{opened.number, 101}).refusal, Refusal::none);
  }

  Engine engine_;
  ShadowTables tables_;
  std::vector<Effect> effects_;
  std::int64_t at_us_ = kStartUs;
  std::int64_t ask_ = kNone;
};

TEST_F(EngineRecycling, AnUnsoldLeadComesBackCheaperUntilItsRoundsAreOver) {
  EXPECT_TRUE(offer(1).rests);
  pass(600 * kMinuteUs);
  ASSERT_NE(rested(), nullptr);
  EXPECT_EQ(rested()->cause, RestCause::unsold);
  EXPECT_EQ(rested()->due_us, at_us_ + kHourUs);
  EXPECT_TRUE(relist(1).rests);
  EXPECT_EQ(ask_, 3 * kUnit / 2) << "half of what the market asks";
  pass(600 * kMinuteUs);
  ASSERT_NE(rested(), nullptr);
  EXPECT_TRUE(relist(2).rests);
  EXPECT_EQ(ask_, kUnit) << "never below the reserve";
  pass(600 * kMinuteUs);
  EXPECT_EQ(rested(), nullptr) << "twice is enough in this market";
  EXPECT_EQ(relist(3).refusal, Refusal::limit_reached);
}

TEST_F(EngineRecycling, ALeadOfWhichAShareWasSoldDoesNotComeBack) {
  offer(1);
  ASSERT_EQ(buy(1).sold.size(), 1U);
  pass(600 * kMinuteUs);
  EXPECT_EQ(rested(), nullptr);
  EXPECT_EQ(relist(1, {{1, 0, 2}}).refusal, Refusal::lead_sold) << "its sale stands";
}

TEST_F(EngineRecycling, AReturnedLeadComesBackForOthersOnly) {
  offer(1);
  ASSERT_NO_FATAL_FAILURE(sell_and_return(1, "out_of_area"));
  ASSERT_NE(rested(), nullptr);
  EXPECT_EQ(rested()->reason, "out_of_area");
  ASSERT_TRUE(relist(1, {{1, 0, 2}}).rests);
  EXPECT_EQ(buy(1).refusal, Refusal::already_bought);
  auto const other = buy(2);
  ASSERT_EQ(other.sold.size(), 1U);
  EXPECT_EQ(other.sold[0].slot, kSharesPerRound) << "a sale of its own beside the returned one";
  EXPECT_EQ(other.sold[0].gross_micros, 3 * kUnit / 2);
}

TEST_F(EngineRecycling, AReturnThatSpeaksAgainstTheLeadEndsIt) {
  offer(1);
  ASSERT_NO_FATAL_FAILURE(sell_and_return(1, "disconnected_number"));
  EXPECT_EQ(rested(), nullptr);
}

TEST_F(EngineRecycling, AListedLeadCannotBeListedAgain) {
  offer(1);
  EXPECT_EQ(relist(1).refusal, Refusal::lead_known);
}

TEST_F(EngineRecycling, AReloadKnowsTheRoundAndWhoHadTheLead) {
  offer(1);
  ASSERT_NO_FATAL_FAILURE(sell_and_return(1, "duplicate"));
  pass(kHourUs);
  ASSERT_TRUE(relist(1, {{1, 0, 2}}).rests);
  ASSERT_EQ(buy(2).sold.size(), 1U);
  Engine again;
  again.restore(tables_.image(engine_.numbers()));
  (void)again.apply(from_unix_micros(at_us_),
                    SetZoneWindows{"UTC", engine_.zone_windows("UTC"), 0});
  EXPECT_EQ(again.describe(), engine_.describe());
  PlaceBid const twice{1, {1, 0}, 50 * kUnit, false};
  EXPECT_EQ(again.apply(from_unix_micros(at_us_), twice).outcome.refusal, Refusal::already_bought);
}

}  // namespace
}  // namespace leadex::market
