#pragma once
// Signs of fraud in what one source posted on one UTC day. A day is looked at while it grows, and
// each look spends its own part of the false alarms, so that looking often accuses nobody. Pure;
// any thread. Source: docs/decisions/0029-source-fraud.md.

#include <vector>

#include "matching/quality/lot_signals.hpp"

namespace leadex::quality {

inline constexpr std::int64_t kFirstLook = 50;  // posts; then at each doubling, and as the day ends
[[nodiscard]] std::int64_t next_look(std::int64_t posts);

/// What a day is measured by; either may be too few to count.
struct DayReference {
  LotCounts others;  ///< days of other sources of the market
  LotCounts itself;  ///< the source's own days before
};

/// Share of honest days that the look may accuse, in millionths: all looks together stay within the
/// settings'. @param look  from 1
[[nodiscard]] std::int64_t false_alarms_of_look(std::int64_t look, SignalSettings const& settings);

/// Every sign that the others or the source's own days before speak against, by number; each of the
/// two has half of the look's false alarms, and says nothing while it has too few leads. What the
/// market bears anyhow is no finding, and is the measure alone while both have too few.
[[nodiscard]] std::vector<SignalFinding> judge_posted_day(LotCounts const& day,
                                                          DayReference const& reference,
                                                          std::int64_t look,
                                                          SignalSettings const& settings);

}  // namespace leadex::quality
