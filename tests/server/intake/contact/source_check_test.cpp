#include "server/intake/contact/source_check.hpp"

#include <gtest/gtest.h>

#include "server/intake/contact/landing_page.hpp"

namespace leadex::intake {
namespace {

using namespace std::chrono_literals;

constexpr Timestamp kLatest = std::chrono::sys_days{std::chrono::year{2026} / 11 / 22} + 12h;

bool named(std::string_view text) { return names_contact(text, "US", "+12015550123"); }

TEST(SourceCheck, AnAddressIsFoundWhereverItStands) {
  for (auto const* const text : {"ann@example.com", "u=ann.lee+x@example.co.uk&y",
                                 "ann%40example.com", "ann@bücher.de", "<ann@example.com>"}) {
    EXPECT_TRUE(named(text)) << text;
  }
  for (auto const* const text : {"@brand", "a@b", "promo@2x", "ann@", "at@.com", "x @example.com",
                                 "mailto", "100%40", "spring-sale"}) {
    EXPECT_FALSE(named(text)) << text;
  }
}

TEST(SourceCheck, ANumberIsFoundWhenItIsWrittenAsOneOrIsTheLeads) {
  for (auto const* const text : {"+1 415 555 2671", "+14155552671", "(415) 555-2671",
                                 "415-555-2671", "415.555.2671", "tel:+14155552671", "2015550123",
                                 "12015550123", "5550123", "0012015550123", "202-612-2267"}) {
    EXPECT_TRUE(named(text)) << text;
  }
  // Identifiers of trackers, dates and sizes are none.
  for (auto const* const text :
       {"4155552671", "1732271234567", "2026-11-22", "300x250", "12345", "20261122", "20261122-01",
        "2026-11-22 10:30", "11/22/2026 10", "550e8400-e29b-41d4-a716-446655440000", "+", "1.2.3",
        "", "0a1b2c3d-4155-5526-71ab-0123456789ab"}) {
    EXPECT_FALSE(named(text)) << text;
  }
}

TEST(SourceCheck, ANumberIsFoundBesideOtherWords) {
  for (auto const* const text :
       {"u2015550123", "tel=+12015550123", "call 201-555-0123", "id-201.555.0123-x", "a5550123b",
        "20261122-2015550123", "2015550123 20261122", "call 415-555-2671", "tel=+14155552671",
        "p:(415) 555-2671;", "u+14155552671"}) {
    EXPECT_TRUE(named(text)) << text;
  }
  for (auto const* const text : {"u4155552671", "click 4155552671 of 7", "v415-555-2671a",
                                 "sale of 2026-11-22", "run 20261122-01", "a 12 b 34-56 c"}) {
    EXPECT_FALSE(named(text)) << text;
  }
  // A day is the lead's own number, too, when it is.
  EXPECT_TRUE(names_contact("20261122", "US", "+12020261122"));
  EXPECT_FALSE(names_contact("u2015550123", "US", ""));
}

TEST(SourceCheck, TouchpointsStandInTheOrderOfTimeAndNotInTheFuture) {
  auto const fault = [](std::vector<RawTouchpoint> const& touchpoints) {
    auto const found = find_touchpoint_fault(touchpoints, kLatest);
    return found ? std::string{to_string(found->code)} + ": " + std::string{found->detail}
                 : std::string{};
  };
  RawTouchpoint const early{"2026-11-01T00:00:00Z", "ad", "search"};
  RawTouchpoint const late{"2026-11-02T00:00:00Z", "email", "news"};
  RawTouchpoint const future{"2026-11-22T12:00:01Z", "email", "news"};
  EXPECT_EQ(fault({}), "");
  EXPECT_EQ(fault({early, early, late}), "");
  EXPECT_EQ(fault({late, early}), "source_invalid: The touchpoints are not in the order of time.");
  EXPECT_EQ(fault({early, future}), "source_invalid: A touchpoint lies in the future.");
  EXPECT_EQ(fault(std::vector<RawTouchpoint>(32, early)), "");
  EXPECT_EQ(fault(std::vector<RawTouchpoint>(33, early)),
            "value_too_long: At most 32 touchpoints.");
  EXPECT_NE(fault({{"2026-11-01", "ad", "search"}}), "");
  EXPECT_NE(fault({{"2026-11-01T00:00:00Z", "mail", "search"}}), "");
}

TEST(SourceCheck, HopsAreAShortNumber) {
  EXPECT_EQ(parse_hops("0"), 0);
  EXPECT_EQ(parse_hops(" 7 "), 7);
  EXPECT_EQ(parse_hops("07"), 7);
  EXPECT_EQ(parse_hops("99"), 99);
  for (auto const* const text : {"", "-1", "100", "1.0", "x", "?"}) {
    EXPECT_FALSE(parse_hops(text)) << text;
  }
}

TEST(SourceCheck, CluesAreWhatWasToldWithTheHostsOfItsPages) {
  RawLead raw;
  raw.at(Column::utm_source) = " google ";
  raw.at(Column::sub5) = "five";
  raw.at(Column::landing_page_url) = "https://Shop.example.com:8443/a?b=@";
  raw.at(Column::referrer_url) = "http://[2606:4700::1111]:80/";
  raw.at(Column::vehicle) = "ad";
  auto const clues = clues_of(raw);
  auto const clue = [&](quality::SourceField field) {
    return clues.at(static_cast<std::size_t>(field));
  };
  EXPECT_EQ(clue(quality::SourceField::utm_source), "google");
  EXPECT_EQ(clue(quality::SourceField::utm_medium), "");
  EXPECT_EQ(clue(quality::SourceField::sub5), "five");
  EXPECT_EQ(clue(quality::SourceField::landing_host), "Shop.example.com");
  EXPECT_EQ(clue(quality::SourceField::referrer_host), "[2606:4700::1111]");
  EXPECT_EQ(clue(quality::SourceField::vehicle), "ad");
  EXPECT_EQ(clue(quality::SourceField::reason), "");
  EXPECT_EQ(url_host("not a page"), "");
  EXPECT_EQ(url_host("https://a@b.example/"), "");
}

}  // namespace
}  // namespace leadex::intake
