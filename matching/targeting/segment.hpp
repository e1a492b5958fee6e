#pragma once
// Segment: up to kPlacesMax conjunctions in rank order with bit rows of their own. A Cluster is
// made of segments; a change of one conjunction touches one segment per cluster, so changes cost
// the same in a book of any size. One thread. Pure.

#include <algorithm>
#include <array>
#include <bit>
#include <span>
#include <vector>

#include "matching/targeting/conjunction_table.hpp"
#include "matching/targeting/found_list.hpp"
#include "matching/targeting/layouts.hpp"

namespace leadex::targeting {

/// What segments need to know of the index they are part of.
struct Surroundings {
  ConjunctionTable const& table;
  Layouts& layouts;
  AttributeIndex skipped{kNoAttribute};  // all members accept a lead's value: they are found by it
};

class Segment {
 public:
  static constexpr std::size_t kPlacesMax = 1024;
  /// So few are asked one by one, without rows.
  static constexpr std::size_t kPlainMax = 24;

  [[nodiscard]] std::size_t size() const { return members_.size(); }
  /// The key of the first place; of no use when there is none.
  [[nodiscard]] PlaceKey const& front() const { return front_; }
  [[nodiscard]] ConjunctionNo at(std::size_t place) const { return members_[place]; }
  /// The first place whose conjunction does not stand before `key`.
  [[nodiscard]] std::size_t place_for(PlaceKey const& key, ConjunctionTable const& table) const;

  /// @cost O(rows) mostly; now and then a new layout, O(members). Never more.
  void insert(std::size_t place, ConjunctionNo no, Surroundings const& around);
  void erase(std::size_t place, Surroundings const& around);
  void set_eligible(std::size_t place, bool eligible);
  /// Takes off the second half.
  [[nodiscard]] Segment split(Surroundings const& around);
  /// Takes in all of `next`, which stands behind and is empty then.
  void append(Segment& next, Surroundings const& around);
  /// Moves to the current layout; false when it is there already or has no rows.
  bool modernise(Surroundings const& around);

  /// Appends, in order, the conjunctions that may accept the values that `chosen` (by tag of the
  /// layout) was chosen for. Those that are not doubted do accept them, and are eligible.
  void collect(std::span<ChosenRows const, 2> chosen, AttributeIndex skipped,
               FoundList& found) const;
  /// Fetches the rows that match() will look at into the cache.
  void prefetch(std::span<ChosenRows const, 2> chosen) const;

 private:
  static constexpr std::size_t kWordsMax = kPlacesMax / BitRows::kWordBits;
  // The places left over by the rows, and which of them must be asked themselves.
  struct Left {
    std::array<std::uint64_t, kWordsMax> places;
    std::array<std::uint64_t, kWordsMax> doubts;
  };

  bool write(std::size_t place, ConjunctionNo no, Surroundings const& around);
  void lay_out(Surroundings const& around);
  void drop_rows(Surroundings const& around);
  [[nodiscard]] bool join(ChosenRows const& chosen, AttributeIndex skipped, Left& left) const;
  template <std::size_t kWords>
  [[nodiscard]] bool join_words(std::size_t from, ChosenRows const& chosen, AttributeIndex skipped,
                                Left& left) const;
  [[nodiscard]] std::span<RangeCode> codes_at(std::size_t place) {
    return std::span(codes_).subspan(place * code_count_, code_count_);
  }
  [[nodiscard]] std::vector<RangeCode>::iterator code_place(std::size_t place) {
    return codes_.begin() + static_cast<std::ptrdiff_t>(place * code_count_);
  }
  void note_front(ConjunctionTable const& table);

  PlaceKey front_;  // a copy: who looks for a segment needs no more
  std::vector<ConjunctionNo> members_;
  BitRows bits_;
  std::vector<RangeCode> codes_;  // code_count_ for each place
  std::uint8_t code_count_{0};
  Layouts::Tag layout_{Layouts::kNone};
};

}  // namespace leadex::targeting
