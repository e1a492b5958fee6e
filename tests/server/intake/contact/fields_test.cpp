// Names, postal codes, birth dates, IP addresses, URLs, consent, domains and text: the small
// checks.
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "server/intake/contact/birth_date.hpp"
#include "server/intake/contact/consent.hpp"
#include "server/intake/contact/domain_name.hpp"
#include "server/intake/contact/ip_address.hpp"
#include "server/intake/contact/landing_page.hpp"
#include "server/intake/contact/person_name.hpp"
#include "server/intake/contact/postal.hpp"
#include "server/intake/contact/text.hpp"
#include "tests/server/intake/contact/corpus.hpp"

namespace leadex::intake {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;

constexpr Timestamp kNow = std::chrono::sys_days{std::chrono::year{2026} / 11 / 22};

TEST(PersonName, NamesOfManyScriptsPass) {
  for (auto const* name : {"Ann", "O'Brien", "Anne-Marie", "J.", "D\u2019Angelo", "Jos\u00E9",
                           "Jose\u0301", "\u674E", "\u0410\u043D\u043D\u0430", "Mary Ann",
                           "\u0646\u06CC\u200C\u0645\u0627", "Smith, Jr.", "Null", " Ann "}) {
    EXPECT_FALSE(find_name_fault(name)) << name;
  }
}

TEST(PersonName, EachFaultHasItsOwnWord) {
  EXPECT_EQ(find_name_fault(" \t"), NameFault::empty);
  EXPECT_EQ(find_name_fault(std::string(101, 'a')), NameFault::too_long);
  EXPECT_EQ(find_name_fault("a\xC0\x80"), NameFault::not_text);
  EXPECT_EQ(find_name_fault("--"), NameFault::no_letter);
  for (auto const* name :
       {"Ann1", "<b>Ann</b>", "Ann@x", "a\nb", "a\u202Eb", "=1+1", "\U0001F600"}) {
    EXPECT_EQ(find_name_fault(name), NameFault::character) << name;
  }
  EXPECT_FALSE(find_name_fault(std::string(100, 'a')));
}

TEST(PostalCode, FormsOfTheFourCountries) {
  for (auto const* good : {"94110", "94110-1234", "941101234", " 94110 "}) {
    EXPECT_TRUE(is_postal_code(good, "US")) << good;
  }
  for (auto const* bad : {"9411", "94110-", "94110-12", "9411O", "94110 1234", "K1A 0B1"}) {
    EXPECT_FALSE(is_postal_code(bad, "US")) << bad;
  }
  EXPECT_TRUE(is_postal_code("K1A 0B1", "CA"));
  EXPECT_TRUE(is_postal_code("k1a0b1", "CA"));
  EXPECT_FALSE(is_postal_code("Z1A 0B1", "CA"));
  EXPECT_FALSE(is_postal_code("K1A  0B1", "CA"));
  for (auto const* good : {"SW1A 1AA", "M1 1AE", "B33 8TH", "CR2 6XH", "DN55 1PT", "W1A0AX"}) {
    EXPECT_TRUE(is_postal_code(good, "GB")) << good;
  }
  EXPECT_FALSE(is_postal_code("SW1A 1CC", "GB"));
  EXPECT_TRUE(is_postal_code("10115", "DE"));
  EXPECT_FALSE(is_postal_code("1011", "DE"));
  EXPECT_TRUE(is_postal_code("1234 AB", "NL"));
  EXPECT_FALSE(is_postal_code("--", "NL"));
  EXPECT_FALSE(is_postal_code("<1234>", "NL"));
}

TEST(BirthDate, AgeTurnsOnTheBirthday) {
  EXPECT_EQ(age_at("2008-11-22", kNow), 18);
  EXPECT_EQ(age_at("2008-11-23", kNow), 17);
  EXPECT_EQ(age_at("2008-11-22", kNow - 1us), 17);
  EXPECT_EQ(age_at(" 1980-01-01 ", kNow), 46);
}

TEST(BirthDate, WhoIsBornOnLeapDayTurnsOlderOnFirstOfMarch) {
  using std::chrono::sys_days;
  using std::chrono::year;
  EXPECT_EQ(age_at("2008-02-29", sys_days{year{2026} / 2 / 28}), 17);
  EXPECT_EQ(age_at("2008-02-29", sys_days{year{2026} / 3 / 1}), 18);
  EXPECT_EQ(age_at("2008-02-29", sys_days{year{2028} / 2 / 29}), 20);
}

TEST(BirthDate, EachFaultHasItsOwnWord) {
  for (auto const* text : {"", "2008-2-1", "2007-02-29", "2008-13-01", "2008-00-10", "01/02/2000",
                           "2008-01-01T00:00:00Z"}) {
    EXPECT_EQ(age_at(text, kNow).error(), BirthDateFault::not_a_day) << text;
  }
  EXPECT_EQ(age_at("2026-11-23", kNow).error(), BirthDateFault::in_future);
  EXPECT_EQ(age_at("1905-01-01", kNow).error(), BirthDateFault::too_old);
}

TEST(IpAddress, StrictFormsOnly) {
  EXPECT_EQ(parse_ip_address("8.8.8.8")->text, "8.8.8.8");
  EXPECT_EQ(parse_ip_address("2A00:1450:0:0::1")->text, "2a00:1450::1");
  for (auto const& text : {""s, "8.8.8"s, "08.8.8.8"s, "0x8.8.8.8"s, "8.8.8.8 "s, "fe80::1%eth0"s,
                           "::1::"s, "8.8.8.8\0x"s, "134744072"s, "[::1]"s, "256.1.1.1"s}) {
    EXPECT_FALSE(parse_ip_address(text)) << text;
  }
}

TEST(IpAddress, ReservedRangesAreFlagged) {
  for (auto const* text :
       {"0.1.2.3",        "10.0.0.1",        "100.64.0.1",      "127.0.0.1",   "169.254.169.254",
        "172.31.255.255", "192.0.2.1",       "192.168.1.1",     "198.18.0.1",  "198.51.100.7",
        "203.0.113.9",    "224.0.0.1",       "255.255.255.255", "::",          "::1",
        "fe80::1",        "fc00::1",         "ff02::1",         "2001:db8::1", "2002::1",
        "2001::1",        "::ffff:10.0.0.1", "3fff::1"}) {
    EXPECT_TRUE(parse_ip_address(text)->is_reserved) << text;
  }
  for (auto const* text : {"8.8.8.8", "172.32.0.1", "100.128.0.1", "192.0.1.1", "2a00:1450::1",
                           "2001:4860::8888", "::ffff:8.8.8.8"}) {
    EXPECT_FALSE(parse_ip_address(text)->is_reserved) << text;
  }
}

TEST(LandingPage, WebAddressesPass) {
  for (auto const* url :
       {"https://www.example.com", "http://example.com:8080/a?b=c#d", "HTTPS://EXAMPLE.COM/",
        "https://b\u00FCcher.example/pfad/\u00FC?q=a|b", "https://8.8.8.8/",
        "https://[2606:4700::1111]:443/", "https://example.com?x=user@example.com"}) {
    EXPECT_FALSE(find_url_fault(url)) << url;
  }
}

TEST(LandingPage, EachFaultHasItsOwnWord) {
  EXPECT_EQ(find_url_fault("https://example.com/" + std::string(2048, 'a')), UrlFault::too_long);
  EXPECT_EQ(find_url_fault("https://example.com/a b"), UrlFault::not_text);
  EXPECT_EQ(find_url_fault("https://example.com/\r\nX: y"), UrlFault::not_text);
  EXPECT_EQ(find_url_fault("https://example.com\\@other.example"), UrlFault::not_text);
  EXPECT_EQ(find_url_fault("javascript:alert(1)"), UrlFault::scheme);
  EXPECT_EQ(find_url_fault("ftp://example.com"), UrlFault::scheme);
  EXPECT_EQ(find_url_fault("https:example.com"), UrlFault::scheme);
  EXPECT_EQ(find_url_fault("//example.com"), UrlFault::scheme);
  EXPECT_EQ(find_url_fault("https://u:p@example.com/"), UrlFault::user_info);
  EXPECT_EQ(find_url_fault("https://localhost/"), UrlFault::host);
  EXPECT_EQ(find_url_fault("https:///path"), UrlFault::host);
  EXPECT_EQ(find_url_fault("https://[::1/"), UrlFault::host);
  EXPECT_EQ(find_url_fault("https://0x7f.1/"), UrlFault::host);
  EXPECT_EQ(find_url_fault("https://10.0.0.1/"), UrlFault::host);
  EXPECT_EQ(find_url_fault("https://[::ffff:127.0.0.1]/"), UrlFault::host);
  EXPECT_EQ(find_url_fault("http://169.254.169.254/latest"), UrlFault::host);
  EXPECT_EQ(find_url_fault("https://example.com:0/"), UrlFault::port);
  EXPECT_EQ(find_url_fault("https://example.com:65536/"), UrlFault::port);
  EXPECT_EQ(find_url_fault("https://example.com:/"), UrlFault::port);
}

TEST(Consent, LimitsAreExact) {
  ConsentRules const rules;
  auto const fault = [&](std::optional<Timestamp> at, bool text = true) {
    return find_consent_fault(at, text, kNow, kNow, rules);
  };
  EXPECT_EQ(fault(std::nullopt), ConsentFault::missing);
  EXPECT_EQ(fault(kNow, false), ConsentFault::missing);
  EXPECT_EQ(fault(kNow - 90 * 24h), std::nullopt);
  EXPECT_EQ(fault(kNow - 90 * 24h - 1us), ConsentFault::expired);
  EXPECT_EQ(fault(kNow + 5min), std::nullopt);
  EXPECT_EQ(fault(kNow + 5min + 1us), ConsentFault::in_future);
}

TEST(Consent, ItCannotBeLongAfterTheCapture) {
  ConsentRules const rules;
  auto const captured = kNow - 72h;
  EXPECT_EQ(find_consent_fault(captured + 24h, true, captured, kNow, rules), std::nullopt);
  EXPECT_EQ(find_consent_fault(captured + 24h + 1us, true, captured, kNow, rules),
            ConsentFault::in_future);
  EXPECT_EQ(find_consent_fault(captured + 48h, true, std::nullopt, kNow, rules), std::nullopt);
}

TEST(Text, ControlCharactersAreFound) {
  EXPECT_TRUE(has_control("a\x1F"));
  EXPECT_TRUE(has_control("\x7F"));
  EXPECT_TRUE(has_control("\u0085"));
  EXPECT_FALSE(has_control("\u00A0 \u00E9"));
}

TEST(Text, NotUtf8IsRefusedByTheNormalisers) {
  EXPECT_FALSE(lower_nfc("\xED\xA0\x80"));
  EXPECT_FALSE(to_nfc("\xFF"));
  EXPECT_EQ(lower_nfc("\u00C5ngstro\u0308m"), "\u00E5ngstr\u00F6m");
  EXPECT_EQ(to_nfc("A\u030A"), "\u00C5");
}

// UTS 46 conformance data: what the standard refuses to look up must not become a domain here, and
// what both take must be the same name.
TEST(DomainName, IdnaCorpusGivesTheSameNames) {
  constexpr auto kFile = "url/wpt-idna-v2.jsonl";
  if (!test::has_shared(kFile)) GTEST_SKIP();
  int same = 0;
  int stricter = 0;
  int laxer = 0;
  for (auto const& row : test::read_json_lines(kFile)) {
    if (!row.HasMember("input")) continue;
    auto const name = to_ascii_domain(test::text_of(row, "input"));
    bool const wanted = row.HasMember("output") && row["output"].IsString();
    if (!name) {
      stricter += wanted ? 1 : 0;
    } else if (!wanted) {
      ++laxer;
      std::cout << "taken, but the data refuses: " << test::text_of(row, "input") << " -> " << *name
                << '\n';
    } else {
      EXPECT_EQ(*name, test::text_of(row, "output")) << test::text_of(row, "input");
      ++same;
    }
  }
  std::cout << "same " << same << ", stricter " << stricter << ", laxer " << laxer << '\n';
  EXPECT_GT(same, 50);
}

}  // namespace
}  // namespace leadex::intake
