#pragma once
// RowFilter: an OR of conjunctions, as asked by one question, over the rows of a Storefront. Lives
// as long as the question; one thread. Pure.

#include <cstdint>
#include <span>
#include <vector>

#include "matching/storefront/predicate.hpp"
#include "matching/storefront/rows.hpp"

namespace leadex::storefront {

class RowFilter {
 public:
  /// `rows` stays as it is while the filter is used.
  RowFilter(Rows const& rows, std::span<targeting::Conjunction const> conjunctions, Supply supply,
            std::int64_t now_us);

  /// Rows that match, of the block that begins at `first`.
  [[nodiscard]] Block block(Slot first);
  /// Of at most 64 rows anywhere; bit i stands for slots[i].
  [[nodiscard]] std::uint64_t pick(std::span<Slot const> slots);

  [[nodiscard]] bool empty() const { return conjunctions_.empty(); }  // nothing can match

 private:
  struct Test {
    Predicate predicate;
    Block answer{};  // of the rows being looked at
    bool answered{};
    bool shared{};  // by several conjunctions
  };
  [[nodiscard]] std::size_t test_of(targeting::Term const& term, std::int64_t now_us,
                                    std::vector<targeting::Term const*>& known);
  void rarest_first();

  Rows const& rows_;
  Supply supply_;
  std::vector<Test> tests_;                             // each different one once
  std::vector<std::vector<std::size_t>> conjunctions_;  // places in tests_
};

}  // namespace leadex::storefront
