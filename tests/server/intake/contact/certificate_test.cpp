#include "server/intake/contact/certificate.hpp"

#include <gtest/gtest.h>

namespace leadex::intake {
namespace {

TEST(Certificate, TrustedFormIsAnHttpsUrlOfItsOwnHosts) {
  EXPECT_TRUE(
      is_trustedform_url("https://cert.trustedform.com/0123456789abcdef0123456789abcdef01234567"));
  EXPECT_FALSE(is_trustedform_url(" https://ping.trustedform.com/0.Ab-9")) << "a dot";
  EXPECT_TRUE(is_trustedform_url("https://ping.trustedform.com/Ab-9 "));
  for (auto const* text :
       {"", "https://", "http://cert.trustedform.com/abc", "https://cert.trustedform.com",
        "https://cert.trustedform.com/", "https://trustedform.com/abc",
        "https://.trustedform.com/abc", "https://eviltrustedform.com/abc",
        "https://trustedform.com.evil.org/abc", "https://a@cert.trustedform.com/abc",
        "https://cert.trustedform.com/a/b", "https://cert.trustedform.com/a?b"}) {
    EXPECT_FALSE(is_trustedform_url(text)) << text;
  }
}

TEST(Certificate, LeadIdsAreNamesOfEightCharactersAtLeast) {
  EXPECT_TRUE(is_jornaya_leadid("4B8F1A60-7C1D-4E9F-9F0B-3C1F7E1A2B3C"));
  for (auto const* text : {"", "1234567", "1234 5678", "abc\u00e4defgh", "12345678;"}) {
    EXPECT_FALSE(is_jornaya_leadid(text)) << text;
  }
}

}  // namespace
}  // namespace leadex::intake
