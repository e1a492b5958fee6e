#pragma once
// The head of a request of ours as bytes, for both clients. Pure; any thread. Inside this room
// only.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "server/http/headers.hpp"

namespace leadex::http {

struct RequestHead {
  std::string_view method;
  std::string_view target;
  std::string_view host;  ///< a name or an address without brackets
  std::uint16_t port = 443;
  bool close = false;
  std::optional<std::uint64_t> content_length;  ///< none: chunked
  bool has_body = true;                         ///< false: neither length nor chunked
};

/// None when method, target or a header is illegal. Host, length and connection are ours; headers
/// of those names are dropped.
[[nodiscard]] std::optional<std::string> write_request_head(RequestHead const& head,
                                                            Headers const& headers);

}  // namespace leadex::http
