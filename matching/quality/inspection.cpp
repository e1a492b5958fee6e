#include "matching/quality/inspection.hpp"

#include <algorithm>

#include <bit>
#include "billing/values/check.hpp"

namespace leadex::quality {
namespace {

Standing entered(InspectionMode mode) { return {.mode = mode}; }

bool clean(Standing const& standing, BasisPoints acceptable_rate) {
  return standing.bad * kBasisPointsWhole <= standing.checked * acceptable_rate.bp;
}

Standing after_rejected(Standing standing) {
  switch (standing.mode) {
    case InspectionMode::tightened:
      if (standing.rejected + 1 >= kStopRejected) return entered(InspectionMode::stopped);
      ++standing.rejected;
      break;
    case InspectionMode::reduced:
    case InspectionMode::skip:
      // Back to normal, where this lot counts.
      standing = entered(InspectionMode::normal);
      standing.recent = 1;
      break;
    case InspectionMode::normal:
      if (std::popcount(static_cast<unsigned>(standing.recent)) >= kTightenRejected) {
        return entered(InspectionMode::tightened);
      }
      break;
    case InspectionMode::stopped:
      break;
  }
  standing.accepted_in_row = 0;
  standing.checked = 0;
  standing.bad = 0;
  return standing;
}

Standing after_accepted(Standing standing, BasisPoints acceptable_rate) {
  if (standing.mode == InspectionMode::tightened) {
    return standing.accepted_in_row >= kEaseAccepted ? entered(InspectionMode::normal) : standing;
  }
  if (standing.mode == InspectionMode::normal || standing.mode == InspectionMode::reduced) {
    bool const from_normal = standing.mode == InspectionMode::normal;
    auto const wanted = from_normal ? kReduceAccepted : kSkipAccepted;
    if (standing.accepted_in_row < wanted || standing.checked < kTrustChecked) return standing;
    if (clean(standing, acceptable_rate)) {
      return entered(from_normal ? InspectionMode::reduced : InspectionMode::skip);
    }
    // Good enough to be sold, not to be trusted: the run begins anew.
    standing.accepted_in_row = 0;
    standing.checked = 0;
    standing.bad = 0;
  }
  return standing;
}

}  // namespace

Standing after_lot(Standing standing, DecidedLot const& lot, BasisPoints acceptable_rate) {
  if (standing.mode == InspectionMode::stopped) return standing;
  if (lot.accepted && (lot.strict || lot.checked < kLotCheckedMin)) return standing;
  if (standing.mode == InspectionMode::normal) {
    constexpr unsigned kWindow = (1U << kTightenOf) - 1U;
    auto const shifted = (static_cast<unsigned>(standing.recent) << 1U) | (lot.accepted ? 0U : 1U);
    standing.recent = static_cast<std::uint8_t>(shifted & kWindow);
  }
  if (!lot.accepted) return after_rejected(standing);
  ++standing.accepted_in_row;
  standing.checked += lot.checked;
  standing.bad += lot.bad;
  return after_accepted(standing, acceptable_rate);
}

Standing after_withdrawn(Standing standing, std::int64_t bad_found) {
  if (bad_found > 0) return after_lot(standing, {.accepted = false}, BasisPoints{0});
  bool const trusted =
      standing.mode == InspectionMode::reduced || standing.mode == InspectionMode::skip;
  if (trusted) return entered(InspectionMode::normal);
  standing.accepted_in_row = 0;
  standing.checked = 0;
  standing.bad = 0;
  return standing;
}

Standing lifted(Standing standing) {
  return standing.mode == InspectionMode::stopped ? entered(InspectionMode::tightened) : standing;
}

Standing restricted(Standing standing, InspectionMode mode) {
  LEADEX_CHECK(mode == InspectionMode::tightened || mode == InspectionMode::stopped);
  bool const stricter = standing.mode != mode && standing.mode != InspectionMode::stopped;
  return stricter ? entered(mode) : standing;
}

SpotCheckSettings settings_for(InspectionMode mode, SpotCheckSettings settings) {
  auto& risk = settings.buyer_risk.bp;
  switch (mode) {
    case InspectionMode::tightened:
      risk = std::max(1, risk / 2);
      break;
    case InspectionMode::reduced:
    case InspectionMode::skip:
      risk = std::max(risk, std::min(2 * risk, kRiskReducedBpMax));
      break;
    case InspectionMode::normal:
    case InspectionMode::stopped:
      break;
  }
  return settings;
}

bool falls_within(DrawHash const& hash, BasisPoints share) {
  unsigned __int128 number = 0;
  for (std::size_t i = 0; i < 8; ++i) number = number << 8U | std::to_integer<unsigned>(hash.at(i));
  auto const limit = static_cast<unsigned __int128>(std::max(0, share.bp)) << 64U;
  return number * static_cast<unsigned>(kBasisPointsWhole) < limit;
}

}  // namespace leadex::quality
