// Filters of visits by themselves: headers, visitors, velocity.

#include "server/api/v1/visit_filters.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "tests/matching/seed.hpp"

namespace leadex::api {
namespace {

constexpr std::int64_t kMinuteUs = 60'000'000;

http::Request request(std::string const& address, std::string const& agent) {
  http::Request made;
  made.method = "GET";
  made.peer_address = address;
  if (!agent.empty()) made.headers.add("user-agent", agent);
  return made;
}

TEST(VisitFilters, AVisitorIsItsNetworkAndAgent) {
  privacy::KeyRing const ring{crypto::Secret(std::string(32, 'r'))};
  privacy::KeyRing const other{crypto::Secret(std::string(32, 's'))};
  auto const digest = [&](std::string const& address, std::string const& agent) {
    return visitor_digest(ring, request(address, agent));
  };
  auto const one = digest("192.0.2.1", "Browser");
  EXPECT_EQ(one.size(), 16U);
  EXPECT_EQ(digest("192.0.2.1", "Browser"), one);
  EXPECT_NE(digest("192.0.2.2", "Browser"), one);
  EXPECT_NE(digest("192.0.2.1", "Browser 2"), one);
  EXPECT_NE(digest("192.0.2.1B", "rowser"), one) << "the two must not run together";
  EXPECT_NE(visitor_digest(other, request("192.0.2.1", "Browser")), one);
  EXPECT_EQ(digest("2001:db8::1", "Browser"), digest("2001:db8::ffff:1", "Browser"));
  EXPECT_NE(digest("2001:db8:0:1::1", "Browser"), digest("2001:db8::1", "Browser"));
  EXPECT_EQ(digest("::ffff:192.0.2.1", "Browser"), one) << "as a proxy may write it";
  EXPECT_NE(digest("::ffff:192.0.2.2", "Browser"), one);
}

TEST(VisitFilters, WordsOfBotsAreComparedWithoutCase) {
  EXPECT_EQ(bot_words("Bot,,curl/,"), (std::vector<std::string>{"bot", "curl/"}));
  EXPECT_TRUE(bot_words("").empty());
  auto const words = bot_words("Bot");
  EXPECT_EQ(filtered_by_headers(request("a", "GoogleBOT"), words), storage::VisitOutcome::bot);
  EXPECT_EQ(filtered_by_headers(request("a", "Firefox"), words), std::nullopt);
}

/// As long as no row of the table overflows, it counts as a plain map does.
TEST(VisitVelocity, CountsAsAPlainMapDoes) {
  std::mt19937_64 random{seed_of_run()};
  constexpr std::int64_t kMax = 5;
  VisitVelocity velocity{kMax};
  std::map<std::pair<std::string, std::int64_t>, std::int64_t> plain;
  std::int64_t now = 1'790'000'000'000'000;
  for (int i = 0; i < 20'000; ++i) {
    now += static_cast<std::int64_t>(random() % 400'000);
    auto const address = "192.0.2." + std::to_string(random() % 40);
    bool const within = ++plain[{address, now / kMinuteUs}] <= kMax;
    ASSERT_EQ(velocity.admit(address, now), within) << "visit " << i;
  }
}

TEST(VisitVelocity, ZeroIsNoLimitAndAnIPv6NetworkIsOneAddress) {
  VisitVelocity any{0};
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(any.admit("192.0.2.1", 0));
  VisitVelocity two{2};
  EXPECT_TRUE(two.admit("2001:db8::1", 0));
  EXPECT_TRUE(two.admit("2001:db8::2", 0));
  EXPECT_FALSE(two.admit("2001:db8::3", 0));
  EXPECT_TRUE(two.admit("2001:db8:0:1::1", 0));
}

}  // namespace
}  // namespace leadex::api
