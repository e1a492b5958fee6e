#include "matching/storefront/lead_slots.hpp"

#include <algorithm>

#include "billing/values/check.hpp"

namespace leadex::storefront {
namespace {

// Numbers come in runs; this spreads them over all bits (the finaliser of SplitMix64).
std::uint64_t spread(std::int64_t lead_no) {
  auto x = static_cast<std::uint64_t>(lead_no);
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

// The shard comes from the top bits, the place in it from the others.
std::size_t shard_of(std::uint64_t hash, std::size_t shards) {
  return static_cast<std::size_t>(hash >> 32) % shards;
}
std::size_t home_of(std::uint64_t hash, std::size_t capacity) {
  return static_cast<std::size_t>(hash & 0xffff'ffff) & (capacity - 1);
}

}  // namespace

std::optional<Slot> LeadSlots::find(Rows const& rows, std::int64_t lead_no) const {
  auto const hash = spread(lead_no);
  auto const& slots = shards_[shard_of(hash, kShards)].slots;
  if (slots.empty()) return std::nullopt;
  for (auto at = home_of(hash, slots.size());; at = (at + 1) & (slots.size() - 1)) {
    if (slots[at] == kEmpty) return std::nullopt;
    if (rows.lead_no(slots[at]) == lead_no) return slots[at];
  }
}

void LeadSlots::put(Rows const& rows, Shard& shard, Slot slot) {
  auto const mask = shard.slots.size() - 1;
  auto at = home_of(spread(rows.lead_no(slot)), shard.slots.size());
  while (shard.slots[at] != kEmpty) at = (at + 1) & mask;
  shard.slots[at] = slot;
}

void LeadSlots::insert(Rows const& rows, Slot slot) {
  constexpr std::size_t kFirstCapacity = 4;
  auto& shard = shards_[shard_of(spread(rows.lead_no(slot)), kShards)];
  // At most three quarters full.
  if (4 * (shard.used + 1) > 3 * shard.slots.size()) {
    Shard larger;
    larger.slots.assign(std::max(kFirstCapacity, 2 * shard.slots.size()), kEmpty);
    for (auto const held : shard.slots) {
      if (held != kEmpty) put(rows, larger, held);
    }
    shard.slots = std::move(larger.slots);
  }
  put(rows, shard, slot);
  ++shard.used;
}

void LeadSlots::erase(Rows const& rows, Slot slot) {
  auto const hash = spread(rows.lead_no(slot));
  auto& shard = shards_[shard_of(hash, kShards)];
  auto& slots = shard.slots;
  LEADEX_CHECK(shard.used > 0);
  auto const mask = slots.size() - 1;
  auto hole = home_of(hash, slots.size());
  while (slots[hole] != slot) {
    LEADEX_CHECK(slots[hole] != kEmpty);
    hole = (hole + 1) & mask;
  }
  // Those behind move up, unless they would come before their own home.
  for (auto at = (hole + 1) & mask; slots[at] != kEmpty; at = (at + 1) & mask) {
    auto const home = home_of(spread(rows.lead_no(slots[at])), slots.size());
    if (((at - home) & mask) < ((at - hole) & mask)) continue;
    slots[hole] = slots[at];
    hole = at;
  }
  slots[hole] = kEmpty;
  --shard.used;
}

std::size_t LeadSlots::bytes() const {
  std::size_t total = sizeof(*this);
  for (auto const& shard : shards_) total += shard.slots.capacity() * sizeof(Slot);
  return total;
}

}  // namespace leadex::storefront
