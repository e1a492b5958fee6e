#pragma once
// When a spot check may stop: bounds on the bad rows found, by the rows checked. A fixed sample and
// a sequential plan are both of this shape. Pure; any thread.

#include <cstdint>
#include <optional>
#include <vector>

#include "billing/values/money.hpp"
#include "matching/quality/hypergeometric.hpp"
#include "matching/quality/spot_check_plan.hpp"

namespace leadex::quality {

enum class Stop : std::uint8_t { not_yet = 0, accept = 1, reject = 2 };

/// Steps instead of one bound per row, so that a plan stays small: c + 1 and c + 2 numbers, where c
/// is the most bad rows that an accepted lot can show. Neither list ever falls.
struct StoppingPlan {
  std::int64_t lot_size{};
  std::vector<std::int64_t> accept_from;   // [d]: with d bad rows accepted from so many checks on
  std::vector<std::int64_t> reject_until;  // [d]: with d bad rows rejected up to so many checks

  [[nodiscard]] std::int64_t checks_max() const { return accept_from.back(); }
  /// The most bad rows an accepted lot can show.
  [[nodiscard]] std::int64_t acceptance_number() const { return std::ssize(accept_from) - 1; }
  friend bool operator==(StoppingPlan const&, StoppingPlan const&) = default;
};

/// Whether the lists fit each other and the lot, so that every course of verdicts ends.
[[nodiscard]] bool is_sound(StoppingPlan const& plan);

/// What `checked` rows with `bad` bad ones among them mean. 0 ≤ bad ≤ checked ≤ lot_size.
[[nodiscard]] Stop stop_after(StoppingPlan const& plan, std::int64_t checked, std::int64_t bad);

/// The fixed plan as it is judged: rejected with the first bad row too many, accepted only when the
/// whole sample is checked.
[[nodiscard]] StoppingPlan stopping_plan_of(SpotCheckPlan const& plan);

/// One bound per number of checked rows, 0 … checks_max: the most bad rows that accept there, −1
/// for none. For publication. @cost O(checks_max)
[[nodiscard]] std::vector<std::int64_t> accept_at(StoppingPlan const& plan);
/// Likewise: the fewest bad rows that reject there; above the checked rows where none can.
[[nodiscard]] std::vector<std::int64_t> reject_at(StoppingPlan const& plan);

/// What happens to a lot with that many bad rows, drawn without putting back.
struct PlanCourse {
  long double accept{};  // probability; wrong by course_error() of itself at most
  long double reject{};
  long double checks{};  // expected number; likewise
};
/// 0 ≤ bad ≤ lot_size.  @cost O(checks_max × acceptance_number)
[[nodiscard]] PlanCourse course_of(StoppingPlan const& plan, std::int64_t bad);
[[nodiscard]] long double course_error(StoppingPlan const& plan);

/// P(accept | bad) against a limit, or P(reject | bad): with rounding where that is certain, else
/// in integers.
[[nodiscard]] Side accept_against(StoppingPlan const& plan, std::int64_t bad, BasisPoints limit);
[[nodiscard]] Side reject_against(StoppingPlan const& plan, std::int64_t bad, BasisPoints limit);
/// The last resort of both by itself: slow.
[[nodiscard]] Side compare_stop_in_integers(StoppingPlan const& plan, std::int64_t bad, Stop stop,
                                            BasisPoints limit);

/// Whether both risks of these settings are kept, exactly.
[[nodiscard]] bool keeps_risks(StoppingPlan const& plan, SpotCheckSettings const& settings);

}  // namespace leadex::quality
