#include "matching/quality/posted_day.hpp"

#include <algorithm>

#include "billing/values/check.hpp"

namespace leadex::quality {

namespace {

bool counts(LotCounts const& reference, LotSignal signal, SignalSettings const& settings) {
  return reference.of(signal).leads >= settings.expected_leads;
}

}  // namespace

std::int64_t next_look(std::int64_t posts) { return std::max(kFirstLook, 2 * posts); }

std::int64_t false_alarms_of_look(std::int64_t look, SignalSettings const& settings) {
  LEADEX_CHECK(look >= 1);
  // 1/2 + 1/6 + 1/12 + … = 1.
  constexpr std::int64_t kLooksMax = 100'000;
  auto const bounded = std::min(look, kLooksMax);
  return settings.false_alarms_ppm / (bounded * (bounded + 1));
}

std::vector<SignalFinding> judge_posted_day(LotCounts const& day, DayReference const& reference,
                                            std::int64_t look, SignalSettings const& settings) {
  LEADEX_CHECK(settings.valid());
  auto of_look = settings;
  of_look.false_alarms_ppm = false_alarms_of_look(look, settings) / 2;
  if (of_look.false_alarms_ppm < 1) return {};
  auto found = judge_lot_signals(day, reference.others, of_look);
  // Measured by too few, a source would be held against what the market bears alone, which honest
  // ones may be above as long as all are.
  std::erase_if(found, [&](SignalFinding const& finding) {
    return !counts(reference.others, finding.signal, settings) &&
           counts(reference.itself, finding.signal, settings);
  });
  for (auto const& finding : judge_lot_signals(day, reference.itself, of_look)) {
    if (!counts(reference.itself, finding.signal, settings)) continue;
    auto const same = std::ranges::find(found, finding.signal, &SignalFinding::signal);
    if (same == found.end()) {
      found.push_back(finding);
    } else if (finding.evidence_milli > same->evidence_milli) {
      *same = finding;
    }
  }
  std::ranges::sort(found, {}, &SignalFinding::signal);
  for (auto& finding : found) finding.false_alarms_ppm = settings.false_alarms_ppm;
  return found;
}

}  // namespace leadex::quality
