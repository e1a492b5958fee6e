#pragma once
// By which attribute a conjunction is found. A short list of choices or texts is a good one: a lead
// then looks only at the conjunctions that name its value. Used inside TargetingIndex. Pure.

#include <cstdint>
#include <span>
#include <vector>

#include "matching/targeting/conjunction_table.hpp"
#include "matching/targeting/normal_form.hpp"
#include "matching/targeting/schema.hpp"

namespace leadex::targeting {

/// A conjunction stands once for each value of its list, so longer lists are no access.
inline constexpr std::uint32_t kAccessValuesMax = 32;

/// How many different values the texts of a book have, by attribute. A guess from a sample: it only
/// decides how much work leads are.
class TextCounts {
 public:
  TextCounts() = default;
  /// @cost O(values)
  TextCounts(Schema const& schema, TermPool const& pool, std::span<TermRef const> sample);
  [[nodiscard]] std::uint64_t of(AttributeIndex attribute) const {
    return attribute < counts_.size() ? counts_[attribute] : kMany;
  }

 private:
  static constexpr std::uint64_t kMany = 4096;  // when nearly each is another one
  std::vector<std::uint64_t> counts_;
};

/// The attribute whose list leads look at least for its length; kNoAttribute when there is no list
/// that would spare them much. @cost O(terms)
[[nodiscard]] AttributeIndex choose_access(Conjunction const& terms, Schema const& schema,
                                           TextCounts const& texts);

/// Calls visit(value) for each value that `term`, a list of at most kAccessValuesMax values,
/// accepts.
template <class Visit>
void for_each_value(TermView const& term, Visit visit) {
  if (term.accepts_missing()) visit(kMissing);
  for (std::size_t i = 0; i < term.intervals(); ++i) {
    auto const [low, high] = term.interval(i);
    for (auto value = low; value <= high; ++value) visit(value);
  }
}

}  // namespace leadex::targeting
