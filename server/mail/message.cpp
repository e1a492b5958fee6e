#include "server/mail/message.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "billing/values/check.hpp"
#include "server/crypto/bytes.hpp"

namespace leadex::mail {

namespace {

constexpr std::size_t kLine = 76;       // characters of base64 in a line
constexpr std::size_t kWordBytes = 39;  // of an encoded word: with the header it fits a line

/// The end of a piece of at most `bytes` that cuts no character.
std::size_t piece_end(std::string_view text, std::size_t bytes) {
  if (text.size() <= bytes) return text.size();
  auto end = bytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return end == 0 ? bytes : end;
}

/// As encoded words of RFC 2047, whatever it holds.
std::string encoded_words(std::string_view text) {
  std::string made;
  while (!text.empty()) {
    auto const end = piece_end(text, kWordBytes);
    if (!made.empty()) made += "\r\n ";
    made += "=?UTF-8?B?" + crypto::base64_encode(text.substr(0, end)) + "?=";
    text.remove_prefix(end);
  }
  return made;
}

std::string encoded_text(std::string_view text) {
  std::string lines;
  for (char const c : text) {
    if (c == '\r') continue;
    if (c == '\n') lines += '\r';
    lines += c;
  }
  auto const whole = crypto::base64_encode(lines);
  std::string made;
  for (std::size_t at = 0; at < whole.size(); at += kLine) {
    made += whole.substr(at, kLine) + "\r\n";
  }
  return made;
}

std::string date_of(Timestamp at) {
  constexpr std::array<char const*, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<char const*, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  auto const day = std::chrono::floor<std::chrono::days>(at);
  std::chrono::year_month_day const date{day};
  std::chrono::hh_mm_ss const time{std::chrono::floor<std::chrono::seconds>(at - day)};
  return fmt::format(
      "{}, {:02} {} {} {:02}:{:02}:{:02} +0000", kDays.at(std::chrono::weekday{day}.c_encoding()),
      static_cast<unsigned>(date.day()), kMonths.at(static_cast<unsigned>(date.month()) - 1),
      static_cast<int>(date.year()), time.hours().count(), time.minutes().count(),
      time.seconds().count());
}

}  // namespace

bool is_mailable(std::string_view address) {
  constexpr std::size_t kBytesMax = 254;
  auto const at = address.rfind('@');
  if (at == std::string_view::npos || at == 0 || at + 1 == address.size()) return false;
  if (address.size() > kBytesMax) return false;
  return std::ranges::none_of(address, [](char c) {
    auto const byte = static_cast<unsigned char>(c);
    return byte <= 0x20 || byte == 0x7F ||
           std::string_view{"<>,;:()[]\\\""}.find(c) != std::string_view::npos;
  });
}

std::string wire_form(Message const& message, Stamp const& stamp) {
  LEADEX_CHECK(is_mailable(message.to) && is_mailable(stamp.from));
  auto const domain = stamp.from.substr(stamp.from.rfind('@') + 1);
  std::string made = "Date: " + date_of(stamp.at) + "\r\n";
  made += fmt::format("From: <{}>\r\nTo: <{}>\r\n", stamp.from, message.to);
  made += fmt::format("Message-ID: <{}@{}>\r\n", stamp.id, domain);
  made += "Subject: " + encoded_words(message.subject) + "\r\n";
  made +=
      "MIME-Version: 1.0\r\nAuto-Submitted: auto-generated\r\n"
      "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n";
  return made + encoded_text(message.text);
}

}  // namespace leadex::mail
