#pragma once
// LineWriter: encodes the fields of one log line as JSON or for a terminal, with its own limits.
// Used by log.cpp only; one thread at a time.

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "server/observe/log.hpp"

namespace leadex::log {

/// UTC as RFC 3339 with microseconds: 2026-01-31T12:00:00.000000Z.
[[nodiscard]] std::string rfc3339(std::chrono::system_clock::time_point at);

/// `value` as UTF-8 of at most `bytes_max` bytes: bytes that are none become U+FFFD, a cut ends in
/// "…" and never splits a character.
[[nodiscard]] std::string printable(std::string_view value, std::size_t bytes_max);

class LineWriter {
 public:
  LineWriter(Format format, Level level, std::string_view event, std::string_view message);

  void add_text(std::string_view name, std::string_view value);
  void add_bool(std::string_view name, bool value);
  void add_int(std::string_view name, std::int64_t value);
  void add_uint(std::string_view name, std::uint64_t value);
  void add_ms(std::string_view name, std::chrono::nanoseconds value);

  /// The whole line with its newline; the writer is used up.
  [[nodiscard]] std::string finish() &&;

 private:
  /// Appends a field whose value is encoded already.
  void add_encoded(std::string_view name, std::string_view value);

  Format format_;
  bool truncated_{};
  std::string text_;
};

}  // namespace leadex::log
