#pragma once
// One fault of a request, as problem+json shows it under `errors`. Plain data; any thread.

#include <string>
#include <string_view>
#include <vector>

namespace leadex::json {

struct FieldError {
  std::string pointer;  // RFC 6901, e.g. "/contact/email"; "" is the whole body
  std::string code;     // stable snake_case
  std::string detail;   // a sentence for people; never holds the value
  friend bool operator==(FieldError const&, FieldError const&) = default;
};
using FieldErrors = std::vector<FieldError>;

/// More faults than this are not reported: a reply must not grow with a hostile body.
inline constexpr std::size_t kFieldErrorsMax = 100;

/// `pointer` + "/" + `token` with ~ and / escaped; tokens over 64 bytes are cut (never inside a
/// character), since a key comes from the client and would be echoed.
[[nodiscard]] std::string child_pointer(std::string_view pointer, std::string_view token);

}  // namespace leadex::json
