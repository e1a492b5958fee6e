#include "server/api/v1/click_services.hpp"

namespace leadex::api {

PlacementCache::Entry PlacementCache::find(PlacementId id, Clock::time_point now) {
  std::lock_guard const lock{guard_};
  auto const found = entries_.find(id);
  if (found == entries_.end() || found->second.until < now) return nullptr;
  return found->second.placement;
}

std::uint64_t PlacementCache::reading() {
  std::lock_guard const lock{guard_};
  return changes_;
}

void PlacementCache::keep(Entry placement, Clock::time_point now, std::uint64_t reading) {
  std::lock_guard const lock{guard_};
  if (reading != changes_) return;
  if (entries_.size() >= kEntriesMax) entries_.clear();
  auto const id = placement->id;
  entries_[id] = {std::move(placement), now + kHolds};
}

void PlacementCache::forget(PlacementId id) {
  std::lock_guard const lock{guard_};
  entries_.erase(id);
  ++changes_;
}

}  // namespace leadex::api
