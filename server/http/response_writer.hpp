#pragma once
// The head of an answer as bytes: status line, our own fields, the handler's. Pure but for the
// clock behind Date; any thread. Inside this room only.

#include <optional>
#include <string>
#include <string_view>

#include "server/http/message.hpp"

namespace leadex::http {

struct HeadOptions {
  std::string_view request_id;
  bool tls = true;
  bool close = false;
  bool chunked = false;
};

/// None when a header of the handler is no legal field: names that are no tokens, values with
/// control characters (CR and LF above all). Length, connection, date and request id are ours;
/// fields of those names are dropped.
[[nodiscard]] std::optional<std::string> write_response_head(Response const& response,
                                                             HeadOptions const& options);

/// One chunk's size line; `piece` is not empty. The chunk's bytes and CRLF follow.
[[nodiscard]] std::string chunk_head(std::size_t bytes);

/// RFC 9110 IMF-fixdate, e.g. "Sun, 06 Nov 1994 08:49:37 GMT"; seconds since 1970.
[[nodiscard]] std::string http_date(std::int64_t unix_seconds);

}  // namespace leadex::http
