#pragma once
// Reader of CSV (RFC 4180) that is pushed bytes as they arrive and hands out one record at a time
// in bounded memory. The same bytes give the same records however they are cut. One thread per
// reader.

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "billing/values/result.hpp"

namespace leadex::intake {

struct CsvLimits {
  std::size_t row_bytes = 64ULL * 1024U;  // raw bytes of one record without its line end
  std::size_t columns = 256;
};

/// Why the whole file is refused. The header is the first record.
enum class CsvFileError : std::uint8_t {
  unsupported_encoding,  // UTF-16 or UTF-32
  empty,                 // no header
  header_malformed,      // the header is what a malformed record would be
  too_many_columns,      // in the header
};

/// Why one record is `malformed_row`; reading goes on behind it.
enum class CsvRowFault : std::uint8_t {
  row_too_long,   // dropped up to the next newline, whether quoted or not
  missing_quote,  // the file ends inside quotes
  stray_quote,    // a quote inside an unquoted field, or text behind a closing quote
  column_count,   // more or fewer fields than the header
  nul_byte,
  invalid_utf8,
};

[[nodiscard]] std::string_view to_string(CsvFileError error);
[[nodiscard]] std::string_view to_string(CsvRowFault fault);

struct CsvRow {
  std::int64_t no = 0;                       // counts data records from 1, malformed ones too
  std::span<std::string_view const> fields;  // as many as the header has; empty when faulty
  std::optional<CsvRowFault> fault;
};

/// Line ends are LF or CRLF; a CR elsewhere is data. Empty lines are no records (so a file of one
/// column writes an empty value as ""). A byte-order mark of UTF-8 is skipped. The delimiter is the
/// most frequent of comma, semicolon and tab in the header, the comma when in doubt. Values are
/// kept byte for byte: no trimming, no change of case.
class CsvReader {
 public:
  /// Called with each record; its views hold until the call returns.
  using OnRow = std::function<void(CsvRow const&)>;

  explicit CsvReader(OnRow on_row, CsvLimits limits = {});

  /// Reads more bytes. After an error the reader takes no more and repeats the error.
  [[nodiscard]] Result<void, CsvFileError> feed(std::string_view bytes);
  /// The file ends here: hands out the last record when it has no line end.
  [[nodiscard]] Result<void, CsvFileError> finish();

  /// Names of the columns as they stand; empty until the header has been read.
  [[nodiscard]] std::span<std::string const> header() const { return header_; }
  [[nodiscard]] char delimiter() const { return delimiter_; }
  /// Data records so far.
  [[nodiscard]] std::int64_t rows() const { return rows_; }
  /// Bytes of the file up to the end of the record that is being handed out, its line end included.
  [[nodiscard]] std::int64_t position() const { return position_; }
  /// The same of the header; 0 until it has been read.
  [[nodiscard]] std::int64_t header_end() const { return header_end_; }
  /// Goes on in a file whose header has been fed: what comes next stands behind so many records,
  /// and positions count from there.
  void go_on(std::int64_t rows) {
    rows_ = rows;
    position_ = 0;
  }

 private:
  enum class State : std::uint8_t {
    opening,  // collecting the first line, to know encoding and delimiter
    field_start,
    unquoted,
    quoted,
    behind_quote,  // saw a quote inside quotes: the end, or half of a doubled one
    skipping,      // the record is too long
  };

  void open_file(bool at_end);
  void choose_delimiter();
  void read(std::string_view bytes);
  [[nodiscard]] std::size_t take_run(std::string_view bytes);
  [[nodiscard]] bool count_raw(std::size_t bytes);
  void take_special(char c);
  void take_unquoted(char c);
  void end_field();
  void end_record();
  void end_header();
  void fail(CsvFileError error);
  void note(CsvRowFault fault);
  [[nodiscard]] bool header_read() const { return !header_.empty(); }

  OnRow on_row_;
  CsvLimits limits_;
  State state_ = State::opening;
  bool cr_pending_ = false;  // a CR that is data unless LF follows
  char delimiter_ = ',';
  std::array<bool, 256> special_{};
  std::string opening_;  // bytes up to the end of the first line
  bool opening_in_quotes_ = false;
  std::string buffer_;  // fields of the record, unquoted, one behind another
  std::vector<std::size_t> ends_;
  std::size_t columns_ = 0;
  std::size_t raw_bytes_ = 0;
  std::optional<CsvRowFault> fault_;
  std::optional<CsvFileError> error_;
  std::vector<std::string> header_;
  std::vector<std::string_view> fields_;
  std::int64_t rows_ = 0;
  std::int64_t position_ = 0;
  std::int64_t header_end_ = 0;
};

}  // namespace leadex::intake
