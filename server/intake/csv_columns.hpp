#pragma once
// The header of an upload against the columns of a lead and the attributes of a market: what each
// field of a record is. Pure; any thread.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "billing/values/result.hpp"
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

class CsvColumns {
 public:
  /// Names are compared exactly, blanks around them apart.
  /// @errors  every fault: unknown and duplicate columns in their order, then missing ones. Missing
  ///          is a column without which no row could be accepted.
  [[nodiscard]] static Result<CsvColumns, std::vector<HeaderFault>> make(
      std::span<std::string const> header, MarketRules const& rules);

  /// @param fields  of one record, as many as the header has; the views live as long as theirs.
  [[nodiscard]] RawLead read(std::span<std::string_view const> fields) const;

 private:
  struct Target {
    enum class Kind : std::uint8_t { column, attribute, companies };
    Kind kind{};
    std::size_t index{};
  };
  CsvColumns() = default;

  std::vector<Target> targets_;  // by field
  std::size_t attributes_{};
};

}  // namespace leadex::intake
