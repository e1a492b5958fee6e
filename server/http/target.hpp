#pragma once
// The request target taken apart, once: the path into decoded segments, the query into decoded
// pairs. Pure; any thread. The router and the handlers see only what comes out of here.

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace leadex::http {

struct Target {
  std::string path;  ///< as sent, without the query
  std::vector<std::string> segments;
  std::vector<std::pair<std::string, std::string>> query;
};

/// Splits an origin-form target ("/a/b?c=d") or "*". None when it is malformed: a broken percent
/// escape, bytes that decode to controls or to other than UTF-8, a "." or ".." segment. In the
/// query `+` is a space; a name without `=` has an empty value.
[[nodiscard]] std::optional<Target> split_target(std::string_view target);

}  // namespace leadex::http
