#include "matching/quality/returned_then_converted.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "tests/matching/seed.hpp"

namespace leadex::quality {
namespace {

PersonDigest person(int no) {
  PersonDigest digest{};
  digest[15] = static_cast<std::byte>(no);
  return digest;
}
ReturnedLead returned(std::int64_t buyer, std::int64_t lead, int who, std::int64_t sold_at) {
  return {buyer, lead, 70 + lead, person(who), sold_at, false};
}
ReportedWin win(std::int64_t buyer, std::int64_t lead, int who, std::int64_t at) {
  return {buyer, lead, person(who), at};
}
std::vector<Finding> find(std::vector<ReturnedLead> const& leads,
                          std::vector<ReportedWin> const& wins) {
  return returned_then_converted(leads, wins);
}

TEST(ReturnedThenConverted, TheReturnedLeadItselfIsAFinding) {
  auto const found = find({returned(1, 10, 5, 100)}, {win(1, 10, 5, 300)});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].kind, FindingKind::returned_then_converted);
  EXPECT_EQ(found[0].buyer_no, 1);
  EXPECT_EQ(found[0].lead_no, 10);
  EXPECT_EQ(found[0].lead_later_no, 10);
  EXPECT_EQ(found[0].generator_no, 80);
}

TEST(ReturnedThenConverted, AFindingKeepsWhetherTheBuyerItselfReportedTheWin) {
  auto told = win(1, 10, 5, 300);
  EXPECT_FALSE(find({returned(1, 10, 5, 100)}, {told}).at(0).told_by_systems);
  told.told_by_systems = true;
  EXPECT_TRUE(find({returned(1, 10, 5, 100)}, {told}).at(0).told_by_systems);
  auto const found = find({returned(1, 10, 5, 100)}, {told, win(1, 10, 5, 300)});
  EXPECT_FALSE(found.at(0).told_by_systems) << "of two at one instant its own word counts";
}

TEST(ReturnedThenConverted, TheSamePersonUnderAnotherLeadIsAFindingToo) {
  auto const found = find({returned(1, 10, 5, 100)}, {win(1, 44, 5, 300)});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].lead_later_no, 44);
}

TEST(ReturnedThenConverted, AnotherBuyersWinAnotherPersonOrAnEarlierWinIsNone) {
  EXPECT_TRUE(find({returned(1, 10, 5, 100)}, {win(2, 10, 5, 300)}).empty());
  EXPECT_TRUE(find({returned(1, 10, 5, 100)}, {win(1, 11, 6, 300)}).empty());
  EXPECT_TRUE(find({returned(1, 10, 5, 100)}, {win(1, 44, 5, 99)}).empty());
  EXPECT_EQ(find({returned(1, 10, 5, 100)}, {win(1, 10, 5, 100)}).size(), 1U);
}

TEST(ReturnedThenConverted, ADuplicateMayBeWonUnderTheLeadTheBuyerHad) {
  auto lead = returned(1, 10, 5, 100);
  lead.as_duplicate = true;
  EXPECT_TRUE(find({lead}, {win(1, 44, 5, 300)}).empty());
  EXPECT_EQ(find({lead}, {win(1, 44, 5, 300), win(1, 10, 5, 400)}).size(), 1U);
}

TEST(ReturnedThenConverted, ItsOwnWinCountsBeforeAnEarlierOneOfThePerson) {
  auto const found =
      find({returned(1, 10, 5, 100)}, {win(1, 44, 5, 200), win(1, 43, 5, 200), win(1, 10, 5, 300)});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].lead_later_no, 10);
  EXPECT_EQ(
      find({returned(1, 10, 5, 100)}, {win(1, 44, 5, 200), win(1, 43, 5, 200)}).at(0).lead_later_no,
      43);
}

TEST(ReturnedThenConverted, AgreesWithComparingEachReturnWithEachWin) {
  auto const seed = seed_of_run();
  std::mt19937_64 random(seed);
  auto const below = [&](unsigned n) { return static_cast<int>(random() % n); };
  for (int run = 0; run < 500; ++run) {
    std::vector<ReturnedLead> leads;
    std::vector<ReportedWin> wins;
    for (int lead = 1; lead <= 12; ++lead) {
      auto const who = lead % 5;
      if (below(2) == 0) {
        leads.push_back(returned(1 + below(2), lead, who, below(20)));
        leads.back().as_duplicate = below(3) == 0;
      }
      for (int n = below(3); n > 0; --n) wins.push_back(win(1 + below(2), lead, who, below(20)));
    }
    std::map<std::pair<std::int64_t, std::int64_t>, std::int64_t> expected;
    for (auto const& lead : leads) {
      std::vector<std::tuple<bool, std::int64_t, std::int64_t>> candidates;
      for (auto const& one : wins) {
        bool const own = one.lead_no == lead.lead_no;
        if (one.buyer_no != lead.buyer_no || one.person != lead.person) continue;
        if (one.at_us < lead.sold_at_us || (lead.as_duplicate && !own)) continue;
        candidates.emplace_back(!own, one.at_us, one.lead_no);
      }
      if (candidates.empty()) continue;
      expected[{lead.buyer_no, lead.lead_no}] = std::get<2>(*std::ranges::min_element(candidates));
    }
    auto const found = find(leads, wins);
    ASSERT_EQ(found.size(), expected.size()) << "seed " << seed;
    auto at = expected.begin();
    for (auto const& one : found) {
      ASSERT_EQ((std::pair{one.buyer_no, one.lead_no}), at->first) << "seed " << seed;
      ASSERT_EQ(one.lead_later_no, at->second) << "seed " << seed;
      ++at;
    }
    std::ranges::shuffle(leads, random);
    std::ranges::shuffle(wins, random);
    if (!leads.empty()) leads.push_back(leads.front());
    ASSERT_EQ(find(leads, wins), found) << "seed " << seed;
  }
}

}  // namespace
}  // namespace leadex::quality
