#pragma once
// Attribution: which of a lead's touchpoints its worth is credited to, by first, last, linear or
// position rule. Shares are whole weights of a whole, so they sum to exactly 1, and money is split
// to the micro. Pure; any thread.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "billing/values/money.hpp"
#include "billing/values/time.hpp"

namespace leadex {

enum class AttributionRule : std::uint8_t {
  first,    ///< all to the earliest touch
  last,     ///< all to the latest touch
  linear,   ///< the same to each
  position  ///< 2/5 to the earliest and to the latest, 1/5 shared by those between; two: half each
};
inline constexpr std::array<std::string_view, 4> kAttributionRules{"first", "last", "linear",
                                                                   "position"};
[[nodiscard]] std::optional<AttributionRule> attribution_rule_named(std::string_view name);

/// Stands for the lead's own source, where no touch came before the capture.
inline constexpr std::size_t kOwnSource = static_cast<std::size_t>(-1);

struct AttributionShare {
  std::size_t touch{};    ///< its place in what was given, or kOwnSource
  std::int64_t weight{};  ///< > 0; of the sum of all weights
  friend bool operator==(AttributionShare const&, AttributionShare const&) = default;
};

/// Who is credited with how much of one lead: by instant, and by place where instants are equal.
/// Touches after the capture count for nothing. Never empty; the weights' sum is the whole.
/// @param touched  instants of the touches, in any order
/// @cost  O(n log n)
[[nodiscard]] std::vector<AttributionShare> attribute(AttributionRule rule,
                                                      std::span<Timestamp const> touched,
                                                      Timestamp captured_at);

/// What each share gets of `whole` ≥ 0, in the shares' order: largest remainder, summing to the
/// whole to the micro; equal remainders go to the earlier touch. `shares` is not empty.
[[nodiscard]] std::vector<Money> split_by(std::span<AttributionShare const> shares, Money whole);

}  // namespace leadex
