#include "server/forms/form_body.hpp"

#include <algorithm>
#include <cstdint>

#include "server/json/utf8.hpp"

namespace leadex::forms {

namespace {

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_control(char c) {
  auto const byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t' && c != '\r' && c != '\n') || byte == 0x7F;
}

std::optional<std::string> decode(std::string_view text) {
  std::string made;
  made.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    char const c = text[i];
    if (c == '+') {
      made += ' ';
    } else if (c != '%') {
      made += c;
    } else {
      if (i + 2 >= text.size()) return std::nullopt;
      int const high = digit_of(text[i + 1]);
      int const low = digit_of(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      made += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  if (!json::is_utf8(made) || std::ranges::any_of(made, is_control)) return std::nullopt;
  return made;
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  auto const lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  return std::ranges::equal(a, b, {}, lower, lower);
}

}  // namespace

Result<Pairs, BodyFault> read_form_body(std::string_view body) {
  if (body.size() > kBodyBytesMax) return refuse(BodyFault::too_large);
  Pairs pairs;
  while (!body.empty()) {
    auto const end = std::min(body.find('&'), body.size());
    auto const pair = body.substr(0, end);
    body.remove_prefix(std::min(end + 1, body.size()));
    if (pairs.size() == kPairsMax) return refuse(BodyFault::too_many_fields);
    auto const equals = pair.find('=');
    if (equals == std::string_view::npos || equals == 0) return refuse(BodyFault::malformed);
    auto name = decode(pair.substr(0, equals));
    auto value = decode(pair.substr(equals + 1));
    if (!name || !value) return refuse(BodyFault::malformed);
    if (value_of(pairs, *name)) return refuse(BodyFault::repeated_field);
    pairs.emplace_back(std::move(*name), std::move(*value));
  }
  return pairs;
}

bool is_form_type(std::string_view content_type) {
  constexpr std::string_view kType = "application/x-www-form-urlencoded";
  if (!equal_ignoring_case(content_type.substr(0, kType.size()), kType)) return false;
  auto rest = content_type.substr(kType.size());
  if (rest.empty()) return true;
  if (rest.front() != ';') return false;
  rest.remove_prefix(1);
  while (rest.starts_with(' ')) rest.remove_prefix(1);
  return equal_ignoring_case(rest, "charset=utf-8");
}

std::optional<std::string_view> value_of(Pairs const& pairs, std::string_view name) {
  auto const found = std::ranges::find(pairs, name, &Pairs::value_type::first);
  if (found == pairs.end()) return std::nullopt;
  return found->second;
}

}  // namespace leadex::forms
