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
  bool query_whole = true;  ///< false: pairs that do not decode were left out
};

/// Splits an origin-form target ("/a/b?c=d") or "*". A part does not decode when it has a broken
/// percent escape, or becomes controls or other than UTF-8. None when that happens to the path, or
/// a segment is "." or "..". In the query `+` is a space; a name without `=` has an empty value.
[[nodiscard]] std::optional<Target> split_target(std::string_view target);

}  // namespace leadex::http
