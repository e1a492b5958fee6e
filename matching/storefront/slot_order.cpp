#include "matching/storefront/slot_order.hpp"

#include <algorithm>

#include "billing/values/check.hpp"

namespace leadex::storefront {

// The last chunk that begins at `place` or before it, or the first one.
std::size_t SlotOrder::chunk_of(Place const& place) const {
  auto const next = std::ranges::upper_bound(chunks_, place, {}, &Chunk::first);
  return next == chunks_.begin() ? 0 : static_cast<std::size_t>(next - chunks_.begin()) - 1;
}

std::size_t SlotOrder::index_behind(Rows const& rows, Chunk const& chunk,
                                    Place const& place) const {
  std::span const slots(chunk.slots->data(), chunk.size);
  auto const next = std::ranges::upper_bound(slots, place, {},
                                             [&](Slot slot) { return rows.place(order_, slot); });
  return static_cast<std::size_t>(next - slots.begin());
}

void SlotOrder::add_chunk(Rows const& rows, std::size_t at, std::span<Slot const> slots) {
  Chunk chunk;
  chunk.slots = std::make_unique<std::array<Slot, kChunkSlots>>();
  std::ranges::copy(slots, chunk.slots->begin());
  chunk.size = slots.size();
  chunk.first = rows.place(order_, slots[0]);
  chunks_.insert(chunks_.begin() + static_cast<std::ptrdiff_t>(at), std::move(chunk));
}

void SlotOrder::insert(Rows const& rows, Slot slot) {
  auto const place = rows.place(order_, slot);
  if (chunks_.empty()) return add_chunk(rows, 0, {&slot, 1});
  auto at = chunk_of(place);
  auto index = index_behind(rows, chunks_[at], place);
  if (chunks_[at].size == kChunkSlots) {
    // What arrives in order, as times do, leaves full chunks behind instead of halves.
    if (index == 0) return add_chunk(rows, at, {&slot, 1});
    if (index < kChunkSlots) {
      split(rows, at);
      if (index > chunks_[at].size) index -= chunks_[at++].size;
    } else if (++at == chunks_.size() || chunks_[at].size == kChunkSlots) {
      return add_chunk(rows, at, {&slot, 1});
    } else {
      index = 0;
    }
  }
  auto& chunk = chunks_[at];
  auto const begin = chunk.slots->begin() + static_cast<std::ptrdiff_t>(index);
  auto const end = chunk.slots->begin() + static_cast<std::ptrdiff_t>(chunk.size);
  std::copy_backward(begin, end, end + 1);
  *begin = slot;
  ++chunk.size;
  if (index == 0) chunk.first = place;
}

void SlotOrder::split(Rows const& rows, std::size_t at) {
  constexpr std::size_t kHalf = kChunkSlots / 2;
  std::array<Slot, kHalf> upper;
  std::copy_n(chunks_[at].slots->begin() + kHalf, kHalf, upper.begin());
  chunks_[at].size = kHalf;
  add_chunk(rows, at + 1, upper);
}

void SlotOrder::erase(Rows const& rows, Slot slot) {
  auto const place = rows.place(order_, slot);
  LEADEX_CHECK(!chunks_.empty());
  auto const at = chunk_of(place);
  auto& chunk = chunks_[at];
  auto const index = index_behind(rows, chunk, place);
  LEADEX_CHECK(index > 0 && (*chunk.slots)[index - 1] == slot);
  auto const end = chunk.slots->begin() + static_cast<std::ptrdiff_t>(chunk.size);
  std::copy(chunk.slots->begin() + static_cast<std::ptrdiff_t>(index), end,
            chunk.slots->begin() + static_cast<std::ptrdiff_t>(index) - 1);
  if (--chunk.size == 0) {
    chunks_.erase(chunks_.begin() + static_cast<std::ptrdiff_t>(at));
    return;
  }
  if (index == 1) chunk.first = rows.place(order_, (*chunk.slots)[0]);
  if (at > 0) join_next(at - 1);
  if (at + 1 < chunks_.size()) join_next(at);
}

// Joins a chunk with the next one when both are rather empty. What is joined is far from full, so
// that it does not split again at once.
void SlotOrder::join_next(std::size_t at) {
  constexpr std::size_t kSparse = kChunkSlots / 2;
  if (at + 1 >= chunks_.size()) return;
  auto& chunk = chunks_[at];
  auto& next = chunks_[at + 1];
  if (chunk.size + next.size > kSparse) return;
  std::copy_n(next.slots->begin(), next.size,
              chunk.slots->begin() + static_cast<std::ptrdiff_t>(chunk.size));
  chunk.size += next.size;
  chunks_.erase(chunks_.begin() + static_cast<std::ptrdiff_t>(at) + 1);
}

SlotOrder::Position SlotOrder::behind(Rows const& rows, Place const& place) const {
  if (chunks_.empty()) return {};
  auto const at = chunk_of(place);
  return {at, index_behind(rows, chunks_[at], place)};
}

std::span<Slot const> SlotOrder::take(Position& position, std::size_t most) const {
  while (position.chunk < chunks_.size() && position.index == chunks_[position.chunk].size) {
    position = {position.chunk + 1, 0};
  }
  if (position.chunk == chunks_.size()) return {};
  auto const& chunk = chunks_[position.chunk];
  auto const count = std::min(most, chunk.size - position.index);
  std::span const taken(chunk.slots->data() + position.index, count);
  position.index += count;
  return taken;
}

std::size_t SlotOrder::bytes() const {
  return chunks_.capacity() * sizeof(Chunk) +
         chunks_.size() * sizeof(std::array<Slot, kChunkSlots>);
}

}  // namespace leadex::storefront
