// What a lead and a campaign go through again and again.

#include <gtest/gtest.h>

#include "matching/market/engine.hpp"
#include "tests/matching/market/market_run.hpp"

namespace leadex::market {
namespace {

class EngineRounds : public testing::Test {
 protected:
  EngineRounds() {
    (void)apply(ConfigureMarket{MarketRun::rules()});
    (void)apply(SetZoneWindows{"UTC", windows()});
  }
  static Windows windows() {
    Windows all;
    for (auto& window : all) window = {0, 1'000'000'000 * kUnit};
    return all;
  }
  Applied apply(Command const& command) {
    at_us_ += 1'000;
    return engine_.apply(from_unix_micros(at_us_), command);
  }
  void campaign(std::int64_t no, std::int64_t bid_micros, std::int64_t budget_micros,
                Delivery delivery, std::int32_t version = 1) {
    UpsertCampaign upsert;
    upsert.campaign_no = no;
    upsert.buyer_no = no;
    upsert.version = version;
    upsert.terms.bid_micros = bid_micros;
    upsert.terms.exclusivity = auction::Exclusivity::exclusive;
    upsert.terms.zone = "UTC";
    upsert.terms.delivery = delivery;
    upsert.terms.targeting = everything();
    ASSERT_EQ(apply(upsert).outcome.refusal, Refusal::none);
    if (budget_micros == 0) return;
    ASSERT_EQ(apply(FundBudget{{no, no}, ++intents_, budget_micros}).outcome.refusal,
              Refusal::none);
  }
  static std::string everything() {
    auto const schema = targeting::Schema::make(MarketRun::rules().attributes).value();
    auto const bytes = targeting::encode(targeting::all_of({}), schema, {});
    return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
  }
  Engine engine_;
  std::int64_t at_us_ = 10 * kHourUs;
  std::int64_t intents_{};
};

TEST_F(EngineRounds, ALeadThatEveryBuyerRefusesLeavesTheMarketWhenItsSlotsAreUsed) {
  constexpr std::int64_t kBuyers = 70;
  constexpr std::int32_t kRounds = kSaleSlotsMax / kSharesPerRound;
  for (std::int64_t no = 1; no <= kBuyers; ++no) {
    campaign(no, 5 * kUnit, 100 * kUnit, Delivery::webhook);
  }
  auto sold = apply(MarketRun::plain_lead(1)).outcome.sold;
  std::int32_t rounds = 0;
  while (!sold.empty()) {
    ASSERT_EQ(sold.size(), 1U);
    EXPECT_EQ(sold[0].slot, rounds * kSharesPerRound);
    ++rounds;
    sold = apply(RefuseDelivery{1, sold[0].slot}).outcome.sold;
  }
  EXPECT_EQ(rounds, kRounds);
  EXPECT_EQ(engine_.listing_count(), 0U);
  EXPECT_EQ(engine_.listing(1), nullptr);
  EXPECT_EQ(apply(PlaceBid{1, {kBuyers, kBuyers}, 50 * kUnit, true}).outcome.refusal,
            Refusal::lead_unknown);
  EXPECT_EQ(apply(MarketRun::plain_lead(2)).outcome.sold.size(), 1U)
      << "other leads are sold as before";
}

TEST_F(EngineRounds, ACampaignGoesOnWhenABidOfItsOwnGivesItsMoneyBack) {
  campaign(1, 60 * kUnit, 150 * kUnit, Delivery::pull);
  auto dear = MarketRun::plain_lead(1);
  dear.ask_micros = 70 * kUnit;
  ASSERT_EQ(apply(PauseCampaign{1, 1, true}).outcome.refusal, Refusal::none);
  ASSERT_TRUE(apply(dear).outcome.rests);
  ASSERT_EQ(apply(PauseCampaign{1, 1, false}).outcome.refusal, Refusal::none);
  auto const bid = apply(PlaceBid{1, {1, 1}, 50 * kUnit, true});
  ASSERT_TRUE(bid.outcome.rests);
  ASSERT_EQ(apply(MarketRun::plain_lead(2)).outcome.sold.size(), 1U);
  EXPECT_EQ(engine_.campaign(1)->status, CampaignStatus::exhausted);
  ASSERT_EQ(apply(WithdrawBid{bid.outcome.number, 1}).outcome.refusal, Refusal::none);
  EXPECT_EQ(engine_.campaign(1)->status, CampaignStatus::active);
  EXPECT_EQ(apply(MarketRun::plain_lead(3)).outcome.sold.size(), 1U);
  EXPECT_EQ(engine_.campaign(1)->status, CampaignStatus::exhausted);
  campaign(1, 20 * kUnit, 0, Delivery::pull, 2);
  EXPECT_EQ(engine_.campaign(1)->status, CampaignStatus::active) << "a lower bid is covered again";
}

}  // namespace
}  // namespace leadex::market
