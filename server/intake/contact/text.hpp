#pragma once
// Text checks shared by all contact fields: UTF-8 validity, trims, NFC and lower case as the blind
// index wants them. Intake only; pure, any thread.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace leadex::intake {

/// True for well-formed UTF-8: no overlong form, no surrogate, nothing above U+10FFFF.
/// NUL is well-formed UTF-8; `has_nul` asks for it.
[[nodiscard]] bool is_utf8(std::string_view text);

[[nodiscard]] bool is_ascii(std::string_view text);
[[nodiscard]] bool has_nul(std::string_view text);

/// True when a C0 or C1 control character or DEL is in `text` (valid UTF-8 assumed).
[[nodiscard]] bool has_control(std::string_view text);

/// Without spaces and tabs at both ends. Line ends stay: inside one field they are a fault to find.
[[nodiscard]] std::string_view trim(std::string_view text);

/// Next code point of valid UTF-8; position < text.size() and moves behind it.
[[nodiscard]] char32_t next_code_point(std::string_view text, std::size_t& position);

/// Code points in valid UTF-8.
[[nodiscard]] std::size_t count_code_points(std::string_view text);

/// Unicode lower case, then NFC; no locale. nullopt when `text` is not UTF-8.
[[nodiscard]] std::optional<std::string> lower_nfc(std::string_view text);

/// NFC. nullopt when `text` is not UTF-8.
[[nodiscard]] std::optional<std::string> to_nfc(std::string_view text);

/// True for a code point that may stand in an address or a name: a letter, mark, number,
/// punctuation or symbol; not a control, format, surrogate, private or unassigned one, no space.
[[nodiscard]] bool is_graphic(char32_t code_point);

[[nodiscard]] bool is_letter(char32_t code_point);
[[nodiscard]] bool is_mark(char32_t code_point);
[[nodiscard]] bool is_decimal_digit(char32_t code_point);

[[nodiscard]] constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
[[nodiscard]] constexpr bool is_alpha(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
[[nodiscard]] constexpr char to_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

/// ASCII letters in lower case, other bytes as they are.
[[nodiscard]] std::string lower_ascii(std::string_view text);

[[nodiscard]] bool equal_ignoring_case(std::string_view a, std::string_view b);

}  // namespace leadex::intake
