#pragma once
// The header of an upload against the columns of a lead and the attributes of a market: what each
// field of a record is. Pure; any thread.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "billing/values/result.hpp"
#include "server/intake/column_mapping.hpp"
#include "server/intake/contact/market_rules.hpp"
#include "server/intake/contact/raw_lead.hpp"

namespace leadex::intake {

enum class HeaderCode : std::uint8_t { unknown_column, duplicate_column, missing_column };
[[nodiscard]] std::string_view to_string(HeaderCode code);

struct HeaderFault {
  HeaderCode code{};
  std::string pointer;  ///< "/header/3" for the fourth column, "/header" for one that is missing
  std::string detail;   ///< names our own columns only, never what the client wrote
};

/// How a header is read beside what the market asks for.
struct HeaderRules {
  ColumnMapping const* mapping{};  ///< null: all columns have our names
  bool corrects{};                 ///< the columns that a list of refused rows adds may stand there
};

// What a list of refused rows has behind the uploader's own columns.
inline constexpr std::string_view kRowColumn = "leadex_row";
inline constexpr std::string_view kOutcomeColumn = "leadex_outcome";
inline constexpr std::string_view kCodeColumn = "leadex_code";
inline constexpr std::string_view kDetailColumn = "leadex_detail";

class CsvColumns {
 public:
  /// Names are compared exactly, blanks around them apart.
  /// @errors  every fault: unknown and duplicate columns in their order, then missing ones. Missing
  ///          is a column without which no row could be accepted.
  [[nodiscard]] static Result<CsvColumns, std::vector<HeaderFault>> make(
      std::span<std::string const> header, MarketRules const& rules, HeaderRules extra = {});

  /// @param fields  of one record, as many as the header has; the views live as long as theirs, and
  ///                constants as long as this.
  [[nodiscard]] RawLead read(std::span<std::string_view const> fields) const;

  /// What the file calls the place a reject points to; nothing when it has no such column.
  [[nodiscard]] std::optional<std::string> own_name(std::string_view pointer) const;
  /// The file is a list of refused rows that comes back: its cells may have a spreadsheet's marks.
  [[nodiscard]] bool is_list_of_refused() const;
  /// The row of the batch before that this one corrects; nothing when the file does not say it.
  /// @return 0 for what is no number
  [[nodiscard]] std::optional<std::int64_t> corrected_row(
      std::span<std::string_view const> fields) const;

 private:
  struct Constant {
    FieldTarget target;
    std::string text;
  };
  class Maker;
  CsvColumns() = default;

  std::vector<FieldTarget> targets_;   // by field
  std::vector<std::string> names_;     // by field, as the file has them
  std::vector<std::string> pointers_;  // by field
  std::vector<Constant> constants_;
  std::size_t attributes_{};
};

}  // namespace leadex::intake
