#include "matching/targeting/cluster.hpp"

#include <algorithm>

#include "billing/values/check.hpp"

namespace leadex::targeting {
namespace {

// A segment below the floor is joined with a neighbour when both together leave room to grow.
constexpr std::size_t kJoinFloor = Segment::kPlacesMax / 8;
constexpr std::size_t kJoinedMax = Segment::kPlacesMax / 2;

std::uint64_t mixed(AttributeIndex attribute, std::int64_t value) {
  auto bits = static_cast<std::uint64_t>(value) + (std::uint64_t{attribute} << 48);
  bits *= 0x9e3779b97f4a7c15U;
  return (bits ^ (bits >> 32)) * 0xd6e8feb86659fd93U >> 20;
}

}  // namespace

// The last segment that begins at or before `key`; the first one when none does.
std::size_t Cluster::segment_for(PlaceKey const& key) const {
  auto const behind = std::ranges::partition_point(
      segments_, [&](Segment const& segment) { return !(key < segment.front()); });
  auto const index = static_cast<std::size_t>(behind - segments_.begin());
  return index == 0 ? 0 : index - 1;
}

void Cluster::insert(ConjunctionNo no, Surroundings const& around) {
  auto const key = around.table.key(no);
  if (segments_.empty()) segments_.emplace_back();
  auto index = segments_.front().size() == 0 ? 0 : segment_for(key);
  auto place = segments_[index].place_for(key, around.table);
  if (segments_[index].size() == Segment::kPlacesMax) {
    segments_[index].modernise(around);
    auto const at = [&](std::size_t i) {
      return segments_.begin() + static_cast<std::ptrdiff_t>(i);
    };
    // Books are often filled in order of rank: full segments stay full then.
    if (index + 1 == segments_.size() && place == segments_[index].size()) {
      segments_.emplace_back();
      ++index;
      place = 0;
    } else {
      auto second = segments_[index].split(around);
      auto const half = segments_[index].size();
      segments_.insert(at(index + 1), std::move(second));
      if (place > half) {
        ++index;
        place -= half;
      }
    }
  }
  segments_[index].insert(place, no, around);
}

void Cluster::erase(ConjunctionNo no, Surroundings const& around) {
  auto const key = around.table.key(no);
  auto const index = segment_for(key);
  auto& segment = segments_[index];
  auto const place = segment.place_for(key, around.table);
  LEADEX_CHECK(place < segment.size() && segment.at(place) == no);
  segment.erase(place, around);
  if (segment.size() < kJoinFloor) join_with_neighbour(index, around);
}

void Cluster::join_with_neighbour(std::size_t segment, Surroundings const& around) {
  auto const drop = [&](std::size_t index) {
    segments_.erase(segments_.begin() + static_cast<std::ptrdiff_t>(index));
  };
  if (segments_[segment].size() == 0) return drop(segment);
  auto const join = [&](std::size_t first) {
    if (segments_[first].size() + segments_[first + 1].size() > kJoinedMax) return false;
    segments_[first].append(segments_[first + 1], around);
    drop(first + 1);
    return true;
  };
  if (segment + 1 < segments_.size() && join(segment)) return;
  if (segment > 0) join(segment - 1);
}

void Cluster::set_eligible(ConjunctionNo no, bool eligible, ConjunctionTable const& table) {
  auto const key = table.key(no);
  auto& segment = segments_[segment_for(key)];
  segment.set_eligible(segment.place_for(key, table), eligible);
}

std::size_t Cluster::modernise(std::size_t from, std::size_t& looks, Surroundings const& around) {
  for (; from < segments_.size() && looks > 0; ++from) {
    --looks;
    if (segments_[from].modernise(around)) looks = 0;
  }
  return from;
}

// Chains below `chains_ - full_round_` were split in this round already and use one more bit.
std::size_t ClusterTable::chain_of(AttributeIndex attribute, std::int64_t value) const {
  auto const hash = mixed(attribute, value);
  auto const wide = hash & (2 * full_round_ - 1);
  return wide < chains_ ? wide : hash & (full_round_ - 1);
}

std::uint32_t ClusterTable::entry_of(AttributeIndex attribute, std::int64_t value) const {
  if (chains_ == 0) return kNone;
  auto no = heads_[chain_of(attribute, value)].first;
  while (no != kNone && (entries_[no].value != value || entries_[no].attribute != attribute)) {
    no = entries_[no].next;
  }
  return no;
}

Cluster const* ClusterTable::find(AttributeIndex attribute, std::int64_t value) const {
  auto const no = entry_of(attribute, value);
  return no == kNone ? nullptr : &entries_[no].cluster;
}

Cluster* ClusterTable::find(AttributeIndex attribute, std::int64_t value) {
  auto const no = entry_of(attribute, value);
  return no == kNone ? nullptr : &entries_[no].cluster;
}

Cluster& ClusterTable::reach(AttributeIndex attribute, std::int64_t value) {
  if (auto* const known = find(attribute, value)) return *known;
  auto no = free_;
  if (no != kNone) {
    free_ = entries_[no].next;
  } else {
    no = entries_end_++;
    entries_.reach(no);
  }
  if (++used_ > chains_) grow();
  auto& head = heads_[chain_of(attribute, value)];
  entries_[no] = {{}, value, head.first, attribute};
  head.first = no;
  count(attribute, true);
  return entries_[no].cluster;
}

void ClusterTable::drop_if_empty(AttributeIndex attribute, std::int64_t value) {
  auto const no = entry_of(attribute, value);
  if (no == kNone || !entries_[no].cluster.empty()) return;
  auto* link = &heads_[chain_of(attribute, value)].first;
  while (*link != no) link = &entries_[*link].next;
  *link = entries_[no].next;
  entries_[no] = {};
  entries_[no].next = free_;
  free_ = no;
  --used_;
  count(attribute, false);
}

// One more chain: it takes its part of the chain it was one with until now.
void ClusterTable::grow() {
  auto const added = chains_++;
  heads_.reach(added);
  if (added == 0) return;
  if (chains_ > 2 * full_round_) full_round_ *= 2;
  auto const split = added - full_round_;
  auto no = heads_[split].first;
  heads_[split].first = kNone;
  while (no != kNone) {
    auto& entry = entries_[no];
    auto const next = entry.next;
    auto& head = heads_[chain_of(entry.attribute, entry.value)];
    entry.next = head.first;
    head.first = no;
    no = next;
  }
}

void ClusterTable::count(AttributeIndex attribute, bool one_more) {
  if (attribute >= per_attribute_.size()) per_attribute_.resize(std::size_t{attribute} + 1);
  auto& clusters = per_attribute_[attribute];
  auto const place = std::ranges::lower_bound(attributes_, attribute);
  if (one_more && clusters == 0) attributes_.insert(place, attribute);
  if (!one_more && clusters == 1) attributes_.erase(place);
  clusters += one_more ? 1 : ~std::uint32_t{0};
}

}  // namespace leadex::targeting
