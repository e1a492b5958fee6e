#include "server/app/attribution_report.hpp"

#include <gtest/gtest.h>

#include <random>

#include "billing/commission/commission.hpp"
#include "matching/targeting/schema.hpp"
#include "tests/matching/seed.hpp"

namespace leadex::app {
namespace {

using storage::SourceGroup;

constexpr std::int64_t kCapturedUs = 1'700'000'000'000'000;

storage::SourcedLead lead_of(std::vector<storage::Touch> touches,
                             std::vector<storage::CreditedSale> sales = {}) {
  storage::SourcedLead lead;
  lead.captured_us = kCapturedUs;
  lead.vehicle = 0;
  lead.reason = "own";
  lead.tag = "tag";
  lead.touches = std::move(touches);
  lead.sales = std::move(sales);
  return lead;
}

storage::CreditedSale sale_of(std::int64_t gross, std::int64_t fee, std::int64_t credited = 0) {
  return {Money{gross}, Money{fee}, Money{credited}};
}

TEST(AttributionReport, EachRuleCreditsTheTouchesItShould) {
  auto const lead = lead_of({{1, 6, "search"}, {2, 1, "news"}, {3, 1, "offer"}, {4, 8, "friends"}},
                            {sale_of(10'000'000, 1'500'000)});
  auto const sum = [&](AttributionRule rule, std::string_view value) {
    AttributionReport report{rule, SourceGroup::vehicle};
    EXPECT_TRUE(report.add(lead));
    for (auto const& group : report.groups()) {
      if (group.value == value) return group.sum;
    }
    return AttributedSum{};
  };
  AttributedSum const whole{1'000'000, 1'000'000, Money{8'500'000}};
  EXPECT_EQ(sum(AttributionRule::first, "ad"), whole);
  EXPECT_EQ(sum(AttributionRule::last, "social"), whole);
  EXPECT_EQ(sum(AttributionRule::linear, "email"),
            (AttributedSum{500'000, 500'000, Money{4'250'000}}));
  EXPECT_EQ(sum(AttributionRule::position, "ad"),
            (AttributedSum{400'000, 400'000, Money{3'400'000}}));
  EXPECT_EQ(sum(AttributionRule::position, "email"),
            (AttributedSum{200'000, 200'000, Money{1'700'000}}));
}

TEST(AttributionReport, ALeadWithoutTouchesBeforeItsCaptureCountsForItself) {
  AttributionReport report{AttributionRule::linear, SourceGroup::reason};
  ASSERT_TRUE(report.add(lead_of({})));
  ASSERT_TRUE(report.add(lead_of({{kCapturedUs + 1, 1, "later"}})));
  auto const groups = report.groups();
  ASSERT_EQ(groups.size(), 1U);
  EXPECT_EQ(groups[0].value, "own");
  EXPECT_EQ(groups[0].sum, (AttributedSum{2'000'000, 0, Money{}}));
}

TEST(AttributionReport, WhatWasGivenBackIsNotCredited) {
  EXPECT_EQ(net_of(sale_of(10'000'000, 1'500'000)).micros, 8'500'000);
  EXPECT_EQ(net_of(sale_of(10'000'000, 1'500'000, 5'000'000)).micros, 4'250'000);
  EXPECT_EQ(net_of(sale_of(10'000'000, 1'500'000, 10'000'000)).micros, 0);
}

TEST(AttributionReport, TooManyValuesAreTold) {
  AttributionReport report{AttributionRule::last, SourceGroup::sub1};
  auto lead = lead_of({});
  for (std::size_t i = 0; i < AttributionReport::kValuesMax; ++i) {
    lead.tag = std::to_string(i);
    ASSERT_TRUE(report.add(lead));
  }
  EXPECT_EQ(report.groups().size(), AttributionReport::kGroupsMax);
  lead.tag = "one more";
  EXPECT_FALSE(report.add(lead));
}

class RandomLeads {
 public:
  explicit RandomLeads(std::uint64_t seed) : random_(seed) {}

  storage::SourcedLead next() {
    std::vector<storage::Touch> touches;
    auto at = kCapturedUs - 1'000;
    for (auto n = below(33); n > 0; --n) {
      at += below(90);  // some of them after the capture, some at once
      touches.push_back({at, static_cast<std::int32_t>(below(10)), "r" + std::to_string(below(7))});
    }
    std::vector<storage::CreditedSale> sales;
    for (auto n = below(4); n > 0; --n) {
      auto const gross = 1 + below(50'000'000);
      sales.push_back(sale_of(gross, below(gross + 1), below(3) == 0 ? below(gross) : 0));
    }
    auto lead = lead_of(std::move(touches), std::move(sales));
    lead.vehicle = static_cast<std::int32_t>(below(10));
    lead.reason = "r" + std::to_string(below(7));
    lead.tag = "t" + std::to_string(below(20));
    return lead;
  }

 private:
  std::int64_t below(std::int64_t n) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(n));
  }
  std::mt19937_64 random_;
};

// For every rule and group: shares of 10,000 leads are 10,000, the money is that of their sales.
TEST(AttributionReport, TenThousandRandomLeadsAreSplitExactlyUnderEachRule) {
  auto const seed = seed_of_run();
  for (std::size_t rule = 0; rule < kAttributionRules.size(); ++rule) {
    for (std::size_t group = 0; group < 3; ++group) {  // the tags are all read alike
      RandomLeads leads{seed};
      AttributionReport report{static_cast<AttributionRule>(rule), static_cast<SourceGroup>(group)};
      std::int64_t sales = 0;
      std::int64_t net = 0;
      for (int i = 0; i < 10'000; ++i) {
        auto const lead = leads.next();
        for (auto const& sale : lead.sales) {
          ++sales;
          auto const fee = sale.fee.micros;
          auto const back =
              credited_part({sale.gross, sale.fee, Money{sale.gross.micros - fee}}, sale.credited);
          net += sale.gross.micros - fee - back.net.micros;
        }
        ASSERT_TRUE(report.add(lead));
      }
      AttributedSum sum;
      for (auto const& one : report.groups()) {
        sum.lead_shares += one.sum.lead_shares;
        sum.sale_shares += one.sum.sale_shares;
        sum.net.micros += one.sum.net.micros;
        EXPECT_GE(one.sum.net.micros, 0);
      }
      auto const what = std::string{kAttributionRules.at(rule)} + " by " +
                        std::string{storage::kSourceGroups.at(group)};
      EXPECT_EQ(sum, report.total()) << what;
      EXPECT_EQ(sum, (AttributedSum{10'000 * kWholeShare, sales * kWholeShare, Money{net}}))
          << what;
      EXPECT_GT(report.groups().size(), 6U) << what;
    }
  }
}

}  // namespace
}  // namespace leadex::app
