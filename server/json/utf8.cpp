#include "server/json/utf8.hpp"

#include <algorithm>
#include <cstring>

namespace leadex::json {
namespace {

[[nodiscard]] unsigned byte_at(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]);
}

/// Length of the valid sequence at `at`, 0 when there is none. The table is RFC 3629, section 4.
[[nodiscard]] std::size_t sequence_length(std::string_view text, std::size_t at) {
  unsigned const lead = byte_at(text, at);
  if (lead < 0x80) return 1;
  std::size_t const left = text.size() - at;
  auto const tail = [&](std::size_t i, unsigned low = 0x80, unsigned high = 0xBF) {
    return i < left && byte_at(text, at + i) >= low && byte_at(text, at + i) <= high;
  };
  if (lead >= 0xC2 && lead <= 0xDF) return tail(1) ? 2 : 0;
  if (lead >= 0xE0 && lead <= 0xEF) {
    unsigned const low = lead == 0xE0 ? 0xA0 : 0x80;
    unsigned const high = lead == 0xED ? 0x9F : 0xBF;
    return tail(1, low, high) && tail(2) ? 3 : 0;
  }
  if (lead >= 0xF0 && lead <= 0xF4) {
    unsigned const low = lead == 0xF0 ? 0x90 : 0x80;
    unsigned const high = lead == 0xF4 ? 0x8F : 0xBF;
    return tail(1, low, high) && tail(2) && tail(3) ? 4 : 0;
  }
  return 0;
}

/// Skips plain ASCII eight bytes at a time; most of what we read is nothing else.
[[nodiscard]] std::size_t skip_ascii(std::string_view text, std::size_t at) {
  while (at + 8 <= text.size()) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, 8);
    if ((word & 0x8080808080808080ULL) != 0) break;
    at += 8;
  }
  return at;
}

}  // namespace

std::optional<std::size_t> first_invalid_utf8(std::string_view text) {
  for (std::size_t at = skip_ascii(text, 0); at < text.size();) {
    std::size_t const length = sequence_length(text, at);
    if (length == 0) return at;
    at = length == 1 ? skip_ascii(text, at + 1) : at + length;
  }
  return std::nullopt;
}

std::size_t count_code_points(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

std::uint32_t next_code_point(std::string_view text, std::size_t& at) {
  unsigned const lead = byte_at(text, at);
  if (lead < 0x80) {
    ++at;
    return lead;
  }
  unsigned const length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  std::uint32_t point = lead & (0xFFU >> (length + 1));
  for (unsigned i = 1; i < length && at + i < text.size(); ++i) {
    point = (point << 6) | (byte_at(text, at + i) & 0x3FU);
  }
  at = std::min(at + length, text.size());
  return point;
}

std::string repair_utf8(std::string_view text) {
  std::string repaired;
  repaired.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    std::size_t const length = sequence_length(text, at);
    if (length == 0) {
      repaired += "\xEF\xBF\xBD";
      ++at;
    } else {
      repaired += text.substr(at, length);
      at += length;
    }
  }
  return repaired;
}

}  // namespace leadex::json
