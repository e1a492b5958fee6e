#include "server/http/link_template.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <vector>

#include "tests/matching/seed.hpp"

namespace leadex::http {
namespace {

std::vector<std::string> const kMacros{"click_id", "sub1", "state"};

Result<void, LinkError> check(std::string_view link, bool local = false) {
  return check_link(link, kMacros, local);
}
std::string fill(std::string_view link, std::map<std::string, std::string> values) {
  return fill_link(link, [&](std::string_view name) { return values[std::string{name}]; });
}

TEST(LinkTemplate, GoodLinksPass) {
  for (auto const* link :
       {"https://example.com", "https://example.com/", "https://example.com:8443/a?b=c#d",
        "https://example.com/{state}/x?c={click_id}&s={sub1}#{sub1}",
        "https://example.com?c={click_id}", "https://example.com/a%20b?x=%7B",
        "https://example.com#part?{sub1}"}) {
    EXPECT_TRUE(check(link).has_value()) << link;
  }
}

TEST(LinkTemplate, OthersAreRefusedByTheirFirstFault) {
  auto const refused = [](std::string_view link) {
    auto const result = check(link);
    return result ? "passed" : std::string{to_string(result.error())};
  };
  EXPECT_EQ(refused(""), "url_malformed");
  EXPECT_EQ(refused("/path"), "url_malformed");
  EXPECT_EQ(refused("https://example.com/{"), "url_malformed");
  EXPECT_EQ(refused("https://example.com/}x"), "url_malformed");
  EXPECT_EQ(refused("https://example.com/{a b}"), "url_malformed");
  EXPECT_EQ(refused("https://example.com/a b"), "url_malformed");
  EXPECT_EQ(refused("https://example.com/\r\nX: y"), "url_malformed");
  EXPECT_EQ(refused("https://example.com/" + std::string(kLinkBytesMax, 'a')), "url_malformed");
  std::string many = "https://example.com/";
  for (std::size_t i = 0; i < kLinkMacrosMax; ++i) many += "{sub1}";
  EXPECT_EQ(refused(many), "passed");
  EXPECT_EQ(refused(many + "{sub1}"), "url_malformed");
  EXPECT_EQ(refused("http://example.com/"), "address_refused");
  EXPECT_EQ(refused("javascript://example.com/%0Aalert(1)"), "address_refused");
  EXPECT_EQ(refused("https://user@example.com/"), "address_refused");
  EXPECT_EQ(refused("https://user:pass@example.com/"), "address_refused");
  EXPECT_EQ(refused("https://example.com:22/"), "address_refused");
  EXPECT_EQ(refused("https://127.0.0.1/"), "address_refused");
  EXPECT_EQ(refused("https://10.0.0.1/"), "address_refused");
  EXPECT_EQ(refused("https://localhost/"), "address_refused");
  EXPECT_EQ(refused("http://127.0.0.1:3000/"), "address_refused");
  EXPECT_EQ(refused("https://{state}.example.com/"), "macro_misplaced");
  EXPECT_EQ(refused("https://example.com{sub1}"), "macro_misplaced");
  EXPECT_EQ(refused("https://{click_id}@example.com/"), "macro_misplaced");
  EXPECT_EQ(refused("https://example.com/{other}"), "macro_unknown");
}

TEST(LinkTemplate, ThisMachineIsForDevDatabases) {
  EXPECT_TRUE(check("http://127.0.0.1:3000/{sub1}", true).has_value());
  EXPECT_TRUE(check("https://localhost:3000/", true).has_value());
  EXPECT_FALSE(check("http://127.0.0.1/", true).has_value()) << "a service of the machine";
  EXPECT_FALSE(check("http://127.0.0.1.example.com:3000/", true).has_value());
  EXPECT_FALSE(check("http://127.0.0.1@example.com/", true).has_value());
  EXPECT_FALSE(check("http://localhost:3000/", true).has_value());
  auto const called = [](std::string_view link) {
    return check_link(link, kMacros, true, LinkFor::requests);
  };
  EXPECT_TRUE(called("https://127.0.0.1:3000/{sub1}").has_value());
  ASSERT_FALSE(called("http://127.0.0.1:3000/{sub1}").has_value()) << "no request goes without TLS";
  EXPECT_EQ(called("http://127.0.0.1:3000/{sub1}").error(), LinkError::address_refused);
}

TEST(LinkTemplate, ValuesAreEncodedAndClimbNowhere) {
  EXPECT_EQ(fill("https://example.com/{state}?c={click_id}&s={sub1}#{sub1}",
                 {{"state", "a/b c"}, {"click_id", "clk_1-2.3~4"}, {"sub1", "ü&=#%{state}"}}),
            "https://example.com/a%2Fb%20c?c=clk_1-2.3~4&s=%C3%BC%26%3D%23%25%7Bstate%7D#%C3%BC%26"
            "%3D%23%25%7Bstate%7D");
  EXPECT_EQ(fill("https://example.com/a/{sub1}/{state}", {{"sub1", ".."}, {"state", "."}}),
            "https://example.com/a//");
  EXPECT_EQ(fill("https://example.com/{sub1}", {{"sub1", "\r\nSet-Cookie: a"}}),
            "https://example.com/%0D%0ASet-Cookie%3A%20a");
  EXPECT_EQ(fill("https://example.com/{sub1}", {}), "https://example.com/");
}

TEST(LinkTemplate, WhateverTheValueHostAndPathStay) {
  auto const seed = seed_of_run();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random{seed};
  std::string const link = "https://example.com/a/{sub1}?b={sub1}&c=d";
  for (int i = 0; i < 2000; ++i) {
    std::string value(random() % 12, ' ');
    for (char& c : value) c = static_cast<char>(random() % 256);
    auto const filled = fill(link, {{"sub1", value}});
    ASSERT_TRUE(filled.starts_with("https://example.com/a/")) << filled;
    ASSERT_EQ(std::count(filled.begin(), filled.end(), '/'), 4) << filled;
    ASSERT_EQ(std::count(filled.begin(), filled.end(), '?'), 1) << filled;
    ASSERT_EQ(std::count(filled.begin(), filled.end(), '&'), 1) << filled;
    ASSERT_TRUE(check(filled).has_value()) << filled;
  }
}

}  // namespace
}  // namespace leadex::http
