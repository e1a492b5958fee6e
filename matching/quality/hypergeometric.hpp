#pragma once
// P(at most c bad rows among n drawn from N with D bad ones), walked in steps of one, with a bound
// on its rounding error and an exact judge for close calls. Used by the spot-check plan. Pure.

#include <cstdint>
#include <optional>

#include "billing/values/money.hpp"

namespace leadex::quality {

/// Where the exact probability stands against a limit.
enum class Side : std::int8_t { below = -1, at = 0, above = 1 };

/// Starts at n = 0, c = 0, where the probability is 1.
class HypergeometricWalk {
 public:
  /// 0 ≤ bad ≤ lot_size.
  HypergeometricWalk(std::int64_t lot_size, std::int64_t bad) : lot_size_(lot_size), bad_(bad) {}

  void draw_one_more();  // n + 1; n < N, and P(≤ c) > 0 before it
  void bear_one_more();  // c + 1; n > c
  [[nodiscard]] std::int64_t drawn() const { return drawn_; }
  [[nodiscard]] std::int64_t borne() const { return borne_; }

  /// What arithmetic with rounding can say for certain; nothing when its error bound leaves a
  /// doubt.
  [[nodiscard]] std::optional<Side> clearly_against(BasisPoints limit) const;
  /// Exact, and slow after a doubt.
  [[nodiscard]] Side exactly_against(BasisPoints limit) const;

 private:
  std::int64_t lot_size_;
  std::int64_t bad_;
  std::int64_t drawn_{0};
  std::int64_t borne_{0};
  std::int64_t steps_{0};
  long double at_most_{1};  // P(X ≤ c)
  long double exactly_{1};  // P(X = c)
  long double moved_{1};    // sum of all changes of at_most_, which carry its rounding errors
  // P(X = c) one draw before it became zero for want of good rows; the next c starts from it.
  long double last_exactly_{0};
};

/// P(X ≤ c) against the limit, first with a hundred digits, then, when even those leave a doubt, in
/// integers. 0 ≤ c, n, D ≤ N. Slow: for close calls and tests.
[[nodiscard]] Side compare_exactly(std::int64_t lot_size, std::int64_t bad, std::int64_t drawn,
                                   std::int64_t borne, BasisPoints limit);
/// The last resort of compare_exactly() by itself.
[[nodiscard]] Side compare_in_integers(std::int64_t lot_size, std::int64_t bad, std::int64_t drawn,
                                       std::int64_t borne, BasisPoints limit);

}  // namespace leadex::quality
