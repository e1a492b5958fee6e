#pragma once
// ColumnMapping: what one generator calls the columns of a market's leads, which of its columns
// mean nothing here, and values that all its rows have. Holds no personal data, so columns of the
// person cannot be constants. Pure; any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "billing/values/result.hpp"
#include "server/intake/contact/market_rules.hpp"
#include "server/intake/contact/raw_lead.hpp"
#include "server/intake/contact/row_fault.hpp"
#include "server/json/field_error.hpp"
#include "server/json/value.hpp"

namespace leadex::intake {

/// What a field of a record is.
struct FieldTarget {
  enum class Kind : std::uint8_t { column, attribute, companies, ignored, corrected_row };
  Kind kind{};
  std::size_t index{};  ///< of the column or the attribute
  friend bool operator==(FieldTarget const&, FieldTarget const&) = default;
};

/// The column of a lead or the market's attribute of that name; a market's attribute called
/// consent_companies is that.
[[nodiscard]] std::optional<FieldTarget> target_named(std::string_view name,
                                                      MarketRules const& rules);
/// Where a reject points to for it, as check_lead says it; "" for what no reject points to.
[[nodiscard]] std::string pointer_of(FieldTarget const& target, MarketRules const& rules);

/// The companies a consent names, of one cell. A blank cell names nobody: the consent is open. An
/// empty name is kept, for the check to find.
[[nodiscard]] std::vector<std::string_view> split_companies(std::string_view cell);

struct ColumnMapping {
  struct Pair {
    std::string from;  ///< theirs, or for a constant: ours
    std::string to;    ///< ours, or for a constant: the value
    friend bool operator==(Pair const&, Pair const&) = default;
  };
  std::vector<Pair> columns;
  std::vector<std::string> ignored;
  std::vector<Pair> constants;

  /// Our name of theirs; nothing when they call it as we do.
  [[nodiscard]] std::optional<std::string_view> ours_of(std::string_view theirs) const;
  [[nodiscard]] bool ignores(std::string_view theirs) const;
  friend bool operator==(ColumnMapping const&, ColumnMapping const&) = default;
};

/// @param document  `{"columns":[{"from","to"}],"ignored":[…],"constants":[{"column","value"}]}`,
///                  of the contract's shape.
[[nodiscard]] ColumnMapping read_mapping(json::Value const& document);
/// The same text for the same mapping; read_mapping of it gives it back.
[[nodiscard]] std::string mapping_json(ColumnMapping const& mapping);
/// All faults: names that are neither column nor attribute, names or targets that stand twice,
/// constants of the person. Empty when it is right.
[[nodiscard]] std::vector<json::FieldError> check_mapping(ColumnMapping const& mapping,
                                                          MarketRules const& rules);

/// One line of NDJSON under a mapping: a flat object whose keys are columns, theirs or ours. Texts
/// for columns; texts, whole numbers and booleans for attributes.
/// The views look into `document` and `mapping`, which outlive the result.
/// @errors  malformed_row for each key that is unknown, of a wrong type, or stands twice
[[nodiscard]] Result<RawLead, std::vector<RowFault>> read_mapped_document(
    json::Value const& document, MarketRules const& rules, ColumnMapping const& mapping);

/// What the uploader calls the place a reject points to, in such a line; nothing for ours.
[[nodiscard]] std::optional<std::string> own_name_of(std::string_view pointer,
                                                     MarketRules const& rules,
                                                     ColumnMapping const& mapping);

}  // namespace leadex::intake
