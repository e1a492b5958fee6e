#pragma once
// The spot-check plan of a lot: how many rows to check and how many bad ones to bear. Exact
// hypergeometric risks; anyone can recompute it. Pure; any thread.

#include <cstdint>

#include "billing/values/money.hpp"
#include "billing/values/result.hpp"

namespace leadex::quality {

inline constexpr std::int64_t kLotSizeMax = 10'000'000;

struct SpotCheckSettings {
  BasisPoints acceptable_rate{100};  // a lot no worse than this should pass: 0..9999
  BasisPoints rejectable_rate{500};  // a lot this bad should fail: above acceptable, ..10000
  BasisPoints seller_risk{500};      // P(an acceptable lot fails) stays at or under this: 1..9999
  BasisPoints buyer_risk{1000};      // P(a rejectable lot passes) stays at or under this: 1..9999
};

/// How a market's lots are checked. The numbers are stored.
enum class PlanMethod : std::uint8_t { fixed = 0, sequential = 1 };

struct SpotCheckPlan {
  std::int64_t lot_size{};           // N
  std::int64_t sample_size{};        // n
  std::int64_t acceptance_number{};  // c: the lot passes with at most c bad rows among n
  friend bool operator==(SpotCheckPlan const&, SpotCheckPlan const&) = default;
};

enum class PlanError : std::uint8_t {
  rates_invalid,  // acceptable ≥ rejectable, or outside their range
  risk_invalid,
  lot_size_invalid,  // negative or above kLotSizeMax
};

/// What a market's settings must keep. @errors rates_invalid, then risk_invalid.
[[nodiscard]] Result<void, PlanError> validate(SpotCheckSettings const& settings);

/// The most bad rows a lot may hold that should pass, and the fewest of one that should fail.
struct LotEdges {
  std::int64_t acceptable{};  // floor(N × acceptable)
  std::int64_t rejectable{};  // ceil(N × rejectable)
};
/// Of sound settings and a lot within kLotSizeMax.
[[nodiscard]] LotEdges edges_of(std::int64_t lot_size, SpotCheckSettings const& settings);

/// The smallest n, and for it the smallest c, with
///   P(≤ c bad among n | N rows, floor(N × acceptable) bad) ≥ 1 − seller_risk and
///   P(≤ c bad among n | N rows, ceil(N × rejectable) bad) ≤ buyer_risk.
/// There always is one: n = N with c = floor(N × acceptable) at the latest, the full check. An
/// empty lot has the plan 0, 0, 0.
/// @errors as validate(), then lot_size_invalid.
/// @cost   O(n); at most about a second, for ten million rows and rates next to each other.
[[nodiscard]] Result<SpotCheckPlan, PlanError> plan_spot_check(std::int64_t lot_size,
                                                               SpotCheckSettings const& settings);

}  // namespace leadex::quality
