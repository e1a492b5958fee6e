#pragma once
// Powers of a half and the logistic curve in whole numbers, so that what is scored or foretold with
// them is the same on every machine and replays. Pure; any thread.

#include <cstdint>

namespace leadex::quality {

/// One whole in the results of half_power().
inline constexpr std::int64_t kWholeWeight = std::int64_t{1} << 30;
/// One half-life in its argument.
inline constexpr std::int64_t kHalfLifeParts = std::int64_t{1} << 20;

/// kWholeWeight × 2^(−parts ÷ kHalfLifeParts), within one of the true value and never above the
/// result for fewer parts. `parts` at least 0. @cost about 10 ns
[[nodiscard]] std::int64_t half_power(std::int64_t parts);

/// What is left of a whole after `age_us`, in kWholeWeight. An age below 0 counts as 0;
/// `half_life_us` at least 1.
[[nodiscard]] std::int64_t decayed(std::int64_t age_us, std::int64_t half_life_us);

/// 1'000'000 ÷ (1 + e^(−logit)), rounded down to 0 … 1'000'000; never falls while the logit grows.
/// @param logit_micros  millionths, any
[[nodiscard]] std::int64_t logistic_ppm(std::int64_t logit_micros);

}  // namespace leadex::quality
