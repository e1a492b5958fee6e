#include "matching/quality/under_reporting.hpp"

#include <cmath>

#include "billing/values/check.hpp"

namespace leadex::quality {
namespace {

bool within(std::int64_t value, std::int64_t low, std::int64_t high) {
  return value >= low && value <= high;
}
double share_of(std::int64_t ppm) {
  return static_cast<double>(ppm) / static_cast<double>(kMillion);
}

Finding finding_of(FindingKind kind, std::int64_t buyer_no, std::int64_t seen,
                   std::int64_t counted) {
  auto const interval = interval_at_any_time(seen, counted, kConfidencePpm);
  return {.kind = kind,
          .buyer_no = buyer_no,
          .counted = counted,
          .seen = seen,
          .rate_ppm = to_ppm(static_cast<double>(seen) / static_cast<double>(counted)),
          .rate_low_ppm = to_ppm(interval.low),
          .rate_high_ppm = to_ppm(interval.high),
          .confidence_ppm = kConfidencePpm};
}

}  // namespace

bool in_holdout(DrawHash const& hash, BasisPoints share) {
  LEADEX_CHECK(within(share.bp, 0, kBasisPointsWhole));
  std::uint64_t first = 0;
  for (std::size_t i = 0; i < 8; ++i) first = first << 8 | std::to_integer<std::uint64_t>(hash[i]);
  using Wide = unsigned __int128;
  return static_cast<std::int64_t>(Wide{first} * kBasisPointsWhole >> 64) < share.bp;
}

bool HoldoutSettings::valid() const {
  return within(false_alarms_ppm, 1, kMillion / 2) && within(honest_ppm, 1, kMillion - 1);
}

HoldoutTest::HoldoutTest(HoldoutSettings const& settings) : settings_(settings) {
  LEADEX_CHECK(settings.valid());
}

void HoldoutTest::add(bool reported) {
  ++verified_;
  reported_ += reported ? 1 : 0;
  auto const honest = share_of(settings_.honest_ppm);
  std::array<double, kAlternatives.size()> log_ratios{};
  for (std::size_t i = 0; i < log_ratios.size(); ++i) {
    auto const part = kAlternatives[i];
    log_ratios[i] = reported ? std::log(part) : std::log((1 - part * honest) / (1 - honest));
  }
  evidence_.add(log_ratios);
}

std::optional<Finding> HoldoutTest::finding(std::int64_t buyer_no) const {
  if (!alarmed()) return std::nullopt;
  auto finding = finding_of(FindingKind::conversions_hidden, buyer_no, reported_, verified_);
  finding.reference_ppm = settings_.honest_ppm;
  finding.evidence_milli = to_evidence_milli(evidence_.log_highest());
  finding.false_alarms_ppm = settings_.false_alarms_ppm;
  return finding;
}

bool ComparisonSettings::valid() const {
  return within(false_alarms_ppm, 1, kMillion / 2) && within(honest_odds_ppm, 1, kMillion);
}

ComparisonTest::ComparisonTest(ComparisonSettings const& settings) : settings_(settings) {
  LEADEX_CHECK(settings.valid());
}

void ComparisonTest::add(Compared const& compared) {
  LEADEX_CHECK(compared.valid());
  if (compared.buyer_leads == 0 || compared.other_leads == 0) return;
  leads_ += compared.buyer_leads;
  converted_ += compared.buyer_events;
  expected_ += static_cast<double>(compared.buyer_leads) *
               static_cast<double>(compared.other_events) /
               static_cast<double>(compared.other_leads);
  if (compared.buyer_events + compared.other_events == 0) return;  // speaks for nobody
  SharedEvents const shared(compared);
  auto const honest = share_of(settings_.honest_odds_ppm);
  std::array<double, kAlternatives.size()> log_ratios{};
  for (std::size_t i = 0; i < log_ratios.size(); ++i) {
    log_ratios[i] = shared.log_ratio(kAlternatives[i] * honest, honest);
  }
  evidence_.add(log_ratios);
}

std::optional<Finding> ComparisonTest::finding(std::int64_t buyer_no) const {
  if (!alarmed()) return std::nullopt;
  auto finding = finding_of(FindingKind::conversions_below_others, buyer_no, converted_, leads_);
  finding.reference_ppm = to_ppm(expected_ / static_cast<double>(leads_));
  finding.evidence_milli = to_evidence_milli(evidence_.log_highest());
  finding.false_alarms_ppm = settings_.false_alarms_ppm;
  return finding;
}

}  // namespace leadex::quality
