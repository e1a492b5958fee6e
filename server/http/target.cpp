#include "server/http/target.hpp"

#include <cstdint>

namespace leadex::http {

namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool is_continuation(std::uint8_t byte) { return (byte & 0xC0U) == 0x80U; }

/// Length of the UTF-8 sequence at the front of `text`; 0 when it is malformed, overlong, a
/// surrogate or beyond U+10FFFF.
std::size_t utf8_length(std::string_view text) {
  auto const at = [text](std::size_t i) {
    return i < text.size() ? static_cast<std::uint8_t>(text[i]) : std::uint8_t{0};
  };
  auto const first = at(0);
  if (first < 0x80) return 1;
  if (first >= 0xC2 && first <= 0xDF) return is_continuation(at(1)) ? 2 : 0;
  if (first >= 0xE0 && first <= 0xEF) {
    if (first == 0xE0 && at(1) < 0xA0) return 0;
    if (first == 0xED && at(1) > 0x9F) return 0;
    return is_continuation(at(1)) && is_continuation(at(2)) ? 3 : 0;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    if (first == 0xF0 && at(1) < 0x90) return 0;
    if (first == 0xF4 && at(1) > 0x8F) return 0;
    return is_continuation(at(1)) && is_continuation(at(2)) && is_continuation(at(3)) ? 4 : 0;
  }
  return 0;
}

/// UTF-8 without ASCII control characters.
bool is_clean_text(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    auto const byte = static_cast<std::uint8_t>(text[i]);
    if (byte < 0x20 || byte == 0x7F) return false;
    auto const n = utf8_length(text.substr(i));
    if (n == 0) return false;
    i += n;
  }
  return true;
}

std::optional<std::string> decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      if (i + 2 >= text.size()) return std::nullopt;
      auto const high = hex_digit(text[i + 1]);
      auto const low = hex_digit(text[i + 2]);
      if (high < 0 || low < 0) return std::nullopt;
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += plus_is_space && text[i] == '+' ? ' ' : text[i];
    }
  }
  if (!is_clean_text(out)) return std::nullopt;
  return out;
}

bool split_path(std::string_view path, std::vector<std::string>& segments) {
  for (std::size_t at = 1; at <= path.size();) {
    auto const end = std::min(path.find('/', at), path.size());
    auto segment = decode(path.substr(at, end - at), false);
    if (!segment || *segment == "." || *segment == "..") return false;
    segments.push_back(std::move(*segment));
    at = end + 1;
  }
  // "/" alone is the root: no segment at all, not one empty segment.
  if (segments.size() == 1 && segments.front().empty()) segments.clear();
  return true;
}

/// @return whether all pairs decoded
bool split_query(std::string_view query, std::vector<std::pair<std::string, std::string>>& pairs) {
  bool whole = true;
  for (std::size_t at = 0; at < query.size();) {
    auto const end = std::min(query.find('&', at), query.size());
    auto const pair = query.substr(at, end - at);
    at = end + 1;
    if (pair.empty()) continue;
    auto const equals = std::min(pair.find('='), pair.size());
    auto name = decode(pair.substr(0, equals), true);
    auto value = decode(equals < pair.size() ? pair.substr(equals + 1) : "", true);
    if (name && value) {
      pairs.emplace_back(std::move(*name), std::move(*value));
    } else {
      whole = false;
    }
  }
  return whole;
}

}  // namespace

std::optional<Target> split_target(std::string_view target) {
  Target out;
  auto const question = std::min(target.find('?'), target.size());
  out.path = target.substr(0, question);
  if (out.path == "*") return question == target.size() ? std::optional(out) : std::nullopt;
  if (!out.path.starts_with('/')) return std::nullopt;
  if (!split_path(out.path, out.segments)) return std::nullopt;
  if (question < target.size()) {
    out.query_whole = split_query(target.substr(question + 1), out.query);
  }
  return out;
}

}  // namespace leadex::http
