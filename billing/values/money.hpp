#pragma once
// Money: signed 64-bit micros of one currency (1.00 = 1'000'000 micros). Which currency stands with
// the account or market. No floating point; overflow is a refusal, never a wrap. Pure; any thread.

#include <compare>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "billing/values/result.hpp"

namespace leadex {

struct Money {
  std::int64_t micros{};
  friend auto operator<=>(Money const&, Money const&) = default;
};

/// Hundredths of a percent; 10'000 is the whole.
struct BasisPoints {
  std::int32_t bp{};
  friend auto operator<=>(BasisPoints const&, BasisPoints const&) = default;
};
inline constexpr std::int32_t kBasisPointsWhole = 10'000;

enum class MoneyError : std::uint8_t { overflow };

/// How a fraction of a micro is settled. There is no default: every call names its rounding.
enum class Rounding : std::uint8_t { floor, half_even };

inline constexpr std::int64_t kMicrosPerUnit = 1'000'000;
/// Largest single amount the API takes: 9'000'000'000.00. Sums stay far inside int64.
inline constexpr Money kAmountMax{9'000'000'000LL * kMicrosPerUnit};

[[nodiscard]] Result<Money, MoneyError> add(Money a, Money b);
[[nodiscard]] Result<Money, MoneyError> subtract(Money a, Money b);
[[nodiscard]] Result<Money, MoneyError> multiply(Money a, std::int64_t n);

/// `m` × `bp` / 10'000 with a 128-bit product.
[[nodiscard]] Result<Money, MoneyError> share(Money m, BasisPoints bp, Rounding rounding);

/// `m` × `numerator` / `denominator` with a 128-bit product; denominator > 0.
[[nodiscard]] Result<Money, MoneyError> scale(Money m, std::int64_t numerator,
                                              std::int64_t denominator, Rounding rounding);

/// Splits `whole` ≥ 0 in proportion to `weights` (≥ 0, sum > 0) by the largest remainder; the parts
/// sum to the whole to the micro; equal remainders go to the earlier part.
[[nodiscard]] std::vector<Money> split_largest_remainder(Money whole,
                                                         std::span<std::int64_t const> weights);

}  // namespace leadex
