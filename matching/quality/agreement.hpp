#pragma once
// Whether verifiers agree: second opinions on the same rows against the first. Counts are exact;
// the statistic is for people to read and decides nothing. Pure; any thread.

#include <array>
#include <cstdint>

namespace leadex::quality {

/// Rows judged twice: [first][second], each good, bad, unreachable.
using OpinionTable = std::array<std::array<std::int64_t, 3>, 3>;

/// In millionths. Kappa is Cohen's: 1'000'000 is full agreement, 0 what chance alone brings.
struct Agreement {
  std::int64_t rows{};
  std::int64_t agreed{};
  bool defined{};  // not when there are no rows, or all opinions were one and the same word
  std::int64_t kappa_ppm{};
  std::int64_t low_ppm{};  // of an interval of 95 %, by the statistic's large-sample variance
  std::int64_t high_ppm{};
};

/// @source Fleiss, Cohen, Everitt 1969, for the variance.
[[nodiscard]] Agreement agreement_of(OpinionTable const& table);

}  // namespace leadex::quality
