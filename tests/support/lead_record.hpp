#pragma once
// One lead while it is being made: values by column name, written as a CSV record or as a Lead in
// JSON. Tests only; one thread.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "server/json/time_text.hpp"

namespace leadex::test {

class LeadRecord {
 public:
  LeadRecord();

  /// "" takes the value away. The column has to exist.
  void set(std::string_view column, std::string_view text);
  void set_integer(std::string_view column, std::int64_t value);
  void set_boolean(std::string_view column, bool value);

  /// With CRLF, quoted where RFC 4180 asks for it.
  [[nodiscard]] std::string to_csv() const;
  [[nodiscard]] std::string to_ndjson() const;
  [[nodiscard]] static std::string csv_header();

 private:
  using Cell = std::variant<std::monostate, std::string, std::int64_t, bool>;
  [[nodiscard]] Cell& cell(std::string_view column);

  std::vector<Cell> cells_;  // by column
};

/// A record with too many or too few columns, or bytes that are not UTF-8; still one record.
[[nodiscard]] std::string spoil_csv(std::string const& record, std::uint64_t variant);
/// A line that is no JSON, no object, or not UTF-8.
[[nodiscard]] std::string spoil_ndjson(std::string const& line, std::uint64_t variant);

}  // namespace leadex::test
