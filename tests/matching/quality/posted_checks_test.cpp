#include "matching/quality/posted_checks.hpp"

#include <gtest/gtest.h>

#include <random>

#include "tests/matching/seed.hpp"

namespace leadex::quality {
namespace {

constexpr BasisPoints kAcceptable{100};

TEST(PostedChecks, FewChecksProveNothing) {
  EXPECT_FALSE(surely_worse({0, 0}, kAcceptable));
  EXPECT_FALSE(surely_worse({4, 4}, kAcceptable));
  EXPECT_FALSE(surely_worse({1000, 10}, kAcceptable));
  EXPECT_TRUE(surely_worse({5, 5}, kAcceptable));
  EXPECT_TRUE(surely_worse({100, 15}, kAcceptable));
}

TEST(PostedChecks, MoreBadOnesNeverProveLess) {
  for (std::int64_t judged = 1; judged <= 200; ++judged) {
    bool worse = false;
    for (std::int64_t bad = 0; bad <= judged; ++bad) {
      bool const now = surely_worse({judged, bad}, kAcceptable);
      EXPECT_TRUE(now || !worse) << bad << " of " << judged;
      worse = now;
    }
  }
}

// Looked at after every check, as the exchange does.
TEST(PostedChecks, HonestSourcesAreHardlyEverCalledWorseAndBadOnesSoon) {
  std::mt19937_64 random{seed_of_run()};
  auto const called_within = [&random](double share, int checks) {
    std::bernoulli_distribution bad_one{share};
    JudgedLeads leads;
    for (int n = 0; n < checks; ++n) {
      ++leads.judged;
      bool const bad = bad_one(random);
      if (bad) ++leads.bad;
      if (bad && surely_worse(leads, kAcceptable)) return true;
    }
    return false;
  };
  constexpr int kSources = 2000;
  int honest = 0;
  int bad = 0;
  for (int n = 0; n < kSources; ++n) {
    if (called_within(0.01, 500)) ++honest;
    if (called_within(0.20, 100)) ++bad;
  }
  EXPECT_LE(honest, 9) << "2 expected at most, and five standard deviations";
  EXPECT_GE(bad, kSources * 9 / 10);
}

}  // namespace
}  // namespace leadex::quality
