#include "matching/quality/lot_verdict.hpp"

#include <gtest/gtest.h>

#include <iostream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace leadex::quality {
namespace {

constexpr BasisPoints kMax{7000};

// g good, b bad, u unreachable, . pending
std::vector<RowVerdict> rows(std::string_view text) {
  std::vector<RowVerdict> verdicts;
  for (char const c : text) {
    verdicts.push_back(c == 'g'   ? RowVerdict::good
                       : c == 'b' ? RowVerdict::bad
                       : c == 'u' ? RowVerdict::unreachable
                                  : RowVerdict::pending);
  }
  return verdicts;
}
LotState state_of(SpotCheckPlan const& plan, std::string_view text) {
  return judge_lot(plan, rows(text), kMax).state;
}

constexpr SpotCheckPlan kPlan{20, 5, 1};

TEST(LotVerdict, AcceptedWhenTheWholeSampleIsCheckedAndBearable) {
  EXPECT_EQ(state_of(kPlan, ""), LotState::pending);
  EXPECT_EQ(state_of(kPlan, "gggg"), LotState::pending);
  EXPECT_EQ(state_of(kPlan, "ggggg"), LotState::accepted);
  EXPECT_EQ(state_of(kPlan, "gbggg"), LotState::accepted);
}

TEST(LotVerdict, RejectedWithTheFirstBadRowAboveTheAcceptanceNumber) {
  EXPECT_EQ(state_of(kPlan, "gb"), LotState::pending);
  EXPECT_EQ(state_of(kPlan, "bb"), LotState::rejected);
  EXPECT_EQ(state_of(kPlan, "gggbb"), LotState::rejected);
}

TEST(LotVerdict, VerdictsBehindAPendingRowDoNotCountYet) {
  EXPECT_EQ(state_of(kPlan, ".bbb"), LotState::pending);
  EXPECT_EQ(state_of(kPlan, "b.bbb"), LotState::pending);
  EXPECT_EQ(judge_lot(kPlan, rows("b.bbb"), kMax).bad, 1);
  EXPECT_EQ(state_of(kPlan, "bgbbb"), LotState::rejected);
}

TEST(LotVerdict, EachUnreachableRowOpensAStandIn) {
  auto const lot = judge_lot(kPlan, rows("gu.gu"), kMax);
  EXPECT_EQ(lot.rows_needed, 7);
  EXPECT_EQ(lot.unreachable, 1);
  EXPECT_EQ(state_of(kPlan, "gugguggg"), LotState::accepted);
  EXPECT_EQ(judge_lot({6, 5, 1}, rows("guu"), kMax).rows_needed, 6);
}

TEST(LotVerdict, TooManyUnreachableRowsCallAnAdmin) {
  EXPECT_EQ(state_of(kPlan, "uuuuuuuuuuu"), LotState::pending);       // 11 of 16 tried
  EXPECT_EQ(state_of(kPlan, "uuuuuuuuuuuu"), LotState::needs_admin);  // 12 of 17
  EXPECT_EQ(judge_lot(kPlan, rows("u"), BasisPoints{0}).state, LotState::needs_admin);
  EXPECT_EQ(judge_lot(kPlan, rows("uuuuuuuuuuuuuuu"), BasisPoints{10'000}).state,
            LotState::pending);
}

TEST(LotVerdict, ALotWithoutRowsForStandInsCallsAnAdmin) {
  EXPECT_EQ(state_of({6, 5, 1}, "u"), LotState::pending);
  EXPECT_EQ(state_of({6, 5, 1}, "uggu"), LotState::needs_admin);
  EXPECT_EQ(state_of({6, 5, 1}, "bbuu"), LotState::rejected);
}

TEST(LotVerdict, AnEmptySampleIsAccepted) {
  EXPECT_EQ(judge_lot({0, 0, 0}, {}, kMax).state, LotState::accepted);
}

// Accepted with no bad row from 3 checks on, with one from 6; two reject.
StoppingPlan const kSequential{20, {3, 6}, {0, 0, 6}};

TEST(LotVerdict, ASequentialPlanStopsAsSoonAsItsBoundsSay) {
  auto const state = [](std::string_view text) {
    return judge_lot(kSequential, rows(text), kMax).state;
  };
  EXPECT_EQ(state("gg"), LotState::pending);
  EXPECT_EQ(state("ggg"), LotState::accepted);
  EXPECT_EQ(state("gugg"), LotState::accepted);
  EXPECT_EQ(state("gbggg"), LotState::pending);
  EXPECT_EQ(state("gbgggg"), LotState::accepted);
  EXPECT_EQ(state("gbb"), LotState::rejected);
  EXPECT_EQ(state("gb.b"), LotState::pending);  // behind a gap
}

TEST(LotVerdict, ASequentialPlanOpensNoMoreRowsThanGoodOnesWouldNeed) {
  auto const needed = [](std::string_view text) {
    return judge_lot(kSequential, rows(text), kMax).rows_needed;
  };
  EXPECT_EQ(needed(""), 3);
  EXPECT_EQ(needed("b"), 6);
  EXPECT_EQ(needed("bu"), 7);
  EXPECT_EQ(judge_lot(kSequential, rows("b"), kMax, 2).rows_needed, 3);
  StoppingPlan const long_one{200, {60, 100}, {0, 0, 100}};
  std::string verdicts;
  std::vector<std::int64_t> opened;
  while (verdicts.size() < 60) {
    auto const wanted = judge_lot(long_one, rows(verdicts), kMax).rows_needed;
    EXPECT_LE(wanted, std::ssize(verdicts) + kOpenAhead);
    EXPECT_GE(wanted, std::min<std::int64_t>(60, std::ssize(verdicts) + kOpenAhead / 2));
    if (opened.empty() || opened.back() != wanted) opened.push_back(wanted);
    verdicts += 'g';
  }
  EXPECT_EQ(opened, (std::vector<std::int64_t>{16, 24, 32, 40, 48, 56, 60}));
}

TEST(LotVerdict, ASequentialPlanThatCannotBeFulfilledCallsAnAdmin) {
  StoppingPlan const small{7, {3, 6}, {0, 0, 6}};
  EXPECT_EQ(judge_lot(small, rows("uuu"), kMax).state, LotState::pending);
  EXPECT_EQ(judge_lot(small, rows("uub"), kMax).state, LotState::needs_admin);
}

TEST(LotVerdict, OnceDecidedItStaysDecidedWhateverComesLater) {
  auto const seed = std::random_device{}();
  std::cout << "seed " << seed << "\n";
  std::mt19937 random(seed);
  for (int run = 0; run < 5000; ++run) {
    SpotCheckPlan const plan{30, 1 + static_cast<std::int64_t>(random() % 12),
                             static_cast<std::int64_t>(random() % 3)};
    std::vector<RowVerdict> verdicts;
    LotVerdict decided;
    while (verdicts.size() < 30) {
      verdicts.push_back(static_cast<RowVerdict>(1 + random() % 3));
      auto const lot = judge_lot(plan, verdicts, BasisPoints{6000});
      if (decided.state != LotState::pending) {
        ASSERT_EQ(lot.state, decided.state) << "seed " << seed;
        ASSERT_EQ(lot.checked, decided.checked);
        ASSERT_EQ(lot.bad, decided.bad);
        continue;
      }
      decided = lot;
    }
    ASSERT_NE(decided.state, LotState::pending) << "seed " << seed;
  }
}

}  // namespace
}  // namespace leadex::quality
