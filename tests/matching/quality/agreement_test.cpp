#include "matching/quality/agreement.hpp"

#include <gtest/gtest.h>

#include "matching/quality/source_grade.hpp"

namespace leadex::quality {
namespace {

TEST(Agreement, IsCohensKappaWithItsInterval) {
  // By hand: seen 0.60; by chance 0.60 × 0.70 + 0.40 × 0.30 = 0.54.
  auto const found = agreement_of({{{45, 15, 0}, {25, 15, 0}, {0, 0, 0}}});
  EXPECT_EQ(found.rows, 100);
  EXPECT_EQ(found.agreed, 60);
  EXPECT_TRUE(found.defined);
  EXPECT_EQ(found.kappa_ppm, 130'435);  // (0.60 − 0.54) / (1 − 0.54)
  EXPECT_LT(found.low_ppm, found.kappa_ppm);
  EXPECT_GT(found.high_ppm, found.kappa_ppm);
}

TEST(Agreement, TellsFullAgreementFromChanceAndFromNothing) {
  auto const full = agreement_of({{{30, 0, 0}, {0, 20, 0}, {0, 0, 10}}});
  EXPECT_EQ(full.kappa_ppm, 1'000'000);
  EXPECT_EQ(full.low_ppm, 1'000'000);
  EXPECT_EQ(agreement_of({{{25, 25, 0}, {25, 25, 0}, {0, 0, 0}}}).kappa_ppm, 0);
  EXPECT_LT(agreement_of({{{0, 20, 0}, {20, 0, 0}, {0, 0, 0}}}).kappa_ppm, 0);
  EXPECT_FALSE(agreement_of({}).defined);
  EXPECT_FALSE(agreement_of({{{9, 0, 0}, {0, 0, 0}, {0, 0, 0}}}).defined);
}

TEST(Agreement, IntervalNarrowsWithTheRootOfTheRows) {
  auto const few = agreement_of({{{40, 5, 0}, {5, 10, 0}, {0, 0, 0}}});
  auto const many = agreement_of({{{4'000, 500, 0}, {500, 1'000, 0}, {0, 0, 0}}});
  EXPECT_EQ(few.kappa_ppm, many.kappa_ppm);
  EXPECT_NEAR(static_cast<double>(few.high_ppm - few.kappa_ppm),
              10.0 * static_cast<double>(many.high_ppm - many.kappa_ppm), 100);
}

TEST(SourceGrade, NeedsEvidenceForEveryGrade) {
  auto const grade = [](std::int64_t judged, std::int64_t bad) {
    return grade_of({judged, bad}, {}).grade;
  };
  EXPECT_EQ(grade(0, 0), std::nullopt);
  EXPECT_EQ(grade(20, 0), 4);   // none bad of few tells little
  EXPECT_EQ(grade(100, 0), 3);  // under 3.7 %
  EXPECT_EQ(grade(200, 0), 2);  // under 1.9 %
  EXPECT_EQ(grade(400, 0), 1);  // under 0.92 %
  EXPECT_EQ(grade(200, 10), 4);
  EXPECT_EQ(grade(200, 30), 5);
}

TEST(SourceGrade, TellsTheIntervalOfClopperAndPearson) {
  auto const found = grade_of({100, 5}, {});
  EXPECT_EQ(found.bad_ppm, 50'000);
  EXPECT_NEAR(static_cast<double>(found.low_ppm), 16'432, 2);
  EXPECT_NEAR(static_cast<double>(found.high_ppm), 112'835, 2);
}

}  // namespace
}  // namespace leadex::quality
