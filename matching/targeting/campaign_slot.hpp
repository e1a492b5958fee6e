#pragma once
// Where a campaign stands in TargetingIndex, and how it ranks among the others. Pure; any thread.

#include <cstdint>

namespace leadex::targeting {

/// A campaign's place, chosen by the caller: small, dense, reused after remove().
using CampaignSlot = std::uint32_t;
inline constexpr CampaignSlot kCampaignSlotsMax = 1 << 22;

/// Larger amounts first; of equal amounts the smaller tie. Campaigns equal in both stand by slot.
struct Rank {
  std::int64_t amount{};
  std::int64_t tie{};
  friend bool operator==(Rank const&, Rank const&) = default;
};

[[nodiscard]] constexpr bool ranks_before(Rank const& a, Rank const& b) {
  return a.amount != b.amount ? a.amount > b.amount : a.tie < b.tie;
}

}  // namespace leadex::targeting
