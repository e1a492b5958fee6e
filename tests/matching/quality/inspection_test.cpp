#include "matching/quality/inspection.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <string_view>

#include "matching/quality/sequential_plan.hpp"
#include "tests/matching/seed.hpp"

namespace leadex::quality {
namespace {

constexpr BasisPoints kAcceptable{100};

/// a accepted and clean, d accepted and dirty, r rejected; A and R sent again.
Standing after(Standing standing, std::string_view lots) {
  for (char const lot : lots) {
    DecidedLot decided{.accepted = lot == 'a' || lot == 'A' || lot == 'd',
                       .strict = lot == 'A' || lot == 'R',
                       .checked = 60,
                       .bad = lot == 'a' ? 0 : 3};
    standing = after_lot(standing, decided, kAcceptable);
  }
  return standing;
}
InspectionMode mode_after(std::string_view lots) { return after({}, lots).mode; }

TEST(Inspection, TwoOfFiveRejectedTightenIt) {
  EXPECT_EQ(mode_after("r"), InspectionMode::normal);
  EXPECT_EQ(mode_after("rr"), InspectionMode::tightened);
  EXPECT_EQ(mode_after("raaar"), InspectionMode::tightened);
  EXPECT_EQ(mode_after("raaaar"), InspectionMode::normal);
}

TEST(Inspection, FiveAcceptedInARowEaseIt) {
  EXPECT_EQ(mode_after("rraaaa"), InspectionMode::tightened);
  EXPECT_EQ(mode_after("rraaaaa"), InspectionMode::normal);
  EXPECT_EQ(mode_after("rraaaaraaaa"), InspectionMode::tightened);
  EXPECT_EQ(mode_after("rraaaaraaaaa"), InspectionMode::normal);
}

TEST(Inspection, FiveRejectedWhileTightenedStopItUntilStaffLiftIt) {
  EXPECT_EQ(mode_after("rrrrrr"), InspectionMode::tightened);
  EXPECT_EQ(mode_after("rrrrrrr"), InspectionMode::stopped);
  EXPECT_EQ(mode_after("rrrarararar"), InspectionMode::stopped);
  EXPECT_EQ(mode_after("rrrrrrraaaaaaaaaa"), InspectionMode::stopped);
  auto const again = lifted(after({}, "rrrrrrr"));
  EXPECT_EQ(again, (Standing{.mode = InspectionMode::tightened}));
  EXPECT_EQ(lifted(Standing{}), Standing{});
  auto const tightened = restricted(Standing{}, InspectionMode::tightened);
  EXPECT_EQ(tightened.mode, InspectionMode::tightened);
  EXPECT_EQ(restricted(tightened, InspectionMode::tightened), tightened);
  auto const stopped = restricted(tightened, InspectionMode::stopped);
  EXPECT_EQ(stopped.mode, InspectionMode::stopped);
  EXPECT_EQ(restricted(stopped, InspectionMode::tightened), stopped);
}

TEST(Inspection, CleanLotsEarnFewerChecksAndOneRejectedLotEndsThem) {
  EXPECT_EQ(mode_after("aaaaaaaaa"), InspectionMode::normal);
  EXPECT_EQ(mode_after("aaaaaaaaaa"), InspectionMode::reduced);
  EXPECT_EQ(mode_after("aaaaaaaaaaaaaaaaaaa"), InspectionMode::reduced);
  EXPECT_EQ(mode_after("aaaaaaaaaaaaaaaaaaaa"), InspectionMode::skip);
  EXPECT_EQ(mode_after("aaaaaaaaaar"), InspectionMode::normal);
  EXPECT_EQ(mode_after("aaaaaaaaaaaaaaaaaaaar"), InspectionMode::normal);
  EXPECT_EQ(mode_after("aaaaaaaaaarr"), InspectionMode::tightened);
}

TEST(Inspection, AcceptedButDirtyLotsEarnNothing) {
  EXPECT_EQ(mode_after("dddddddddd"), InspectionMode::normal);
  // The run begins anew after ten that were not clean together.
  EXPECT_EQ(mode_after("ddddddddddaaaaaaaaa"), InspectionMode::normal);
  EXPECT_EQ(mode_after("ddddddddddaaaaaaaaaa"), InspectionMode::reduced);
}

TEST(Inspection, LotsSentAgainCountOnlyWhenRejected) {
  EXPECT_EQ(after({}, "aaaA"), after({}, "aaa"));
  EXPECT_EQ(mode_after("AAAAAAAAAAAAAAAAAAAA"), InspectionMode::normal);
  EXPECT_EQ(mode_after("rR"), InspectionMode::tightened);
}

TEST(Inspection, LotsOfAFewRowsEarnNothingAndHideNothing) {
  Standing standing;
  for (int i = 0; i < 500; ++i) {
    standing = after_lot(standing, {.accepted = true, .checked = 1}, kAcceptable);
  }
  EXPECT_EQ(standing, Standing{});
  // Ten lots of twenty rows are lots, but their rows are too few to trust.
  for (int i = 0; i < 24; ++i) {
    standing = after_lot(standing, {.accepted = true, .checked = 20}, kAcceptable);
    EXPECT_EQ(standing.mode, InspectionMode::normal);
  }
  standing = after_lot(standing, {.accepted = true, .checked = 20}, kAcceptable);
  EXPECT_EQ(standing.mode, InspectionMode::reduced);
  // Between two rejected lots small good ones wash nothing out.
  standing = after({}, "r");
  for (int i = 0; i < 4; ++i) {
    standing = after_lot(standing, {.accepted = true, .checked = 5}, kAcceptable);
  }
  EXPECT_EQ(after(standing, "r").mode, InspectionMode::tightened);
  standing = after({}, "rr");
  for (int i = 0; i < 9; ++i) {
    standing = after_lot(standing, {.accepted = true, .checked = 5}, kAcceptable);
  }
  EXPECT_EQ(standing.mode, InspectionMode::tightened);
}

TEST(Inspection, ALotTakenBackEndsTrustAndCountsWhenItWasBad) {
  EXPECT_EQ(after_withdrawn(after({}, "aaaaaaaaaa"), 0), Standing{});
  EXPECT_EQ(after_withdrawn(after({}, "aaaaaaaaaaaaaaaaaaaa"), 0), Standing{});
  EXPECT_EQ(after_withdrawn(after({}, "aaaa"), 0).accepted_in_row, 0);
  EXPECT_EQ(after_withdrawn(after({}, "r"), 1).mode, InspectionMode::tightened);
  EXPECT_EQ(after_withdrawn(after({}, "rraaaa"), 0).accepted_in_row, 0);
  EXPECT_EQ(after_withdrawn(after({}, "rrrrrr"), 2).mode, InspectionMode::stopped);
}

/// The rules again, told over the whole history instead of kept in a few numbers.
class PlainSource {
 public:
  void add(bool accepted, std::int64_t bad) {
    if (mode == InspectionMode::stopped) return;
    lots_.push_back({accepted, bad});
    if (mode == InspectionMode::tightened) {
      if (rejected_of(lots_.size()) == 5)
        enter(InspectionMode::stopped);
      else if (run() == 5)
        enter(InspectionMode::normal);
      return;
    }
    if (!accepted && mode != InspectionMode::normal) {
      enter(InspectionMode::normal);
      lots_.push_back({false, bad});
      return;
    }
    if (!accepted && rejected_of(5) >= 2) return enter(InspectionMode::tightened);
    if (mode == InspectionMode::skip || run() == 0 || run() % 10 != 0) return;
    std::int64_t sum = 0;
    for (std::size_t i = lots_.size() - 10; i < lots_.size(); ++i) sum += lots_[i].bad;
    if (sum * 100 <= 600) {
      enter(mode == InspectionMode::normal ? InspectionMode::reduced : InspectionMode::skip);
    }
  }
  InspectionMode mode{InspectionMode::normal};

