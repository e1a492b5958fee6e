#include "server/intake/contact/company_name.hpp"

#include <unicase.h>
#include <unictype.h>
#include <uninorm.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <utility>

#include "server/intake/contact/text.hpp"

namespace leadex::intake {
namespace {

struct FreeBytes {
  void operator()(std::uint8_t* bytes) const { std::free(bytes); }
};

std::string collapse(std::string_view name) {
  std::string out;
  bool blank = false;
  for (std::size_t at = 0; at < name.size();) {
    auto const from = at;
    if (uc_is_property_white_space(next_code_point(name, at))) {
      blank = !out.empty();
      continue;
    }
    if (std::exchange(blank, false)) out += ' ';
    out += name.substr(from, at - from);
  }
  return out;
}

}  // namespace

std::string company_key(std::string_view name) {
  if (!is_utf8(name)) return {};
  auto const plain = collapse(name);
  if (is_ascii(plain)) return lower_ascii(plain);
  std::size_t length = 0;
  std::unique_ptr<std::uint8_t, FreeBytes> const folded{
      u8_casefold(reinterpret_cast<std::uint8_t const*>(plain.data()), plain.size(), nullptr,
                  UNINORM_NFC, nullptr, &length)};
  if (!folded) return {};
  return {reinterpret_cast<char const*>(folded.get()), length};
}

}  // namespace leadex::intake
