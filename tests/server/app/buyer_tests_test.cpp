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

  std::vector<EventCounts> counts(bool by_vehicle, double odd_share) {
    std::vector<EventCounts> all;
    for (auto day = kFirst; day < kUntil; ++day) {
      for (std::int64_t generator = 11; generator <= 12; ++generator) {
        for (int vehicle = 0; vehicle <= (by_vehicle ? 1 : 0); ++vehicle) {
          for (std::int64_t buyer = 1; buyer <= kBuyers; ++buyer) {
            if (number(0, 3) == 0) continue;  // it bought nothing there
            auto const leads = number(1, 30);
            auto const share = buyer % 3 == 0 ? odd_share : 0.15;
            all.push_back({day, generator, vehicle, buyer, leads,
                           std::binomial_distribution<std::int64_t>{leads, share}(random_)});
          }
        }
      }
    }
    return all;
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
    auto const counts = market.counts(true, 0.02);
    auto const cases = market.cases(FindingKind::conversions_below_others);
    PastFindings const past(cases);
    Comparisons comparisons(Market::kFirst, past);
    // In pieces of whole days.
    for (std::size_t from = 0; from < counts.size();) {
      auto const last_day = counts[from].day + market.number(0, 6);
      auto until = from;
      while (until < counts.size() && counts[until].day <= last_day) ++until;
      comparisons.add(std::span{counts}.subspan(from, until - from));
      from = until;
    }
    std::vector<NewFinding> wanted;
    for (std::int64_t buyer = 1; buyer <= Market::kBuyers; ++buyer) {
      auto const first = first_day(cases, buyer);
      if (!first) continue;
      quality::ComparisonTest test({});
      for (auto const& own : counts) {
        if (own.buyer_no != buyer || own.day < *first) continue;
        test.add(compared(counts, buyer, [&](EventCounts const& c) {
          return c.day == own.day && c.generator_no == own.generator_no && c.vehicle == own.vehicle;
        }));
      }
      if (auto const finding = test.finding(buyer)) {
        wanted.push_back({.finding = *finding, .from_day = *first, .until_day = Market::kUntil});
      }
    }
    expect_same(comparisons.findings(Market::kUntil), wanted);
    findings += wanted.size();
  }
  EXPECT_GT(findings, 0U);
}

TEST(BuyerTests, ReturnsAreJudgedAsAPlainLoopOverAllCountsJudgesThem) {
  std::size_t findings = 0;
  auto const seed = seed_of_run();
  for (std::uint64_t run = 0; run < (full_run() ? 100U : 10U); ++run) {
    Market market(seed + run);
    auto const counts = market.counts(false, 0.35);
    auto const cases = market.cases(FindingKind::returns_above_mix);
    PastFindings const past(cases);
    ReturnShares shares(Market::kFirst, past);
    shares.add(counts);
    std::vector<NewFinding> wanted;
    for (std::int64_t buyer = 1; buyer <= Market::kBuyers; ++buyer) {
      auto const first = first_day(cases, buyer);
      if (!first) continue;
      std::vector<quality::SellerShare> mix;
      for (std::int64_t generator = 11; generator <= 12; ++generator) {
        auto const part = compared(counts, buyer, [&](EventCounts const& c) {
          return c.day >= *first && c.generator_no == generator;
        });
        if (part.buyer_leads > 0) mix.push_back({generator, part});
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

TEST(BuyerTests, HoldoutsCountSalesFromTheDayAfterADecision) {
  PastFindings const past({{1, FindingKind::conversions_hidden, 0, false, 120},
                           {2, FindingKind::conversions_hidden, 0, true, 90},
                           {3, FindingKind::returns_above_mix, 0, true, std::nullopt}});
  Holdouts holdouts(100, past);
  std::vector<storage::VerifiedSale> sales;
  for (std::int32_t day = 101; day <= 140; ++day) {
    for (std::int64_t buyer = 1; buyer <= 4; ++buyer) sales.push_back({buyer, day, buyer == 4});
  }
  holdouts.add(sales);
  auto const found = holdouts.findings(150);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].finding.buyer_no, 1);
  EXPECT_EQ(found[0].from_day, 121);
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
