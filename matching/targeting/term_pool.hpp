#pragma once
// The conjunctions of TargetingIndex as packed bytes: some 7 bytes for a short list or a range.
// Blocks of like size are reused; nothing that is there ever moves. One thread. Pure.

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "matching/targeting/normal_form.hpp"

namespace leadex::targeting {

/// Where a conjunction lies in its TermPool.
using TermRef = std::uint32_t;

/// One packed term: the set of values that an attribute may have. Good while its block is kept.
class TermView {
 public:
  [[nodiscard]] AttributeIndex attribute() const { return attribute_; }
  [[nodiscard]] bool accepts_missing() const { return missing_; }
  [[nodiscard]] bool reaches_to_maximum() const { return open_high_; }  // as complements do
  [[nodiscard]] std::size_t intervals() const { return count_; }
  [[nodiscard]] Interval interval(std::size_t i) const { return {low(i), high(i)}; }
  /// kMissing allowed. @cost O(log intervals)
  [[nodiscard]] bool contains(std::int64_t value) const;
  /// How many values the set holds, missing included; nothing when they are more than `limit`.
  [[nodiscard]] std::optional<std::uint32_t> count_up_to(std::uint32_t limit) const;

  /// Unpacks the term at `from`; returns where the next one starts.
  std::byte const* read(std::byte const* from);

 private:
  [[nodiscard]] std::int64_t low(std::size_t i) const {
    return i == 0 && open_low_ ? kValueMin : at(i);
  }
  [[nodiscard]] std::int64_t high(std::size_t i) const {
    if (open_high_ && i + 1 == count_) return kValueMax;
    return points_ ? at(i) : at(count_ + i);
  }
  [[nodiscard]] std::int64_t at(std::size_t i) const;

  std::byte const* ends_{};  // offsets from base_: all lows, then (unless points) all highs
  std::int64_t base_{};
  std::uint32_t count_{};
  AttributeIndex attribute_{};
  std::uint8_t width_{};  // bytes of an offset
  bool missing_{};
  bool open_low_{};
  bool open_high_{};
  bool points_{};
};

class TermPool {
 public:
  [[nodiscard]] TermRef add(Conjunction const& terms);
  void release(TermRef ref);

  /// Calls visit(TermView const&) for each term, ascending by attribute, until one returns false.
  /// Returns whether all returned true.
  template <class Visit>
  bool all_terms(TermRef ref, Visit visit) const {
    auto const* from = block(ref);
    auto const* const end = from + length(from);
    TermView term;
    for (from += kLengthBytes; from != end;) {
      from = term.read(from);
      if (!visit(term)) return false;
    }
    return true;
  }
  void prefetch(TermRef ref) const { __builtin_prefetch(block(ref)); }
  /// Whether each term accepts the value of its attribute.
  [[nodiscard]] bool accepts(TermRef ref, std::span<std::int64_t const> values) const {
    return all_terms(ref,
                     [&](TermView const& term) { return term.contains(values[term.attribute()]); });
  }

 private:
  static constexpr std::size_t kUnit = 8;           // bytes; blocks are whole units
  static constexpr std::size_t kChunkUnits = 1024;  // of a chunk shared by many blocks
  static constexpr std::size_t kLengthBytes = 3;
  static constexpr std::size_t kSmallUnits = 32;  // one size class each up to here, then doubling
  static constexpr std::size_t kClasses = kSmallUnits + 12;
  static constexpr TermRef kNone = ~TermRef{0};

  [[nodiscard]] static std::size_t length(std::byte const* block) {
    return std::to_integer<std::size_t>(block[0]) | (std::to_integer<std::size_t>(block[1]) << 8) |
           (std::to_integer<std::size_t>(block[2]) << 16);
  }
  [[nodiscard]] static std::size_t class_of(std::size_t bytes);
  [[nodiscard]] static std::size_t units_of(std::size_t size_class);
  [[nodiscard]] TermRef take(std::size_t bytes);
  [[nodiscard]] std::byte* block(TermRef ref) const {
    return chunks_[ref / kChunkUnits].get() + ref % kChunkUnits * kUnit;
  }

  std::vector<std::unique_ptr<std::byte[]>> chunks_;
  std::array<TermRef, kClasses> free_ = [] {
    std::array<TermRef, kClasses> none{};
    none.fill(kNone);
    return none;
  }();
  std::size_t open_chunk_{0};
  std::size_t open_units_{kChunkUnits};  // taken of the open chunk
  std::vector<std::byte> packed_;        // of the conjunction being added
};

}  // namespace leadex::targeting