 private:
  struct Lot {
    bool accepted;
    std::int64_t bad;
  };
  void enter(InspectionMode next) {
    mode = next;
    lots_.clear();
  }
  std::int64_t run() const {
    std::int64_t count = 0;
    for (auto lot = lots_.rbegin(); lot != lots_.rend() && lot->accepted; ++lot) ++count;
    return count;
  }
  std::int64_t rejected_of(std::size_t last) const {
    std::int64_t count = 0;
    auto const from = lots_.size() > last ? lots_.size() - last : 0;
    for (auto i = from; i < lots_.size(); ++i) count += lots_[i].accepted ? 0 : 1;
    return count;
  }
  std::deque<Lot> lots_;
};

TEST(Inspection, AgreesWithTheRulesToldOverTheWholeHistory) {
  std::mt19937_64 random(seed_of_run());
  int const runs = full_run() ? 20'000 : 1'000;
  std::array<std::int64_t, 5> met{};
  for (int run = 0; run < runs; ++run) {
    Standing standing;
    PlainSource plain;
    auto const rejected_of_100 = random() % 60;
    for (int lot = 0; lot < 80; ++lot) {
      bool const accepted = random() % 100 >= rejected_of_100;
      auto const bad = static_cast<std::int64_t>(random() % 3 == 0 ? random() % 3 : 0);
      standing = after_lot(standing, {accepted, false, 60, bad}, kAcceptable);
      plain.add(accepted, bad);
      ASSERT_EQ(standing.mode, plain.mode) << "run " << run << " lot " << lot;
      ++met.at(static_cast<std::size_t>(standing.mode));
    }
  }
  for (auto const count : met) EXPECT_GT(count, 0);
}

TEST(Inspection, ModesChangeTheBuyersRiskAlone) {
  SpotCheckSettings const market{};
  EXPECT_EQ(settings_for(InspectionMode::tightened, market).buyer_risk, BasisPoints{500});
  EXPECT_EQ(settings_for(InspectionMode::reduced, market).buyer_risk, BasisPoints{2'000});
  EXPECT_EQ(settings_for(InspectionMode::skip, market).buyer_risk, BasisPoints{2'000});
  SpotCheckSettings const loose{.buyer_risk = BasisPoints{6'000}};
  EXPECT_EQ(settings_for(InspectionMode::reduced, loose).buyer_risk, BasisPoints{6'000});
  SpotCheckSettings const strict{.buyer_risk = BasisPoints{1}};
  EXPECT_EQ(settings_for(InspectionMode::tightened, strict).buyer_risk, BasisPoints{1});
  auto const checks = [&](InspectionMode mode) {
    return plan_spot_check(500, settings_for(mode, market)).value().sample_size;
  };
  EXPECT_GT(checks(InspectionMode::tightened), checks(InspectionMode::normal));
  EXPECT_LT(checks(InspectionMode::reduced), checks(InspectionMode::normal));
}

TEST(Inspection, AShareOfHashesFallsWithinIt) {
  DrawHash hash{};
  EXPECT_TRUE(falls_within(hash, BasisPoints{1}));
  EXPECT_FALSE(falls_within(hash, BasisPoints{0}));
  hash.fill(std::byte{0xff});
  EXPECT_FALSE(falls_within(hash, BasisPoints{9'999}));
  EXPECT_TRUE(falls_within(hash, BasisPoints{10'000}));
  hash = {};
  hash[0] = std::byte{0x80};  // exactly a half
  EXPECT_FALSE(falls_within(hash, BasisPoints{5'000}));
  EXPECT_TRUE(falls_within(hash, BasisPoints{5'001}));
  std::mt19937_64 random(seed_of_run());
  int inside = 0;
  for (int i = 0; i < 20'000; ++i) {
    for (auto& one : hash) one = static_cast<std::byte>(random() & 0xffU);
    inside += falls_within(hash, BasisPoints{2'500}) ? 1 : 0;
  }
  EXPECT_NEAR(inside, 5'000, 6 * 62);  // six standard deviations
}

}  // namespace
}  // namespace leadex::quality
