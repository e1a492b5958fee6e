#pragma once
// Segment: up to kPlacesMax conjunctions in rank order with bit rows of their own. A Cluster is
// made of segments; a change of one conjunction touches one segment per cluster, so changes cost
// the same in a book of any size. One thread. Pure.

#include <algorithm>
#include <array>
#include <bit>
#include <memory>
#include <span>
#include <vector>

#include "matching/targeting/conjunction_table.hpp"
#include "matching/targeting/segment_layout.hpp"

namespace leadex::targeting {

/// What segments need to know of the index they are part of.
struct Surroundings {
  ConjunctionTable const& table;
  Schema const& schema;
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
  void erase(std::size_t place);
  void set_eligible(std::size_t place, bool eligible);
  /// Takes off the second half.
  [[nodiscard]] Segment split();
  /// Takes in all of `next`, which stands behind.
  void append(Segment const& next, Surroundings const& around);

  /// Calls visit(no) for each eligible conjunction that accepts `values`, in order, until one
  /// returns false.
  template <class Visit>
  void match(std::span<std::int64_t const> values, ConjunctionTable const& table,
             Visit visit) const;

 private:
  static constexpr std::size_t kWordsMax = kPlacesMax / BitRows::kWordBits;
  struct Rows {
    SegmentLayout layout;
    BitRows bits;
    std::uint32_t changes{};  // since the rows were laid out
    std::uint32_t loose{};    // of these, how many did not fit
  };
  // The places left over by the rows, and which of them must be asked themselves.
  struct Left {
    std::array<std::uint64_t, kWordsMax> places;
    std::array<std::uint64_t, kWordsMax> doubts;
  };

  void write(std::size_t place, ConjunctionNo no, Surroundings const& around);
  void lay_out(Surroundings const& around);
  [[nodiscard]] static bool join(Rows const& rows, std::span<std::int64_t const> values,
                                 Left& left);

  std::vector<ConjunctionNo> members_;
  std::unique_ptr<Rows> rows_;  // null: plain
};

template <class Visit>
void Segment::match(std::span<std::int64_t const> values, ConjunctionTable const& table,
                    Visit visit) const {
  if (rows_ == nullptr) {
    for (auto const no : members_) {
      if (table.eligible(no) && table.accepts(no, values) && !visit(no)) return;
    }
    return;
  }
  Left left;
  if (!join(*rows_, values, left)) return;
  for (std::size_t w = 0; w < rows_->bits.words(); ++w) {
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
