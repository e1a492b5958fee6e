#pragma once
// Column: how the values of one attribute are written as small unsigned codes. Used by Rows and
// RowFilter only. Pure; any thread.

#include <cstdint>
#include <vector>

#include "matching/targeting/normal_form.hpp"
#include "matching/targeting/schema.hpp"

namespace leadex::storefront {

using Code = std::uint64_t;

struct CodeInterval {  // both ends inclusive
  Code low{};
  Code high{};
};

/// Code 0 is "missing", 1 … span are base … base + span - 1. Any other value has the largest code
/// of the width; what it is stands beside the column. A column of moments holds int64 and knows
/// neither.
struct Column {
  targeting::AttributeType type{};
  std::uint8_t width{};  // bytes of a code: 1, 2, 4 or 8
  bool moments{};        // captured_us, for lead_age_s
  std::int64_t base{};   // value of code 1
  Code span{};           // values that have a code
  std::size_t lane{};    // place among the columns of the same width

  [[nodiscard]] static Column of(targeting::AttributeDef const& def);
  [[nodiscard]] static Column of_moments();

  [[nodiscard]] Code other() const { return ~Code{0} >> (64 - 8 * width); }
  [[nodiscard]] Code code_of(std::int64_t value) const;  // kMissing allowed
  [[nodiscard]] std::int64_t value_of(Code code) const;  // not of other()

  /// Codes of the accepted values, ascending, disjoint, no neighbours; other() never among them.
  [[nodiscard]] std::vector<CodeInterval> codes_of(targeting::ValueSet const& accepted) const;
  /// Of a column of moments: those at which a lead is of an accepted age at `now_us`.
  [[nodiscard]] std::vector<CodeInterval> codes_of_ages(targeting::ValueSet const& ages,
                                                        std::int64_t now_us) const;
};

}  // namespace leadex::storefront
