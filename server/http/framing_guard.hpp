#pragma once
// Framing guard: the strict reading of a request's head before anything frames its body, so that
// no proxy in front can see other messages in the same bytes. Pure; any thread.

#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "billing/values/result.hpp"

namespace leadex::http {

struct HeadLimits {
  std::size_t header_bytes_max = 16 * 1024;
  std::size_t header_count_max = 100;
  std::size_t target_bytes_max = 8 * 1024;
};

/// Why a head was refused. The order of the checks is that of the bytes; then the rules on the
/// whole head, in the order below.
enum class FramingError {
  bad_line_end,      ///< a bare CR or LF anywhere
  bad_request_line,  ///< not method, one space, target, one space, version
  bad_method,        ///< no token
  unknown_method,    ///< a token, but none of the methods of RFC 9110 and PATCH
  bad_target,        ///< not origin-form (or "*" of OPTIONS), a character outside RFC 3986
  target_too_long,
  bad_version,  ///< not HTTP/1.0 or HTTP/1.1
  bad_name,     ///< no token before the colon, a space before it, a folded line
  bad_value,    ///< a control character in a value
  too_many_headers,
  bad_host,  ///< none, two, or one that is no host[:port]
  length_and_encoding,
  bad_length,        ///< two, a list, a sign, not digits, beyond 2^63
  bad_encoding,      ///< anything but one single `chunked`
  encoding_in_1_0,   ///< Transfer-Encoding in HTTP/1.0
  bad_expectation,   ///< anything but 100-continue
  body_not_allowed,  ///< a body announced by GET, HEAD, DELETE, OPTIONS, TRACE
};

/// A head that passed. The views point into the bytes that were parsed.
struct ParsedHead {
  std::string_view method;
  std::string_view target;
  bool http_1_0 = false;
  bool chunked = false;
  std::uint64_t content_length = 0;  ///< 0 when there is no body or it is chunked
  bool expect_continue = false;
  bool close = false;  ///< HTTP/1.0 or `Connection: close`
  std::vector<std::pair<std::string_view, std::string_view>> fields;  ///< values trimmed
};

/// Where the head ends: the position just behind the first CRLF CRLF, or none yet. Looks only at
/// bytes from `from` on (minus what a match may straddle), so that slow senders cost no rescans.
[[nodiscard]] std::optional<std::size_t> find_head_end(std::string_view bytes, std::size_t from);

/// Parses one whole head, CRLF CRLF included.
[[nodiscard]] Result<ParsedHead, FramingError> parse_head(std::string_view head,
                                                          HeadLimits const& limits);

/// The status a framing error is answered with: 400, 414, 417, 431, 501 or 505.
[[nodiscard]] int status_of(FramingError error);
[[nodiscard]] std::string_view code_of(FramingError error);

/// RFC 9110 token: names of methods and fields.
[[nodiscard]] bool is_token(std::string_view text);
/// A field value without control characters (tab allowed).
[[nodiscard]] bool is_field_value(std::string_view text);

}  // namespace leadex::http
