#include "matching/quality/row_sketch.hpp"

#include <algorithm>
#include <limits>

namespace leadex::quality {

std::optional<RowSketch> RowSketch::restore(std::vector<std::uint64_t> prints, bool whole) {
  bool const ascending =
      std::ranges::adjacent_find(prints, std::ranges::greater_equal{}) == prints.end();
  if (!ascending || prints.size() > kPrintsMax) return std::nullopt;
  if (!whole && prints.size() < kPrintsMax) return std::nullopt;  // nothing is left out earlier
  RowSketch sketch;
  sketch.settled_ = prints.size();
  sketch.prints_ = std::move(prints);
  sketch.whole_ = whole;
  return sketch;
}

void RowSketch::add(std::uint64_t print) {
  // Above the largest of a full picture nothing changes, but that it is not all.
  if (settled_ == kPrintsMax && print >= prints_[settled_ - 1]) {
    if (print > prints_[settled_ - 1]) whole_ = false;
    return;
  }
  prints_.push_back(print);
  if (prints_.size() == 2 * kPrintsMax) settle();
}

std::span<std::uint64_t const> RowSketch::prints() {
  settle();
  return prints_;
}

bool RowSketch::whole() {
  settle();
  return whole_;
}

void RowSketch::settle() {
  if (prints_.size() == settled_) return;
  std::ranges::sort(prints_);
  auto const same = std::ranges::unique(prints_);
  prints_.erase(same.begin(), same.end());
  if (prints_.size() > kPrintsMax) {
    prints_.resize(kPrintsMax);
    whole_ = false;
  }
  settled_ = prints_.size();
}

Overlap overlap(RowSketch& lot, RowSketch& other) {
  auto const known_up_to = [](RowSketch& sketch) {
    return sketch.whole() ? std::numeric_limits<std::uint64_t>::max() : sketch.prints().back();
  };
  auto const limit = std::min(known_up_to(lot), known_up_to(other));
  auto const others = other.prints();
  Overlap seen;
  auto at = others.begin();
  for (auto const print : lot.prints()) {
    if (print > limit) break;
    while (at != others.end() && *at < print) ++at;
    ++seen.compared;
    if (at != others.end() && *at == print) ++seen.shared;
  }
  return seen;
}

}  // namespace leadex::quality
