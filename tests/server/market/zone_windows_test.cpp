#include "server/market/zone_windows.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace leadex::market {
namespace {

constexpr std::int64_t kHourUs = 3'600'000'000;

TEST(ZoneWindows, HoursDaysAndMonthsFollowTheClockChange) {
  // 2026-03-08 in New York: 02:00 to 03:00 does not exist; that day has 23 hours.
  auto const at = std::chrono::sys_days{std::chrono::year{2026} / 3 / 8} + std::chrono::hours{12};
  auto const us = std::chrono::duration_cast<std::chrono::microseconds>(at.time_since_epoch());
  auto const set = zone_windows("America/New_York", us.count());
  ASSERT_TRUE(set.has_value());
  auto const* const windows = &set->windows;
  EXPECT_EQ(set->week_minute, 6 * kMinutesOfDay + 8 * 60);  // Sunday, 08:00 of summer time
  EXPECT_EQ((*windows)[1].end_us - (*windows)[1].begin_us, 23 * kHourUs);
  EXPECT_EQ((*windows)[0].end_us - (*windows)[0].begin_us, kHourUs);
  EXPECT_EQ((*windows)[2].end_us - (*windows)[2].begin_us, (7 * 24 - 1) * kHourUs);
  for (auto const& window : *windows) {
    EXPECT_LE(window.begin_us, us.count());
    EXPECT_GT(window.end_us, us.count());
  }
  EXPECT_FALSE(zone_windows("Mars/Olympus", us.count()).has_value());
}

}  // namespace
}  // namespace leadex::market
