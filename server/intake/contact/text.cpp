#include "server/intake/contact/text.hpp"

#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "server/json/utf8.hpp"

namespace leadex::intake {
namespace {

struct FreeBytes {
  void operator()(std::uint8_t* bytes) const { std::free(bytes); }
};
using OwnedBytes = std::unique_ptr<std::uint8_t, FreeBytes>;

std::uint8_t const* bytes_of(std::string_view text) {
  return reinterpret_cast<std::uint8_t const*>(text.data());
}

std::optional<std::string> take(std::uint8_t* result, std::size_t length) {
  OwnedBytes const owned{result};
  if (!result) return std::nullopt;
  return std::string{reinterpret_cast<char const*>(result), length};
}

}  // namespace

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool is_utf8(std::string_view text) { return is_ascii(text) || json::is_utf8(text); }

bool has_nul(std::string_view text) { return text.find('\0') != std::string_view::npos; }

bool has_control(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    auto const byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7F) return true;
    // U+0080..U+009F is C2 80..9F.
    if (byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0) {
      return true;
    }
  }
  return false;
}

std::string_view trim(std::string_view text) {
  auto const blank = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return text;
}

char32_t next_code_point(std::string_view text, std::size_t& position) {
  return static_cast<char32_t>(json::next_code_point(text, position));
}

std::size_t count_code_points(std::string_view text) { return json::count_code_points(text); }

std::optional<std::string> lower_nfc(std::string_view text) {
  if (is_ascii(text)) return lower_ascii(text);
  if (!is_utf8(text)) return std::nullopt;
  std::size_t length = 0;
  std::uint8_t* const result =
      u8_tolower(bytes_of(text), text.size(), nullptr, UNINORM_NFC, nullptr, &length);
  return take(result, length);
}

std::optional<std::string> to_nfc(std::string_view text) {
  if (is_ascii(text)) return std::string{text};
  if (!is_utf8(text)) return std::nullopt;
  std::size_t length = 0;
  std::uint8_t* const result =
      u8_normalize(UNINORM_NFC, bytes_of(text), text.size(), nullptr, &length);
  return take(result, length);
}

bool is_graphic(char32_t code_point) {
  return uc_is_general_category_withtable(code_point, UC_CATEGORY_MASK_L | UC_CATEGORY_MASK_M |
                                                          UC_CATEGORY_MASK_N | UC_CATEGORY_MASK_P |
                                                          UC_CATEGORY_MASK_S);
}

bool is_letter(char32_t code_point) {
  return uc_is_general_category_withtable(code_point, UC_CATEGORY_MASK_L);
}

bool is_mark(char32_t code_point) {
  return uc_is_general_category_withtable(code_point, UC_CATEGORY_MASK_M);
}

bool is_decimal_digit(char32_t code_point) {
  return uc_is_general_category_withtable(code_point, UC_CATEGORY_MASK_Nd);
}

std::string lower_ascii(std::string_view text) {
  std::string lower{text};
  std::transform(lower.begin(), lower.end(), lower.begin(), to_lower);
  return lower;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return to_lower(x) == to_lower(y); });
}

}  // namespace leadex::intake
