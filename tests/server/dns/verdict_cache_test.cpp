#include "server/dns/verdict_cache.hpp"

#include <gtest/gtest.h>

namespace leadex::dns {
namespace {

using namespace std::chrono_literals;
constexpr VerdictCache::Instant kNow{1000s};

TEST(VerdictCache, KeepsAVerdictUntilItsTime) {
  VerdictCache cache{2};
  cache.put("a.test", MailVerdict::accepts, kNow + 10s);
  EXPECT_EQ(cache.find("a.test", kNow + 9s), MailVerdict::accepts);
  EXPECT_EQ(cache.find("a.test", kNow + 10s), std::nullopt);
  EXPECT_EQ(cache.size(), 0U);
}

TEST(VerdictCache, DropsTheOneUnusedLongest) {
  VerdictCache cache{2};
  cache.put("a.test", MailVerdict::accepts, kNow + 10s);
  cache.put("b.test", MailVerdict::refuses, kNow + 10s);
  EXPECT_TRUE(cache.find("a.test", kNow));
  cache.put("c.test", MailVerdict::unknown, kNow + 10s);
  EXPECT_FALSE(cache.find("b.test", kNow));
  EXPECT_EQ(cache.find("a.test", kNow), MailVerdict::accepts);
  EXPECT_EQ(cache.find("c.test", kNow), MailVerdict::unknown);
  cache.put("c.test", MailVerdict::refuses, kNow + 10s);
  EXPECT_EQ(cache.find("c.test", kNow), MailVerdict::refuses);
  EXPECT_EQ(cache.size(), 2U);
}

TEST(VerdictCache, WithoutRoomItKeepsNothing) {
  VerdictCache cache{0};
  cache.put("a.test", MailVerdict::accepts, kNow + 10s);
  EXPECT_FALSE(cache.find("a.test", kNow));
}

}  // namespace
}  // namespace leadex::dns
