#pragma once
// What a bid is worth on the average, and back: the bid that is worth so much. Every rounding goes
// against the bid. Pure; any thread.

#include <cstdint>
#include <optional>

#include "matching/estimate/parts.hpp"

namespace leadex::estimate {

struct Odds {
  Probability billable{kWhole};  // certainty for CPL on leads and CPC on clicks
  Probability returned{0};
};

/// bid × billable × (1 - returned), one 128-bit product, rounded down once. 0 ≤ bid_micros.
[[nodiscard]] std::int64_t value_micros(std::int64_t bid_micros, Odds const& odds);

/// The smallest bid with value_micros(bid) ≥ wanted; none when no bid inside int64 is worth that.
/// 0 ≤ wanted_micros.
[[nodiscard]] std::optional<std::int64_t> bid_worth(std::int64_t wanted_micros, Odds const& odds);

}  // namespace leadex::estimate
