#pragma once
// Predicate: "this column holds one of these values", for many rows at once. Used by RowFilter and
// the facets; one thread. Pure.

#include <cstdint>
#include <span>
#include <vector>

#include "matching/storefront/rows.hpp"

namespace leadex::storefront {

class Predicate {
 public:
  Predicate(Rows const& rows, targeting::AttributeIndex attribute,
            targeting::ValueSet const& accepted, std::int64_t now_us);

  /// Of the kBlockRows rows from `first` on. Rows that are free mean nothing.
  [[nodiscard]] Block block(Rows const& rows, Slot first) const;
  /// Those of `held`, which are of the same rows. Cheaper when they are few.
  [[nodiscard]] Block narrow(Rows const& rows, Slot first, Block const& held) const;
  /// What block() costs, for comparing predicates: it follows the bytes read and the tests made.
  [[nodiscard]] std::size_t cost(Rows const& rows) const;
  /// Of at most 64 rows anywhere; bit i stands for slots[i].
  [[nodiscard]] std::uint64_t pick(Rows const& rows, std::span<Slot const> slots) const;

 private:
  enum class Test : std::uint8_t {
    intervals,  // few: compared
    table,      // narrow codes: looked up
    search,     // many: a bit by the end of the code sorts most out, then they are searched
  };
  template <class T, class Use>
  void with_test(Use&& use) const;
  template <class T>
  [[nodiscard]] std::uint64_t word(T const* codes) const;  // of 64 codes
  [[nodiscard]] bool found(Code code) const;
  void choose_test(Column const& column);

  targeting::AttributeIndex attribute_;
  targeting::ValueSet accepted_;
  std::vector<CodeInterval> intervals_;
  Test test_{Test::intervals};
  bool negated_{};                   // the intervals are those refused
  std::vector<std::uint8_t> table_;  // by code, or by the last bits of the code
};

}  // namespace leadex::storefront
