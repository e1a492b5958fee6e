#pragma once
// How strictly a source's lots are checked, by what its lots were like before: normal, tightened,
// reduced, skipped by lot, stopped. Pure; any thread.

#include <cstdint>
#include <vector>

#include "matching/quality/draw_order.hpp"
#include "matching/quality/spot_check_plan.hpp"

namespace leadex::quality {

/// The numbers are stored.
enum class InspectionMode : std::uint8_t {
  normal = 0,
  tightened = 1,
  reduced = 2,
  skip = 3,     // some lots are not checked at all, the others as reduced
  stopped = 4,  // no lots are taken until staff lift it
};

/// When a source changes its mode. @source docs/decisions/0023-spot-check.md
inline constexpr int kTightenRejected = 2;  // rejected lots …
inline constexpr int kTightenOf = 5;        // … among so many that make normal tightened
inline constexpr int kEaseAccepted = 5;     // lots accepted in a row that end tightened
inline constexpr int kStopRejected = 5;     // lots rejected while tightened that stop the source
inline constexpr int kReduceAccepted = 10;  // clean lots in a row from normal to reduced …
inline constexpr int kSkipAccepted = 10;    // … and from there to skip
/// … with so many rows checked in them: lots of a few rows prove little.
inline constexpr std::int64_t kTrustChecked = 500;
/// A lot of which fewer rows were checked counts only when it is rejected: else many small good
/// lots would wash a large bad one out.
inline constexpr std::int64_t kLotCheckedMin = 20;
inline constexpr std::int32_t kSkipBp = 5'000;  // share of a proven source's lots left out
inline constexpr std::int32_t kRiskReducedBpMax = 5'000;  // the buyer's risk when reduced

/// Where a source stands in a market. Its lots count in the order in which they are decided.
struct Standing {
  InspectionMode mode{InspectionMode::normal};
  std::int32_t accepted_in_row{};  // since the mode began; of lots that were checked
  std::int32_t rejected{};         // while tightened: since it began
  std::uint8_t recent{};           // while normal: a bit per lot, last first, set when rejected
  std::int64_t checked{};          // rows, in the accepted lots in a row
  std::int64_t bad{};              // of these
  friend bool operator==(Standing const&, Standing const&) = default;
};

/// A lot that was decided by verdicts or by an admin. A skipped lot is none: it says nothing.
struct DecidedLot {
  bool accepted{};
  bool strict{};  // checked as tightened although the source is not: a lot sent again
  std::int64_t checked{};
  std::int64_t bad{};
};

/// Where the source stands after that lot. A lot that was sent again counts only when rejected: it
/// was sorted by the exchange's own verdicts. Lots that were on their way when a source was stopped
/// change nothing.
/// @param acceptable_rate  the market's: runs of lots are clean while their rows keep it
[[nodiscard]] Standing after_lot(Standing standing, DecidedLot const& lot,
                                 BasisPoints acceptable_rate);
/// The source took a lot back before its verdict. What was found bad by then counts as a rejection;
/// else the run ends, and a source that was trusted is checked as any other: a draw that does not
/// please cannot be tried again for nothing.
[[nodiscard]] Standing after_withdrawn(Standing standing, std::int64_t bad_found);
/// Staff lift a stop: the source goes on tightened. Otherwise unchanged.
[[nodiscard]] Standing lifted(Standing standing);
/// Staff restrict a source that a case about it was upheld of. Never to a milder mode than it is
/// in. @param mode  tightened or stopped
[[nodiscard]] Standing restricted(Standing standing, InspectionMode mode);

/// The settings that a lot is checked by: tightened halves the buyer's risk; reduced and skip
/// double it, up to kRiskReducedBpMax or the market's own. Rates and the seller's risk stay.
[[nodiscard]] SpotCheckSettings settings_for(InspectionMode mode, SpotCheckSettings settings);

/// Whether a lot of a proven source is left out, decided by a keyed hash of its committed secret.
/// Exact: the first eight bytes, as a number, below the share of 2^64.
[[nodiscard]] bool falls_within(DrawHash const& hash, BasisPoints share);

}  // namespace leadex::quality
