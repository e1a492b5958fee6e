#pragma once
// What the verdicts given so far mean for a lot. They count in draw order as an unbroken prefix, so
// nobody gains by checking the easy rows first. Pure; any thread.

#include <cstdint>
#include <span>

#include "billing/values/money.hpp"
#include "matching/quality/spot_check_plan.hpp"
#include "matching/quality/stopping_plan.hpp"

namespace leadex::quality {

enum class RowVerdict : std::uint8_t {
  pending = 0,
  good = 1,
  bad = 2,
  unreachable = 3,  // given up for good; the next row in draw order stands in for it
};

enum class LotState : std::uint8_t {
  pending = 0,
  accepted = 1,
  rejected = 2,
  needs_admin = 3,  // too many rows could not be reached: an admin judges
};

struct LotVerdict {
  LotState state{LotState::pending};
  std::int64_t checked{};      // good and bad rows that count
  std::int64_t bad{};          // of these
  std::int64_t unreachable{};  // in the unbroken prefix
  /// How many rows of the draw order must be open for checking: those that are surely checked if
  /// the rest is good, and a stand-in for each unreachable row of the whole list, as far as the lot
  /// has rows. Of a sequential plan only the next kOpenAhead, in slices of a half of it: what
  /// verifiers work on at the same time may be more than its verdict needs, by fewer than that.
  std::int64_t rows_needed{};
};

inline constexpr std::int64_t kOpenAhead = 16;

/// @param verdicts  in draw order from the first row on; may be shorter than rows_needed, never
///                  longer than the lot.
/// @param unreachable_max  0..10'000: above this share of the rows tried (the sample and the
///                  stand-ins) an admin judges. An admin judges too when the lot runs out of rows
///                  before the sample is full.
/// Decided by the first event of the prefix and then final, whatever comes later: rejected with the
/// first bad row above the acceptance number, accepted when the whole sample is checked. A plan
/// with an empty sample is accepted.
[[nodiscard]] LotVerdict judge_lot(SpotCheckPlan const& plan, std::span<RowVerdict const> verdicts,
                                   BasisPoints unreachable_max);

/// The same under any plan, decided as soon as it stops. An admin judges, too, when not even good
/// rows alone could have it accepted any more with the rows that are left.
/// @param open_ahead  how many rows beyond the prefix are open at most
[[nodiscard]] LotVerdict judge_lot(StoppingPlan const& plan, std::span<RowVerdict const> verdicts,
                                   BasisPoints unreachable_max,
                                   std::int64_t open_ahead = kOpenAhead);

}  // namespace leadex::quality
