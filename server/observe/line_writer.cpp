#include "server/observe/line_writer.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace leadex::log {

namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";
constexpr std::string_view kEllipsis = "\xE2\x80\xA6";

/// Length of the well-formed UTF-8 character at the start of `text`, 0 when there is none:
/// no overlong forms, no surrogates, nothing above U+10FFFF.
std::size_t character_bytes(std::string_view text) {
  auto const at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  auto const lead = at(0);
  if (lead < 0x80) return 1;
  std::size_t const size = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < size) return 0;
  for (std::size_t i = 1; i < size; ++i) {
    if ((at(i) & 0xC0) != 0x80) return 0;
  }
  bool const bad_second = (lead == 0xE0 && at(1) < 0xA0) || (lead == 0xED && at(1) > 0x9F) ||
                          (lead == 0xF0 && at(1) < 0x90) || (lead == 0xF4 && at(1) > 0x8F);
  return bad_second ? 0 : size;
}

bool is_control(char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

/// A JSON string of text that is valid UTF-8 already.
std::string json_string(std::string_view value) {
  std::string made = "\"";
  for (char const c : value) {
    if (c == '"' || c == '\\') {
      made.append(1, '\\').append(1, c);
    } else if (is_control(c)) {
      made += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    } else {
      made += c;
    }
  }
  return made + '"';
}

/// For the terminal: quotes what would blur the line and never passes a control character.
std::string quoted(std::string_view value) {
  bool const plain = !value.empty() && std::ranges::none_of(value, [](char c) {
    return is_control(c) || c == ' ' || c == '"' || c == '=' || c == '\\';
  });
  if (plain) return std::string{value};
  std::string made = "\"";
  for (char const c : value) {
    if (is_control(c)) {
      made += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      if (c == '"' || c == '\\') made += '\\';
      made += c;
    }
  }
  return made + '"';
}

}  // namespace

std::string rfc3339(std::chrono::system_clock::time_point at) {
  using namespace std::chrono;
  auto const day = floor<days>(at);
  year_month_day const date{day};
  hh_mm_ss const time{floor<microseconds>(at - day)};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", int{date.year()},
                     unsigned{date.month()}, unsigned{date.day()}, time.hours().count(),
                     time.minutes().count(), time.seconds().count(), time.subseconds().count());
}

std::string printable(std::string_view value, std::size_t bytes_max) {
  std::string made;
  made.reserve(std::min(value.size(), bytes_max));
  std::size_t cut_at = 0;  // the last character end that leaves room for the ellipsis
  while (!value.empty()) {
    auto const bytes = character_bytes(value);
    auto const piece = bytes == 0 ? kReplacement : value.substr(0, bytes);
    if (made.size() + piece.size() > bytes_max) {
      made.resize(cut_at);
      return made.append(kEllipsis);
    }
    value.remove_prefix(std::max<std::size_t>(bytes, 1));
    made += piece;
    if (made.size() + kEllipsis.size() <= bytes_max) cut_at = made.size();
  }
  return made;
}

LineWriter::LineWriter(Format format, Level level, std::string_view event, std::string_view message)
    : format_{format} {
  auto const now = rfc3339(std::chrono::system_clock::now());
  auto const clean = printable(message, kStringBytesMax);
  if (format_ == Format::text) {
    text_ = fmt::format("{} {:5} {} {}", now, text(level), event, clean);
    return;
  }
  text_ = fmt::format(R"({{"ts":"{}","level":"{}","event":{},"msg":{}}})", now, text(level),
                      json_string(printable(event, kStringBytesMax)), json_string(clean));
  text_.pop_back();  // stays open for fields
}

void LineWriter::add_encoded(std::string_view name, std::string_view value) {
  constexpr std::size_t kRoomForTheEnd = 32;
  if (truncated_ || text_.size() + name.size() + value.size() + kRoomForTheEnd > kLineBytesMax) {
    truncated_ = true;
    return;
  }
  if (format_ == Format::text) {
    text_.append(1, ' ').append(name).append(1, '=').append(value);
  } else {
    text_.append(",\"").append(name).append("\":").append(value);
  }
}

void LineWriter::add_text(std::string_view name, std::string_view value) {
  auto const clean = printable(value, kStringBytesMax);
  add_encoded(name, format_ == Format::text ? quoted(clean) : json_string(clean));
}

void LineWriter::add_bool(std::string_view name, bool value) {
  add_encoded(name, value ? "true" : "false");
}

void LineWriter::add_int(std::string_view name, std::int64_t value) {
  add_encoded(name, fmt::format("{}", value));
}

void LineWriter::add_uint(std::string_view name, std::uint64_t value) {
  add_encoded(name, fmt::format("{}", value));
}

void LineWriter::add_ms(std::string_view name, std::chrono::nanoseconds value) {
  auto const micros = std::chrono::duration_cast<std::chrono::microseconds>(value).count();
  auto const size = micros < 0 ? -micros : micros;
  add_encoded(name, fmt::format("{}{}.{:03}", micros < 0 ? "-" : "", size / 1000, size % 1000));
}

std::string LineWriter::finish() && {
  if (format_ == Format::text) {
    text_ += truncated_ ? " truncated=true\n" : "\n";
  } else {
    text_ += truncated_ ? ",\"truncated\":true}\n" : "}\n";
  }
  return std::move(text_);
}

}  // namespace leadex::log
