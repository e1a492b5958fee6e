#include "server/app/buyer_tests.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tests/matching/seed.hpp"

namespace leadex::app {
namespace {

using quality::FindingKind;
using storage::EventCounts;
using storage::NewFinding;
using storage::SaleSegment;

/// Each differs from another in one thing only.
std::vector<SaleSegment> const kOfAcquisitions{
    {11, 0, "call", false, false},  {11, 0, "call", false, true},  {11, 0, "call", true, false},
    {11, 0, "quote", false, false}, {11, 1, "call", false, false}, {12, 0, "call", false, false}};
std::vector<SaleSegment> const kOfReturns{{11, 0, "", false, false},
                                          {11, 0, "", false, true},
                                          {11, 0, "", true, false},
                                          {12, 0, "", false, false}};

bool same(NewFinding const& a, NewFinding const& b) {
  return a.finding == b.finding && a.from_day == b.from_day && a.until_day == b.until_day;
}

/// A market's counts at random: one buyer in three tells of, or returns, another share than others.
class Market {
 public:
  explicit Market(std::uint64_t seed) : random_(seed) {}

  static constexpr std::int32_t kFirst = 100;
  static constexpr std::int32_t kUntil = 150;
  static constexpr std::int64_t kBuyers = 5;

  std::vector<EventCounts> counts(std::vector<SaleSegment> const& segments, double odd_share) {
    std::vector<EventCounts> all;
    for (auto day = kFirst; day < kUntil; ++day) {
      for (auto const& segment : segments) {
        for (std::int64_t buyer = 1; buyer <= kBuyers; ++buyer) {
          if (number(0, 3) == 0) continue;  // it bought nothing there
          auto const leads = number(1, 20);
          auto const share = buyer % 3 == 0 ? odd_share : 0.15;
          auto const events = std::binomial_distribution<std::int64_t>{leads, share}(random_);
          all.push_back({day, segment, buyer, leads, events, 0});
        }
      }
    }
    return all;
  }
  /// One row of most markets is open. @return its day, or the end
  std::int32_t leave_open(std::vector<EventCounts>& counts) {
    if (number(0, 3) == 0) return kUntil;
    auto const last = static_cast<std::int64_t>(counts.size()) - 1;
    auto& one = counts.at(static_cast<std::size_t>(number(0, last)));
    one.open = 1;
    return one.day;
  }
  std::vector<storage::PastCases> cases(FindingKind kind) {
    std::vector<storage::PastCases> all;
    for (std::int64_t buyer = 1; buyer <= kBuyers; ++buyer) {
      auto const fate = number(0, 3);
      if (fate == 0) all.push_back({buyer, kind, 0, true, std::nullopt});
      if (fate == 1) {
        all.push_back(
            {buyer, kind, 0, false, static_cast<std::int32_t>(number(kFirst - 10, kUntil - 20))});
      }
    }
    return all;
  }
  std::int64_t number(std::int64_t least, std::int64_t most) {
    return std::uniform_int_distribution<std::int64_t>{least, most}(random_);
  }

