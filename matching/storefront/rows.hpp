#pragma once
// Rows: the listings of a Storefront as columns. A listing keeps its row, named by its slot, until
// it goes; the row is then used again. Only Storefront and its parts use this; one thread. Pure.

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <tuple>
#include <vector>

#include "matching/storefront/column.hpp"
#include "matching/storefront/query.hpp"

namespace leadex::storefront {

using Slot = std::uint32_t;

inline constexpr std::size_t kSegmentRows = 2048;  // allocated at once
inline constexpr std::size_t kBlockRows = 512;     // looked at together by a pass
inline constexpr std::size_t kBlockWords = kBlockRows / 64;
using Block = std::array<std::uint64_t, kBlockWords>;  // one bit a row
[[nodiscard]] int population(Block const& block);      // bits set
inline constexpr std::size_t kSlotsMax = std::size_t{1} << 31;

class Rows {
 public:
  explicit Rows(targeting::Schema schema);

  [[nodiscard]] Slot add(Entry const& entry);
  void drop(Slot slot);
  void set_ask(Slot slot, std::int64_t ask_micros) { segment(slot).ask[row(slot)] = ask_micros; }
  void set_supply(Slot slot, std::int32_t shares_left, bool whole);

  [[nodiscard]] std::int64_t lead_no(Slot slot) const { return segment(slot).lead_no[row(slot)]; }
  [[nodiscard]] Place place(Order order, Slot slot) const;
  /// place().first alone, which mostly is enough to compare.
  [[nodiscard]] std::int64_t first_of(Order order, Slot slot) const;

  /// first_of() of the rows in `block`, which begins at `first`; the other places keep what they
  /// held.
  void firsts_of(Order order, Slot first, Block const& block,
                 std::array<std::int64_t, kBlockRows>& firsts) const;

  /// Rows that rest and of which so much is left, of the block that begins at `first`.
  [[nodiscard]] Block supply(Supply supply, Slot first) const;
  [[nodiscard]] bool supplied(Supply supply, Slot slot) const {
    auto const& words = segment(slot).supply[static_cast<std::size_t>(supply)];
    return ((words[row(slot) / 64] >> (slot % 64)) & 1) != 0;
  }

  /// Codes of a column from `first` on, to the end of its segment. T is as wide as the column.
  template <class T>
  [[nodiscard]] T const* codes(Column const& column, Slot first) const {
    return std::get<std::vector<T>>(segment(first).codes).data() + column.lane * kSegmentRows +
           row(first);
  }
  [[nodiscard]] Column const& column(targeting::AttributeIndex attribute) const {
    return columns_[attribute];
  }
  /// Values of that column that have no code of their own, by slot.
  [[nodiscard]] std::map<Slot, std::int64_t> const& others(
      targeting::AttributeIndex attribute) const {
    return others_[attribute];
  }
  /// How many listings have each code; empty for a column that is not counted (integers, texts).
  [[nodiscard]] std::vector<std::uint32_t> const& code_counts(
      targeting::AttributeIndex attribute) const {
    return counts_[attribute];
  }

  [[nodiscard]] Slot end() const { return static_cast<Slot>(segments_.size() * kSegmentRows); }
  [[nodiscard]] std::size_t size() const { return supplied_[0]; }
  [[nodiscard]] std::size_t size(Supply supply) const {
    return supplied_[static_cast<std::size_t>(supply)];
  }
  [[nodiscard]] targeting::Schema const& schema() const { return schema_; }
  [[nodiscard]] std::size_t bytes() const;

 private:
  static constexpr std::int64_t kNoFreeSlot = -1;
  struct Segment {
    std::array<std::int64_t, kSegmentRows> lead_no{};  // of a free row: the next free slot
    std::array<std::int64_t, kSegmentRows> ask{};
    std::array<std::int64_t, kSegmentRows> listed{};
    std::array<std::array<std::uint64_t, kSegmentRows / 64>, 3> supply{};
    std::tuple<std::vector<std::uint8_t>, std::vector<std::uint16_t>, std::vector<std::uint32_t>,
               std::vector<std::uint64_t>>
        codes;
  };

  [[nodiscard]] Segment& segment(Slot slot) { return *segments_[slot / kSegmentRows]; }
  [[nodiscard]] Segment const& segment(Slot slot) const { return *segments_[slot / kSegmentRows]; }
  [[nodiscard]] static std::size_t row(Slot slot) { return slot % kSegmentRows; }
  void grow();
  [[nodiscard]] Code code(Column const& column, Slot slot) const;
  void set_code(Column const& column, Slot slot, Code code);
  void set_bit(Slot slot, Supply supply, bool on);
  [[nodiscard]] std::int64_t score_place(Code code, Slot slot) const;
  [[nodiscard]] std::int64_t captured_place(Code code) const {
    return -(columns_[schema_.lead_age_s()].value_of(code) / kCapturedStepUs);
  }

  targeting::Schema schema_;
  std::vector<Column> columns_;         // by attribute
  std::array<std::size_t, 4> lanes_{};  // columns 1, 2, 4 and 8 bytes wide
  std::vector<std::unique_ptr<Segment>> segments_;
  std::vector<std::map<Slot, std::int64_t>> others_;
  std::vector<std::vector<std::uint32_t>> counts_;
  std::array<std::size_t, 3> supplied_{};  // rows by Supply
  std::int64_t free_{kNoFreeSlot};
};

/// Calls `use` with a value of the unsigned type that is `width` bytes wide.
template <class Use>
decltype(auto) with_width(std::uint8_t width, Use&& use) {
  switch (width) {
    case 1:
      return use(std::uint8_t{});
    case 2:
      return use(std::uint16_t{});
    case 4:
      return use(std::uint32_t{});
    default:
      return use(std::uint64_t{});
  }
}

}  // namespace leadex::storefront
