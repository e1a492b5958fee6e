#include "server/delivery/happenings.hpp"

#include <gtest/gtest.h>

namespace leadex::delivery {
namespace {

using namespace market;

std::vector<std::string> types(std::vector<Effect> effects, Command command = Tick{}) {
  CommitBody body;
  body.items.push_back(
      {.at_us = 5, .command = std::move(command), .outcome = {}, .effects = std::move(effects)});
  std::vector<std::string> found;
  for (auto const& happening : happenings(7, 3, body)) found.emplace_back(happening.type);
  return found;
}

using Words = std::vector<std::string>;

ReturnMoved moved(ReturnState state, std::uint8_t ruling, bool opened) {
  ReturnMoved effect;
  effect.return_no = 1;
  effect.state = state;
  effect.ruling = ruling;
  effect.opened = opened;
  return effect;
}

TEST(Happenings, EveryStepOfASaleHasItsEvent) {
  auto const step = [](SaleStep what) { return SaleStepped{9, 0, what, 0, 0}; };
  EXPECT_EQ(types({SaleAwarded{.lead_no = 9}, step(SaleStep::delivered), step(SaleStep::settled)}),
            (Words{"sale.created", "sale.delivered", "sale.settled"}));
  EXPECT_EQ(types({step(SaleStep::voided), step(SaleStep::expired)}),
            (Words{"sale.voided", "sale.voided"}));
  EXPECT_EQ(types({step(SaleStep::credited), step(SaleStep::returned),
                   step(SaleStep::holdback_released)}),
            Words{});
}

TEST(Happenings, AVisitThatComesToNothingIsToldToNobody) {
  EXPECT_EQ(types({SaleStepped{9, 0, SaleStep::lapsed, 0, 0}}), (Words{"sale.voided"}));
  EXPECT_EQ(types({SaleStepped{9, 0, SaleStep::lapsed, 0, 0, true}}), Words{});
}

TEST(Happenings, ReturnsAndDisputesAreToldOnceEach) {
  EXPECT_EQ(types({moved(ReturnState::open, 0, true)}), (Words{"return.opened"}));
  EXPECT_EQ(types({moved(ReturnState::accepted, 0, false)}), (Words{"return.decided"}));
  EXPECT_EQ(types({moved(ReturnState::accepted, 1, false)}), (Words{"return.decided"}));
  EXPECT_EQ(types({moved(ReturnState::disputed, 0, false)}), (Words{"dispute.opened"}));
  EXPECT_EQ(types({moved(ReturnState::denied, 2, false)}),
            (Words{"dispute.decided", "return.decided"}));
}

TEST(Happenings, OnlyWhatConcernsSomebodyIsTold) {
  EXPECT_EQ(
      types({CounterMoved{}, BudgetMoved{}, BidMoved{}, AuctionHeld{},
             CampaignMoved{1, 2, 1, CampaignStatus::active}, LeadMoved{4, LeadState::listed, 0}}),
      Words{});
  EXPECT_EQ(types({CampaignMoved{1, 2, 1, CampaignStatus::exhausted},
                   LeadMoved{4, LeadState::withdrawn, 0}}),
            (Words{"campaign.exhausted", "lead.withdrawn"}));
}

TEST(Happenings, AnEditOfACampaignThatHasRunDryTellsNothing) {
  CampaignMoved const dry{1, 2, 2, CampaignStatus::exhausted};
  EXPECT_EQ(types({dry}, UpsertCampaign{}), Words{});
  EXPECT_EQ(types({BudgetLow{1, 2}, dry}, OfferLead{}),
            (Words{"balance.low", "campaign.exhausted"}));
}

TEST(Happenings, AClawBackIsToldToBothSides) {
  SaleStepped const part{9, 0, SaleStep::credited, 5, 0};
  SaleStepped const all{9, 0, SaleStep::returned, 5, 0};
  EXPECT_EQ(types({part}, ClawBack{}), (Words{"sale.credited"}));
  EXPECT_EQ(types({all}, ClawBack{}), (Words{"sale.credited"}));
}

TEST(Happenings, ADealIsToldToItsTwoPartiesAlone) {
  auto const deal = [](DealState state) { return DealMoved{1, 2, 3, 4, false, 2, state}; };
  EXPECT_EQ(types({deal(DealState::proposed), deal(DealState::active), deal(DealState::ended)}),
            (Words{"deal.proposed", "deal.accepted", "deal.ended"}));
  EXPECT_EQ(types({SourceCounted{}, SourceTermsMoved{}, LeadWithheld{1, {2}}}), Words{});
  EXPECT_EQ(types({CampaignMoved{1, 2, 1, CampaignStatus::trial_ended}}),
            (Words{"campaign.trial_ended"}));
  CommitBody body;
  body.items.push_back({5, ProposeDeal{}, {}, {deal(DealState::proposed)}});
  auto const told = happenings(7, 1, body);
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].buyer_no, 2);
  EXPECT_EQ(told[0].generator_no, 3);
  EXPECT_FALSE(told[0].lead_no.has_value());
}

TEST(Happenings, KeysCountThroughTheWholeBatch) {
  CommitBody body;
  for (std::int64_t i = 0; i < 3; ++i) {
    CommitItem item;
    item.at_us = 100 + i;
    item.effects = {CounterMoved{}, SaleAwarded{.lead_no = i, .slot = 2}};
    body.items.push_back(item);
  }
  auto const found = happenings(7, 3, body);
  ASSERT_EQ(found.size(), 3U);
  for (std::int32_t i = 0; i < 3; ++i) {
    auto const& each = found[static_cast<std::size_t>(i)];
    EXPECT_EQ(each.key, (storage::EventKey{7, 3, i}));
    EXPECT_EQ(each.subject_no, i * kSaleSlotsMax + 2);
    EXPECT_EQ(each.at_us, 100 + i);
  }
}

TEST(Happenings, OnlyASaleThatWaitsIsDecidedByAnEndpoint) {
  CommitBody body;
  CommitItem item;
  SaleAwarded waits{.lead_no = 1, .budget = {11, 5}, .generator_no = 101};
  SaleAwarded pulled = waits;
  pulled.state = SaleState::delivered;
  item.effects = {waits, pulled};
  body.items.push_back(item);
  auto const found = happenings(7, 1, body);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].confirming_campaign, 5);
  EXPECT_EQ(found[1].confirming_campaign, 0);
  EXPECT_EQ(found[0].buyer_no, 11);
  EXPECT_EQ(found[0].generator_no, 101);
}

TEST(EventNumbers, AreUniqueAndComeBack) {
  for (storage::EventKey const key : {storage::EventKey{7, 1, 0},
                                      {7, 1, 5},
                                      {7, 900'000'000, 77},
                                      {7, -3, 1537},
                                      {0, -4'000'000'000, 65535}}) {
    EXPECT_EQ(storage::event_key(key.market, storage::event_no(key)), key);
    EXPECT_GE(storage::event_no(key), 0);
  }
  EXPECT_NE(storage::event_no({7, 3, 5}), storage::event_no({7, -3, 5}));
}

}  // namespace
}  // namespace leadex::delivery
