#pragma once
// CSV as the tests of uploads write and read it; apart from the program's own reader and writer on
// purpose. Pure; any thread.

#include <string>
#include <string_view>
#include <vector>

namespace leadex::e2e {

using Cells = std::vector<std::string>;

/// One record with CRLF; every cell quoted.
[[nodiscard]] std::string csv_record(Cells const& cells);
/// All records of a file as RFC 4180 reads them.
[[nodiscard]] std::vector<Cells> read_csv(std::string_view text);

/// Columns of the rows below: external_id, address and what the seed market asks for.
[[nodiscard]] std::string lead_csv_header();
struct LeadCells {
  std::string external_id;
  std::string address;
  std::string email;  ///< empty: one of the row's own
};
/// A row that is sound but for what `cells` bring; each call makes another person.
[[nodiscard]] std::string lead_csv_row(LeadCells const& cells);
/// `n` sound rows.
[[nodiscard]] std::string lead_csv_rows(int n);

/// Packs as gzip.
[[nodiscard]] std::string gzip(std::string_view text);

}  // namespace leadex::e2e
