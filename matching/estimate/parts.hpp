#pragma once
// Parts per billion and the 128-bit products behind them. Roundings are named; no floating point.
// Pure; any thread.

#include <algorithm>
#include <cstdint>

namespace leadex::estimate {

inline constexpr std::int64_t kWhole = 1'000'000'000;

/// A probability in parts per billion, 0 … kWhole.
struct Probability {
  std::int64_t ppb{};
  friend auto operator<=>(Probability const&, Probability const&) = default;
};

using Wide = __int128;

/// a × b / kWhole, rounded down. 0 ≤ a, b and the quotient inside int64.
[[nodiscard]] constexpr std::int64_t part_down(std::int64_t a, std::int64_t b) {
  return static_cast<std::int64_t>(Wide{a} * b / kWhole);
}
/// rate × factor, never above certainty.
[[nodiscard]] constexpr std::int64_t rate_times(std::int64_t rate_ppb, std::int64_t factor_ppb) {
  return static_cast<std::int64_t>(std::min(Wide{rate_ppb} * factor_ppb / kWhole, Wide{kWhole}));
}

}  // namespace leadex::estimate
