#pragma once
// Targeting trees as an OR of conjunctions: per attribute the set of accepted values, "missing"
// included. Used by TargetingIndex and by validate(). Pure; any thread.

#include <cstdint>
#include <limits>
#include <vector>

#include "billing/values/result.hpp"
#include "matching/targeting/expression.hpp"
#include "matching/targeting/schema.hpp"

namespace leadex::targeting {

/// All values but kMissing. Sets reach beyond an attribute's domain so that `not` means the same
/// here and in evaluate() even for a value the schema would not admit today.
inline constexpr std::int64_t kValueMin = std::numeric_limits<std::int64_t>::min() + 1;
inline constexpr std::int64_t kValueMax = std::numeric_limits<std::int64_t>::max();

struct Interval {  // both ends inclusive
  std::int64_t low{};
  std::int64_t high{};
  friend bool operator==(Interval const&, Interval const&) = default;
};

class ValueSet {
 public:
  [[nodiscard]] static ValueSet of(Expression const& predicate);  // in or range
  [[nodiscard]] static ValueSet everything();

  [[nodiscard]] bool contains(std::int64_t value) const;  // kMissing allowed
  [[nodiscard]] bool intersects(std::int64_t low, std::int64_t high) const;
  [[nodiscard]] bool covers(std::int64_t low, std::int64_t high) const;
  [[nodiscard]] bool empty() const { return intervals_.empty() && !missing_; }
  [[nodiscard]] bool is_everything() const;
  [[nodiscard]] bool accepts_missing() const { return missing_; }
  [[nodiscard]] std::vector<Interval> const& intervals() const { return intervals_; }

  [[nodiscard]] ValueSet complement() const;
  [[nodiscard]] ValueSet intersect(ValueSet const& other) const;
  [[nodiscard]] ValueSet unite(ValueSet const& other) const;
  friend bool operator==(ValueSet const&, ValueSet const&) = default;

 private:
  void append(Interval interval);    // in order; joins neighbours
  std::vector<Interval> intervals_;  // ascending, disjoint, no neighbours
  bool missing_{false};
};

struct Term {
  AttributeIndex attribute{};
  ValueSet accepted;
};
/// Terms ascending by attribute, one each; an attribute without a term accepts everything.
using Conjunction = std::vector<Term>;

/// @return  at most kConjunctionsMax conjunctions; none when nothing can match.
/// @errors  too_complex. `expression` keeps the other limits of validate().
[[nodiscard]] Result<std::vector<Conjunction>, ExpressionFault> to_normal_form(
    Expression const& expression);

}  // namespace leadex::targeting