 private:
  std::mt19937_64 random_;
};

/// From when a buyer is tested, the plain way; nothing while a case is open.
std::optional<std::int32_t> first_day(std::vector<storage::PastCases> const& cases,
                                      std::int64_t buyer_no) {
  auto first = Market::kFirst;
  for (auto const& past : cases) {
    if (past.buyer_no != buyer_no) continue;
    if (past.open) return std::nullopt;
    first = std::max(first, *past.decided_day + 1);
  }
  return first;
}

/// All counts of those days that `like` says belong together with one buyer's.
template <class Like>
quality::Compared compared(std::vector<EventCounts> const& counts, std::int64_t buyer_no,
                           Like like) {
  quality::Compared sum;
  for (auto const& c : counts) {
    if (!like(c)) continue;
    bool const own = c.buyer_no == buyer_no;
    (own ? sum.buyer_leads : sum.other_leads) += c.leads;
    (own ? sum.buyer_events : sum.other_events) += c.events;
  }
  return sum;
}

void expect_same(std::vector<NewFinding> const& found, std::vector<NewFinding> const& wanted) {
  ASSERT_EQ(found.size(), wanted.size());
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_TRUE(same(found[i], wanted[i])) << i;
}

TEST(BuyerTests, ComparisonsFindWhatAPlainLoopOverAllCountsFinds) {
  std::size_t findings = 0;
  auto const seed = seed_of_run();
  for (std::uint64_t run = 0; run < (full_run() ? 200U : 20U); ++run) {
    Market market(seed + run);
    auto counts = market.counts(kOfAcquisitions, 0.02);
    auto const until = market.leave_open(counts);
    auto const cases = market.cases(FindingKind::conversions_below_others);
    PastFindings const past(cases);
    Comparisons comparisons(Market::kFirst, past);
    // In pieces of whole days.
    for (std::size_t from = 0; from < counts.size();) {
      auto const last_day = counts[from].day + market.number(0, 6);
      auto end = from;
      while (end < counts.size() && counts[end].day <= last_day) ++end;
      bool const more = counts[end - 1].day < until;
      EXPECT_EQ(comparisons.add(std::span{counts}.subspan(from, end - from)), more);
      from = end;
    }
    std::vector<NewFinding> wanted;
    for (std::int64_t buyer = 1; buyer <= Market::kBuyers; ++buyer) {
      auto const first = first_day(cases, buyer);
      if (!first) continue;
      quality::ComparisonTest test({});
      std::int32_t last_day = 0;
      for (auto const& own : counts) {
        if (own.buyer_no != buyer || own.day < *first || own.day >= until) continue;
        test.add(compared(counts, buyer, [&](EventCounts const& c) {
          auto const& a = c.segment;
          auto const& b = own.segment;
          return c.day == own.day && a.generator_no == b.generator_no && a.vehicle == b.vehicle &&
                 a.event == b.event && a.exclusive == b.exclusive && a.recycled == b.recycled;
        }));
        last_day = own.day;
      }
      if (auto const finding = test.finding(buyer)) {
        wanted.push_back({.finding = *finding, .from_day = *first, .until_day = last_day + 1});
      }
    }
    expect_same(comparisons.findings(), wanted);
    findings += wanted.size();
  }
  EXPECT_GT(findings, 0U);
}

TEST(BuyerTests, ReturnsAreJudgedAsAPlainLoopOverAllCountsJudgesThem) {
  std::size_t findings = 0;
  auto const seed = seed_of_run();
  for (std::uint64_t run = 0; run < (full_run() ? 100U : 10U); ++run) {
    Market market(seed + run);
    auto const counts = market.counts(kOfReturns, 0.35);
    auto const cases = market.cases(FindingKind::returns_above_mix);
    PastFindings const past(cases);
    ReturnShares shares(Market::kFirst, past);
    EXPECT_TRUE(shares.add(counts));
    std::vector<NewFinding> wanted;
    for (std::int64_t buyer = 1; buyer <= Market::kBuyers; ++buyer) {
      auto const first = first_day(cases, buyer);
      if (!first) continue;
      std::vector<quality::SellerShare> mix;
      for (auto const& segment : kOfReturns) {
        auto const part = compared(counts, buyer, [&](EventCounts const& c) {
          return c.day >= *first && c.segment.generator_no == segment.generator_no &&
                 c.segment.exclusive == segment.exclusive && c.segment.recycled == segment.recycled;
        });
        if (part.buyer_leads > 0) mix.push_back({segment.generator_no, part});
      }
      if (auto const finding = quality::returns_finding(buyer, mix, {})) {
        wanted.push_back({.finding = *finding, .from_day = *first, .until_day = Market::kUntil});
      }
    }
    expect_same(shares.findings(Market::kUntil), wanted);
    findings += wanted.size();
  }
  EXPECT_GT(findings, 0U);
}

TEST(BuyerTests, APeriodWithAnOpenReturnIsNotJudged) {
  Market market(seed_of_run());
  auto counts = market.counts(kOfReturns, 0.6);
  PastFindings const past({});
  ReturnShares closed(Market::kFirst, past);
  ASSERT_TRUE(closed.add(counts));
  ASSERT_FALSE(closed.findings(Market::kUntil).empty());
  counts.back().open = 1;
  ReturnShares open(Market::kFirst, past);
  EXPECT_FALSE(open.add(counts));
  EXPECT_FALSE(open.closed());
  EXPECT_TRUE(open.findings(Market::kUntil).empty());
}

TEST(BuyerTests, AHoldoutWaitsForTheFirstSaleThatIsNotFinal) {
  PastFindings const past({{1, FindingKind::conversions_hidden, 0, false, 119}});
  Holdouts holdouts(100, past);
  std::vector<storage::VerifiedSale> sales{{1, 110, false, true}};  // before what counts
  for (std::int32_t day = 120; day < 140; ++day) sales.push_back({1, day, false, false});
  sales.push_back({1, 140, false, true});
  for (std::int32_t day = 141; day < 160; ++day) sales.push_back({1, day, false, false});
  sales.push_back({2, 160, false, false});
  holdouts.add(sales);
  auto const found = holdouts.findings();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].finding.counted, 20);
  EXPECT_EQ(found[0].until_day, 140);
}

TEST(BuyerTests, HoldoutsCountSalesFromTheDayAfterADecision) {
  PastFindings const past({{1, FindingKind::conversions_hidden, 0, false, 120},
                           {2, FindingKind::conversions_hidden, 0, true, 90},
                           {3, FindingKind::returns_above_mix, 0, true, std::nullopt}});
  Holdouts holdouts(100, past);
  std::vector<storage::VerifiedSale> sales;
  for (std::int32_t day = 101; day <= 140; ++day) {
    for (std::int64_t buyer = 1; buyer <= 4; ++buyer) {
      sales.push_back({buyer, day, buyer == 4, false});
    }
  }
  holdouts.add(sales);
  auto const found = holdouts.findings();
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].finding.buyer_no, 1);
  EXPECT_EQ(found[0].from_day, 121);
  EXPECT_EQ(found[0].until_day, 141);
  EXPECT_EQ(found[0].finding.counted, 20);
  EXPECT_EQ(found[1].finding.buyer_no, 3) << "a case of another kind does not stop the test";
  EXPECT_EQ(found[1].from_day, 100);
  EXPECT_EQ(found[1].finding.counted, 40);
}

TEST(BuyerTests, ALeadIsKnownWhateverBecameOfItsCase) {
  PastFindings const past({{1, FindingKind::returned_then_converted, 7, false, 120},
                           {1, FindingKind::returned_then_converted, 8, true, std::nullopt}});
  EXPECT_TRUE(past.had(1, 7));
  EXPECT_TRUE(past.had(1, 8));
  EXPECT_FALSE(past.had(2, 7));
  EXPECT_EQ(past.first_day(1, FindingKind::conversions_hidden, 5), 5);
}

}  // namespace
}  // namespace leadex::app
