#include "server/intake/contact/person_name.hpp"

#include "server/intake/contact/text.hpp"

namespace leadex::intake {
namespace {

constexpr char32_t kZeroWidthNonJoiner = 0x200C;  // written inside Persian and Indic names
constexpr char32_t kZeroWidthJoiner = 0x200D;

constexpr bool is_name_sign(char32_t c) {
  switch (c) {
    case U' ':
    case U'-':
    case U'\'':
    case U'.':
    case U',':
    case U'(':
    case U')':
    case U'/':
    case U'`':
    case 0x00A0:  // no-break space
    case 0x00B4:  // acute accent typed for an apostrophe
    case 0x00B7:  // middle dot of Catalan
    case 0x05F3:  // geresh
    case 0x05F4:  // gershayim
    case 0x2010:  // hyphen
    case 0x2011:  // non-breaking hyphen
    case 0x2013:  // en dash
    case 0x2018:  // quotation marks typed for an apostrophe
    case 0x2019:
    case 0x3000:  // ideographic space
    case 0x30FB:  // katakana middle dot
    case kZeroWidthNonJoiner:
    case kZeroWidthJoiner:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::optional<NameFault> find_name_fault(std::string_view text) {
  text = trim(text);
  if (text.empty()) return NameFault::empty;
  if (text.size() > 4 * kNameCodePointsMax) return NameFault::too_long;
  if (!is_utf8(text)) return NameFault::not_text;
  if (count_code_points(text) > kNameCodePointsMax) return NameFault::too_long;
  bool letter = false;
  for (std::size_t i = 0; i < text.size();) {
    auto const c = next_code_point(text, i);
    if (is_letter(c)) {
      letter = true;
    } else if (!is_mark(c) && !is_name_sign(c)) {
      return NameFault::character;
    }
  }
  if (!letter) return NameFault::no_letter;
  return std::nullopt;
}

}  // namespace leadex::intake
