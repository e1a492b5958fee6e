#pragma once
// One lead as a reader found it, before any check: texts by column, attributes in schema order.
// Views only; they live as long as the reader's row. CSV cells and JSON values share this form, so
// that one check judges both.

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>
#include <vector>

#include "server/intake/contact/lead_column.hpp"

namespace leadex::intake {

/// Text of a CSV cell: numbers and booleans are read out of it.
struct CellText {
  std::string_view text;
};
/// A JSON string: never a number.
struct JsonText {
  std::string_view text;
};
/// A JSON value of a type that no attribute has: null, fraction, array, object, huge number.
struct OtherJson {};

using RawScalar = std::variant<OtherJson, CellText, JsonText, std::int64_t, bool>;

struct RawTouchpoint {
  std::string_view at;
  std::string_view vehicle;
  std::string_view reason;
};

struct RawLead {
  std::array<std::optional<std::string_view>, kColumnCount> columns;
  /// By the market's attribute order; nullopt = not given. May be shorter than the market's list.
  std::vector<std::optional<RawScalar>> attributes;
  bool has_unknown_attribute = false;            // JSON named one that the market does not have
  std::optional<std::string_view> ask_currency;  // JSON asks say it; CSV asks are in the market's
  std::vector<std::string_view> consent_companies;
  std::vector<RawTouchpoint> touchpoints;  // JSON only

  [[nodiscard]] std::optional<std::string_view> const& at(Column column) const {
    return columns[index_of(column)];
  }
  [[nodiscard]] std::optional<std::string_view>& at(Column column) {
    return columns[index_of(column)];
  }
};

}  // namespace leadex::intake
