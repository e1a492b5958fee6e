#include "server/auth/rate_limit.hpp"

#include <gtest/gtest.h>

namespace leadex::auth {
namespace {

using namespace std::chrono_literals;

RateLimiter::Instant at(std::chrono::milliseconds time) { return RateLimiter::Instant(time); }

TEST(RateLimiter, RefusesWhenTheBucketIsEmptyAndSaysWhenToComeBack) {
  RateLimiter limiter({.per_minute = 60, .burst = 3, .buckets_max = 10});
  for (int i = 2; i >= 0; --i) {
    auto const taken = limiter.take("a", at(0ms));
    EXPECT_TRUE(taken.allowed);
    EXPECT_EQ(taken.remaining, i);
  }
  auto const refused = limiter.take("a", at(100ms));
  EXPECT_FALSE(refused.allowed);
  EXPECT_EQ(refused.reset_s, 1);
  EXPECT_TRUE(limiter.take("b", at(100ms)).allowed) << "another bucket";
  EXPECT_FALSE(limiter.take("a", at(999ms)).allowed);
  EXPECT_TRUE(limiter.take("a", at(1000ms)).allowed) << "one token a second";
  EXPECT_FALSE(limiter.take("a", at(1001ms)).allowed);
}

TEST(RateLimiter, NeverGivesMoreThanTheRateOverALongTime) {
  RateLimiter limiter({.per_minute = 90, .burst = 5, .buckets_max = 10});
  int allowed = 0;
  for (int ms = 0; ms < 60'000; ms += 7) {
    if (limiter.take("a", at(std::chrono::milliseconds(ms))).allowed) ++allowed;
  }
  EXPECT_LE(allowed, 95);
  EXPECT_GE(allowed, 93);
}

TEST(RateLimiter, LookTakesNothingAndAVeryLongPauseFillsOnlyTheBucket) {
  RateLimiter limiter({.per_minute = 6000, .burst = 2, .buckets_max = 10});
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(limiter.look("a", at(0ms)).allowed);
  EXPECT_EQ(limiter.take("a", at(0ms)).remaining, 1);
  EXPECT_EQ(limiter.take("a", at(24h * 365 * 50)).remaining, 1);
}

TEST(RateLimiter, KeepsItsMemoryBounded) {
  RateLimiter limiter({.per_minute = 60, .burst = 1, .buckets_max = 3});
  for (int i = 0; i < 3; ++i) (void)limiter.take("x" + std::to_string(i), at(0ms));
  EXPECT_TRUE(limiter.take("new1", at(1ms)).allowed) << "the shared bucket";
  EXPECT_FALSE(limiter.take("new2", at(1ms)).allowed) << "newcomers share what is left";
  EXPECT_TRUE(limiter.take("new3", at(2000ms)).allowed) << "full buckets made room";
}

TEST(RateLimiter, HeadersFollowTheDraft) {
  auto const headers = rate_headers({false, 6000, 0, 2});
  ASSERT_EQ(headers.size(), 3U);
  EXPECT_EQ(headers[0].second, "\"default\";q=6000;w=60");
  EXPECT_EQ(headers[1].second, "\"default\";r=0;t=2");
  EXPECT_EQ(headers[2], (std::pair<std::string, std::string>{"Retry-After", "2"}));
  EXPECT_EQ(rate_headers({true, 6000, 9, 1}).size(), 2U);
}

TEST(AddressBucket, CountsIpv6ByItsNetworkAndMappedAsIpv4) {
  EXPECT_EQ(address_bucket("192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(address_bucket("::ffff:192.0.2.7"), "192.0.2.7");
  EXPECT_EQ(address_bucket("2001:db8:1:2:3:4:5:6"), address_bucket("2001:db8:1:2::1"));
  EXPECT_NE(address_bucket("2001:db8:1:2::1"), address_bucket("2001:db8:1:3::1"));
}

}  // namespace
}  // namespace leadex::auth
