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
  static constexpr std::size_t kPlacesMax = 512;
  /// So few are asked one by one, without rows.
  static constexpr std::size_t kPlainMax = 24;

  [[nodiscard]] std::size_t size() const { return members_.size(); }
  [[nodiscard]] ConjunctionNo front() const { return members_.front(); }
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

  /// Calls visit(no) for each eligible conjunction that accepts `values`, in order, until one
  /// returns false. `chosen`: by tag of the layout.
  template <class Visit>
  void match(std::span<std::int64_t const> values, std::span<ChosenRows const, 2> chosen,
             AttributeIndex skipped, ConjunctionTable const& table, Visit visit) const;
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

  std::vector<ConjunctionNo> members_;
  BitRows bits_;
  Layouts::Tag layout_{Layouts::kNone};
};

template <class Visit>
void Segment::match(std::span<std::int64_t const> values, std::span<ChosenRows const, 2> chosen,
                    AttributeIndex skipped, ConjunctionTable const& table, Visit visit) const {
  if (layout_ == Layouts::kNone) {
    for (auto const no : members_) {
      if (table.eligible(no) && table.accepts(no, values) && !visit(no)) return;
    }
    return;
  }
  Left left;
  if (!join(chosen[layout_], skipped, left)) return;
  for (std::size_t w = 0; w < bits_.words(); ++w) {
    for (auto bits = left.places[w]; bits != 0; bits &= bits - 1) {
      auto const no =
          members_[w * BitRows::kWordBits + static_cast<std::size_t>(std::countr_zero(bits))];
      bool const doubted = (left.doubts[w] & bits & (~bits + 1)) != 0;
      if (doubted && !table.accepts(no, values)) continue;
      if (!visit(no)) return;
    }
  }
}

}  // namespace leadex::targeting
