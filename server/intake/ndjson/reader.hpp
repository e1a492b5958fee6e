#pragma once
// Reader of newline-delimited JSON that is pushed bytes as they arrive and hands out one document
// at a time in bounded memory, whatever the cuts. One thread per reader.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "billing/values/result.hpp"
#include "server/json/value.hpp"

namespace leadex::intake {

struct NdjsonLimits {
  std::size_t row_bytes = 64ULL * 1024U;  // one line without its end
  std::size_t depth = 64;
};

enum class NdjsonFileError : std::uint8_t { unsupported_encoding /* UTF-16 or UTF-32 */ };

/// Why one line is `malformed_row`; reading goes on with the next.
enum class NdjsonRowFault : std::uint8_t { row_too_long, malformed_json, not_an_object };

[[nodiscard]] std::string_view to_string(NdjsonRowFault fault);

struct NdjsonRow {
  std::int64_t no = 0;                 // counts lines that are not empty, from 1
  json::Document* document = nullptr;  // an object; the callee may move from it; null when faulty
  std::optional<NdjsonRowFault> fault;
  std::optional<json::JsonError> json_error;  // of malformed_json
  std::string_view line{};  // as it came, without its end; empty when it was too long
};

/// Line ends are LF or CRLF; lines of nothing but blanks are no rows; a byte-order mark of UTF-8 at
/// the start of the file is skipped.
class NdjsonReader {
 public:
  using OnRow = std::function<void(NdjsonRow const&)>;

  explicit NdjsonReader(OnRow on_row, NdjsonLimits limits = {});

  /// Reads more bytes. After an error the reader takes no more and repeats the error.
  [[nodiscard]] Result<void, NdjsonFileError> feed(std::string_view bytes);
  /// The file ends here: hands out the last line when it has no line end.
  [[nodiscard]] Result<void, NdjsonFileError> finish();

  [[nodiscard]] std::int64_t rows() const { return rows_; }
  /// Bytes up to the end of the row that is being handed out, its line end included.
  [[nodiscard]] std::int64_t position() const { return position_; }
  /// Goes on inside a file: what comes next stands behind so many rows, and positions count from
  /// there.
  void go_on(std::int64_t rows) {
    rows_ = rows;
    opened_ = true;
  }

 private:
  void take(std::string_view piece);
  void end_line();
  void open_file();

  OnRow on_row_;
  NdjsonLimits limits_;
  std::string line_;
  bool too_long_ = false;
  bool opened_ = false;
  bool failed_ = false;
  std::int64_t rows_ = 0;
  std::int64_t position_ = 0;
};

}  // namespace leadex::intake
