#pragma once
// Writer of CSV (RFC 4180, CRLF, comma) into memory. For people the cells a spreadsheet would run
// as formulas are neutralised; for machines values stay byte for byte. One thread per writer.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace leadex::intake {

enum class CsvMode : std::uint8_t {
  spreadsheet,  // an apostrophe before a first = + - @ TAB CR LF NUL; it also marks +49… phones
  raw,
};

/// The cell as it was before CsvMode::spreadsheet marked it; any other cell as it is. What began
/// with an apostrophe and a formula's sign from the start loses it too.
[[nodiscard]] std::string_view without_mark(std::string_view cell);

class CsvWriter {
 public:
  explicit CsvWriter(CsvMode mode) : mode_{mode} {}

  /// Adds a cell to the current record.
  CsvWriter& cell(std::string_view text);
  /// Adds a figure the program made itself, such as -12.34: never neutralised. Text that is not a
  /// plain decimal is written as cell() would.
  CsvWriter& figure(std::string_view decimal);
  /// Ends the current record, which must have a cell.
  void end_row();
  void row(std::span<std::string_view const> cells);

  /// The text so far.
  [[nodiscard]] std::string const& text() const { return text_; }
  /// Gives the text away and goes on with an empty one, for replies that stream.
  [[nodiscard]] std::string take();

 private:
  void put(std::string_view prefix, std::string_view text);

  CsvMode mode_;
  std::string text_;
  std::size_t cells_ = 0;
  bool only_empty_ = true;
};

}  // namespace leadex::intake
