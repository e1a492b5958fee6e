#include "matching/quality/finding.hpp"

#include "matching/quality/percent.hpp"

namespace leadex::quality {
namespace {

std::string rate_of(Finding const& finding) {
  return std::to_string(finding.seen) + " of " + std::to_string(finding.counted) + " (" +
         percent(finding.rate_ppm) + ", between " + percent(finding.rate_low_ppm) + " and " +
         percent(finding.rate_high_ppm) + " with confidence " + percent(finding.confidence_ppm) +
         ")";
}

std::string odds_of(Finding const& finding) {
  return " The evidence is one in 10^" + std::to_string(finding.evidence_milli / 1000) + "." +
         std::to_string(finding.evidence_milli % 1000 / 100) + "; at most " +
         percent(finding.false_alarms_ppm) +
         " of honest buyers are found so by chance, in one run of this test in one market.";
}

}  // namespace

std::string statement(Finding const& finding) {
  switch (finding.kind) {
    case FindingKind::conversions_hidden:
      return "Reported " + rate_of(finding) +
             " conversions that were verified without the buyer; what somebody rejected, the buyer "
             "or staff, counts as not reported. An honest buyer reports at least " +
             percent(finding.reference_ppm) + "." + odds_of(finding);
    case FindingKind::conversions_below_others:
      return "Reported conversions of " + rate_of(finding) +
             " leads, rejected ones left out; other buyers of the same segments on the same days "
             "reported " +
             percent(finding.reference_ppm) + "." + odds_of(finding);
    case FindingKind::returns_above_mix:
      return "Returned " + rate_of(finding) +
             " leads; other buyers returned of the same generators' leads, in the same mix, " +
             percent(finding.reference_ppm) + "." + odds_of(finding);
    case FindingKind::returned_then_converted:
      return std::string{"Returned the lead and "} +
             (finding.told_by_systems ? "its systems told of " : "reported ") +
             (finding.lead_no == finding.lead_later_no
                  ? "its conversion."
                  : "a conversion of the same person under another lead.");
  }
  return {};
}

}  // namespace leadex::quality
