#include "server/intake/digest_set.hpp"

#include <cstring>
#include <utility>

#include "billing/values/check.hpp"

namespace leadex::intake {
namespace {

__extension__ using Wide = unsigned __int128;  // 64 by 64 bits

constexpr std::size_t kSlotsFirst = 8;

}  // namespace

DigestSet::Slot DigestSet::slot_of(std::string_view digest) {
  LEADEX_CHECK(digest.size() == sizeof(Slot));
  Slot slot;
  std::memcpy(slot.data(), digest.data(), sizeof slot);
  return slot;
}

/// Where the digest is, or the empty slot where it would go. There always is an empty one.
std::size_t DigestSet::place(std::vector<Slot> const& slots, Slot const& slot) {
  auto at = static_cast<std::size_t>((static_cast<Wide>(slot[1]) * slots.size()) >> 64U);
  while (slots[at] != Slot{} && slots[at] != slot) at = at + 1 == slots.size() ? 0 : at + 1;
  return at;
}

bool DigestSet::contains(std::string_view digest) const {
  auto const slot = slot_of(digest);
  auto const& slots = shards_[slot[0] % kShards].slots;
  return !slots.empty() && slots[place(slots, slot)] == slot;
}

bool DigestSet::insert(std::string_view digest) {
  auto const slot = slot_of(digest);
  auto& shard = shards_[slot[0] % kShards];
  if ((shard.used + 1) * 8 > shard.slots.size() * 7) {
    if (!shard.slots.empty() && shard.slots[place(shard.slots, slot)] == slot) return false;
    grow(shard);
  }
  auto& held = shard.slots[place(shard.slots, slot)];
  if (held == slot) return false;
  held = slot;
  ++shard.used;
  ++size_;
  return true;
}

void DigestSet::grow(Shard& shard) {
  std::vector<Slot> const old =
      std::exchange(shard.slots, std::vector<Slot>(shard.slots.size() * 5 / 4 + kSlotsFirst));
  for (auto const& slot : old) {
    if (slot != Slot{}) shard.slots[place(shard.slots, slot)] = slot;
  }
}

std::size_t DigestSet::memory() const {
  std::size_t bytes = shards_.size() * sizeof(Shard);
  for (auto const& shard : shards_) bytes += shard.slots.capacity() * sizeof(Slot);
  return bytes;
}

}  // namespace leadex::intake
