// Mails on the wire: nothing that comes from outside can end a header or a line.

#include <gtest/gtest.h>

#include "server/crypto/bytes.hpp"
#include "server/mail/message.hpp"

namespace leadex::mail {
namespace {

constexpr Timestamp kAt{std::chrono::sys_days{std::chrono::year{2026} / 2 / 3} +
                        std::chrono::hours{4} + std::chrono::seconds{5}};

std::string wire(std::string subject, std::string text) {
  return wire_form({"ann@example.org", std::move(subject), std::move(text)},
                   {"leads@forms.example.com", "abc-1", kAt});
}

/// The body, decoded.
std::string body_of(std::string const& mail) {
  std::string text;
  for (char const c : mail.substr(mail.find("\r\n\r\n") + 4)) {
    if (c != '\r' && c != '\n') text += c;
  }
  return crypto::base64_decode(text).value_or("not base64");
}

TEST(Mail, IsWrittenAsItsStandardSays) {
  auto const mail = wire("Hi", "Line\nand another\n");
  EXPECT_TRUE(
      mail.starts_with("Date: Tue, 03 Feb 2026 04:00:05 +0000\r\n"
                       "From: <leads@forms.example.com>\r\nTo: <ann@example.org>\r\n"
                       "Message-ID: <abc-1@forms.example.com>\r\n"
                       "Subject: =?UTF-8?B?SGk=?=\r\n"))
      << mail;
  EXPECT_EQ(body_of(mail), "Line\r\nand another\r\n");
}

TEST(Mail, KeepsItsLinesShortAndItsHeadersWhole) {
  std::string const hostile = "Hi\r\nBcc: everybody@example.com\r\n\r\n.\r\nQUIT";
  std::string long_text;
  for (int i = 0; i < 300; ++i) long_text += "\xC3\xA4\xE2\x82\xAC ";
  for (auto const& mail : {wire(hostile, hostile), wire(long_text, long_text)}) {
    EXPECT_EQ(mail.find("Bcc"), std::string::npos);
    std::size_t from = 0;
    for (auto end = mail.find("\r\n"); end != std::string::npos; end = mail.find("\r\n", from)) {
      EXPECT_LE(end - from, 78U);
      EXPECT_FALSE(mail.substr(from).starts_with("."));
      from = end + 2;
    }
    EXPECT_EQ(from, mail.size());
  }
  EXPECT_EQ(body_of(wire("x", long_text)), long_text);
}

TEST(Mail, GoesToPlainAddressesAlone) {
  for (auto const* good : {"a@b", "ann.lee+x@example.org", "\xC3\xA4@example.org"}) {
    EXPECT_TRUE(is_mailable(good)) << good;
  }
  for (auto const* bad : {"", "a", "@b", "a@", "a b@c", "a@b\r\nRCPT TO:<x@y>", "<a@b>", "a,b@c",
                          "\"a\"@b", "a@b>"}) {
    EXPECT_FALSE(is_mailable(bad)) << bad;
  }
}

}  // namespace
}  // namespace leadex::mail
