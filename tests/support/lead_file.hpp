#pragma once
// Makes upload files of any length: the bank file's real attributes with synthetic contacts, a
// stated share of planted faults, and an oracle that says what was planted where. The same options
// give the same bytes; rows are independent of each other. Tests and leadex-make-leads; one thread.

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "billing/values/time.hpp"
#include "tests/support/bank_contacts.hpp"

namespace leadex::test {

enum class LeadFormat : std::uint8_t { csv, ndjson };

/// What the row check has to say about a row. `none`: the row is to be accepted.
enum class PlantedFault : std::uint8_t {
  none,
  malformed_row,
  missing_field,
  name_invalid,
  email_invalid,
  phone_invalid,
  country_mismatch,
  underage,
  consent_missing,
  consent_expired,
  attribute_invalid,
  duplicate_in_batch
};
/// The code of the API; "" for none.
[[nodiscard]] std::string_view code_of(PlantedFault fault);

struct LeadFileOptions {
  std::uint64_t rows = 22'606;
  std::uint64_t seed = 1;
  Timestamp now;
  std::uint64_t fault_bp = 500;  // share of rows with a planted fault, basis points
  std::uint64_t dead_bp = 300;   // share of the good rows whose number nobody answers
  LeadFormat format = LeadFormat::csv;
};

struct LeadRow {
  std::string text;  // one record with its line end
  PlantedFault fault = PlantedFault::none;
  std::uint64_t duplicate_of = 0;  // row number, for duplicate_in_batch
  bool dead_number = false;        // for the scripted verifier; never a fault of the row
  bool bought = false;             // the real outcome of the bank's contact
};

class LeadFile {
 public:
  /// @param contacts  not empty; cycled when rows ask for more, always with new people.
  LeadFile(std::vector<BankContact> contacts, LeadFileOptions options);

  /// Header with its line end; "" for NDJSON.
  [[nodiscard]] std::string header() const;

  /// @param row  from 1 to options.rows: the number a batch gives this data record.
  [[nodiscard]] LeadRow row(std::uint64_t row) const;

  /// Streams all rows, and one oracle line each: row,fault,duplicate_of,dead_number,bought.
  /// False when a stream failed.
  [[nodiscard]] bool write(std::ostream& leads, std::ostream& oracle) const;

 private:
  [[nodiscard]] PlantedFault fault_of(std::uint64_t row) const;
  [[nodiscard]] std::optional<std::uint64_t> clean_row_before(std::uint64_t row) const;

  std::vector<BankContact> contacts_;
  LeadFileOptions options_;
};

/// The "attributes" of the market such files fit, for POST /v1/admin/markets.
[[nodiscard]] std::string_view bank_market_attributes_json();

}  // namespace leadex::test
