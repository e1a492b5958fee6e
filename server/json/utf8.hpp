#pragma once
// Strict UTF-8: overlong forms, surrogates and code points past U+10FFFF are refused. The one
// checker for JSON, CSV and replies. Pure; any thread.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace leadex::json {

/// Offset of the first byte that starts no valid sequence; nothing when all of `text` is valid.
[[nodiscard]] std::optional<std::size_t> first_invalid_utf8(std::string_view text);
[[nodiscard]] inline bool is_utf8(std::string_view text) { return !first_invalid_utf8(text); }

/// Number of code points; `text` must be valid.
[[nodiscard]] std::size_t count_code_points(std::string_view text);

/// Takes the next code point of valid `text` and moves `at` behind it; at < text.size().
[[nodiscard]] std::uint32_t next_code_point(std::string_view text, std::size_t& at);

/// `text` with each invalid byte replaced by U+FFFD, so that a reply is always valid JSON.
[[nodiscard]] std::string repair_utf8(std::string_view text);

}  // namespace leadex::json
