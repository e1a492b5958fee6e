#pragma once
// SlotOrder: all slots of a Storefront in one order, as sorted chunks. The places themselves are
// read from the rows. Only Storefront uses this; one thread. Pure.

#include <array>
#include <memory>
#include <span>
#include <vector>

#include "matching/storefront/rows.hpp"

namespace leadex::storefront {

class SlotOrder {
 public:
  static constexpr std::size_t kChunkSlots = 512;

  explicit SlotOrder(Order order) : order_(order) {}

  /// The row is there with its place. @cost a search and the move of at most one chunk; now and
  /// then a split, which moves the list of chunks.
  void insert(Rows const& rows, Slot slot);
  /// The row still has the place it was inserted with.
  void erase(Rows const& rows, Slot slot);

  struct Position {
    std::size_t chunk{};
    std::size_t index{};
  };
  /// Of the first slot behind `place`; good until the next change.
  [[nodiscard]] Position behind(Rows const& rows, Place const& place) const;
  /// The next slots in order, all of one chunk, at most `most`; none at the end. Moves `position`
  /// on behind them.
  [[nodiscard]] std::span<Slot const> take(Position& position, std::size_t most) const;

  [[nodiscard]] std::size_t bytes() const;

 private:
  struct Chunk {
    Place first;         // of its first slot
    std::size_t size{};  // never 0
    std::unique_ptr<std::array<Slot, kChunkSlots>> slots;
  };
  [[nodiscard]] std::size_t chunk_of(Place const& place) const;
  [[nodiscard]] std::size_t index_behind(Rows const& rows, Chunk const& chunk,
                                         Place const& place) const;
  void add_chunk(Rows const& rows, std::size_t at, std::span<Slot const> slots);
  void split(Rows const& rows, std::size_t at);
  void join_next(std::size_t at);

  Order order_;
  std::vector<Chunk> chunks_;
};

}  // namespace leadex::storefront
