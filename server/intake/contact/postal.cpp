#include "server/intake/contact/postal.hpp"

#include <algorithm>
#include <string>

#include "server/intake/contact/text.hpp"

namespace leadex::intake {
namespace {

bool all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
}

// Letters and digits against a pattern of 'A' (letter) and '9' (digit).
bool has_shape(std::string_view text, std::string_view shape) {
  return std::equal(text.begin(), text.end(), shape.begin(), shape.end(),
                    [](char c, char s) { return s == '9' ? is_digit(c) : is_alpha(c); });
}

bool has_none_of(std::string_view text, std::string_view letters) {
  return std::none_of(text.begin(), text.end(),
                      [letters](char c) { return letters.find(c) != std::string_view::npos; });
}

bool is_us(std::string_view text) {
  if (text.size() == 5 || text.size() == 9) return all_digits(text);
  return text.size() == 10 && text[5] == '-' && all_digits(text.substr(0, 5)) &&
         all_digits(text.substr(6));
}

// "K1A 0B1"; D, F, I, O, Q, U are never used, W and Z not first.
bool is_ca(std::string const& compact) {
  return has_shape(compact, "A9A9A9") && has_none_of(compact, "DFIOQU") && compact[0] != 'W' &&
         compact[0] != 'Z';
}

// Outward part (2 to 4) and inward part (digit and two letters, never C, I, K, M, O, V).
bool is_gb(std::string const& compact) {
  if (compact == "GIR0AA") return true;
  if (compact.size() < 5 || compact.size() > 7) return false;
  std::string_view const whole{compact};
  auto const outward = whole.substr(0, whole.size() - 3);
  auto const inward = whole.substr(whole.size() - 3);
  if (!has_shape(inward, "9AA") || !has_none_of(inward, "CIKMOV")) return false;
  return has_shape(outward, "A9") || has_shape(outward, "A99") || has_shape(outward, "AA9") ||
         has_shape(outward, "AA99") || has_shape(outward, "A9A") || has_shape(outward, "AA9A");
}

bool is_elsewhere(std::string_view text) {
  return text.size() >= 2 && text.size() <= 12 &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_alpha(c) || is_digit(c) || c == ' ' || c == '-'; }) &&
         std::any_of(text.begin(), text.end(), [](char c) { return is_alpha(c) || is_digit(c); });
}

// Upper case without the one space that may part the halves.
std::string compact_form(std::string_view text) {
  std::string compact;
  bool parted = false;
  for (char const c : text) {
    if (c == ' ' && !parted) {
      parted = true;
      continue;
    }
    compact += (c >= 'a' && c <= 'z') ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return compact;
}

}  // namespace

bool is_postal_code(std::string_view text, std::string_view country) {
  text = trim(text);
  if (text.size() > 12) return false;
  if (country == "US") return is_us(text);
  if (country == "DE") return text.size() == 5 && all_digits(text);
  if (country == "CA") return is_ca(compact_form(text));
  if (country == "GB") return is_gb(compact_form(text));
  return is_elsewhere(text);
}

}  // namespace leadex::intake
