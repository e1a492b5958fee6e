#include "matching/quality/finding.hpp"

#include <gtest/gtest.h>

#include "matching/market/codec.hpp"

namespace leadex::quality {
namespace {

Finding finding(FindingKind kind) {
  return {.kind = kind,
          .buyer_no = 7,
          .counted = 124,
          .seen = 71,
          .rate_ppm = 572'581,
          .rate_low_ppm = 461'000,
          .rate_high_ppm = 679'049,
          .confidence_ppm = 950'000,
          .reference_ppm = 950'000,
          .evidence_milli = 5'290,
          .false_alarms_ppm = 1'000};
}

TEST(Finding, StatesRateIntervalReferenceAndFalseAlarms) {
  EXPECT_EQ(statement(finding(FindingKind::conversions_hidden)),
            "Reported 71 of 124 (57.26 %, between 46.10 % and 67.90 % with confidence 95.00 %) "
            "conversions that were verified without the buyer; what somebody rejected, the buyer "
            "or staff, counts as not reported. An honest buyer reports at least 95.00 %. The "
            "evidence is one in 10^5.2; at most 0.10 % of honest buyers are found so by chance, in "
            "one run of this test in one market.");
  for (auto const kind : {FindingKind::conversions_below_others, FindingKind::returns_above_mix}) {
    auto const text = statement(finding(kind));
    EXPECT_NE(text.find("71 of 124 (57.26 %, between 46.10 % and 67.90 %"), std::string::npos);
    EXPECT_NE(text.find("at most 0.10 % of honest buyers"), std::string::npos);
  }
}

TEST(Finding, StatesWhetherTheLeadOrThePersonCameBack) {
  auto same = finding(FindingKind::returned_then_converted);
  same.lead_no = same.lead_later_no = 5;
  EXPECT_EQ(statement(same), "Returned the lead and reported its conversion.");
  same.lead_later_no = 6;
  EXPECT_EQ(statement(same),
            "Returned the lead and reported a conversion of the same person under another lead.");
}

TEST(Finding, SaysWhenOnlyTheBuyersSystemsToldOfAConversion) {
  auto told = finding(FindingKind::returned_then_converted);
  told.lead_no = told.lead_later_no = 5;
  told.told_by_systems = true;
  EXPECT_EQ(statement(told), "Returned the lead and its systems told of its conversion.");
}

TEST(Finding, ComesBackFromItsBytes) {
  auto const one = finding(FindingKind::returns_above_mix);
  EXPECT_EQ(market::decode_value<Finding>(market::encode_value(one)).value(), one);
}

}  // namespace
}  // namespace leadex::quality
