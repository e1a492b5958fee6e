#include "server/market/zone_windows.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <set>

#include "tests/matching/seed.hpp"
#include "tests/server/market/local_clock.hpp"

namespace leadex::market {
namespace {

using std::chrono::microseconds;

constexpr std::int64_t kHourUs = kClockHourUs;
constexpr std::int64_t kStepUs = 15 * kClockMinuteUs;  // local hours begin with one

/// What both say of one instant.
struct Said {
  SetZoneWindows by_windows;
  LocalPlace by_clock;
};

std::optional<Said> ask(std::string const& zone, std::int64_t at_us) {
  auto const set = zone_windows(zone, at_us);
  EXPECT_TRUE(set.has_value());
  if (!set) return std::nullopt;
  LocalClock const clock(zone, at_us);
  for (auto const& window : set->windows) {
    EXPECT_LE(window.begin_us, at_us);
    EXPECT_GT(window.end_us, at_us);
  }
  auto const since = (at_us - set->windows[0].begin_us) / kClockMinuteUs;
  EXPECT_EQ((set->week_minute + since) % kMinutesOfWeek, clock.week_minute());
  return Said{*set, clock.place()};
}

/// Instants that the clock puts into one hour, day, week or month share one window, and no others
/// do; where the clock goes on to the next, at `at_us`, one window ends and the next one begins.
void compare(Said const& before, Said const& now, std::int64_t at_us, bool next_to_it) {
  for (std::size_t k = 0; k < kWindowKinds; ++k) {
    auto const& left = before.by_windows.windows.at(k);
    auto const& right = now.by_windows.windows.at(k);
    EXPECT_EQ(left == right, before.by_clock.at(k) == now.by_clock.at(k)) << "window " << k;
    if (left == right) continue;
    EXPECT_TRUE(next_to_it) << "window " << k;
    EXPECT_EQ(left.end_us, at_us) << "window " << k;
    EXPECT_EQ(right.begin_us, at_us) << "window " << k;
  }
}

/// Every quarter of an hour and every change of the clock.
std::set<std::int64_t> instants(std::string const& zone, std::int64_t from_us, std::int64_t to_us) {
  std::set<std::int64_t> all;
  for (auto at = from_us / kStepUs * kStepUs; at < to_us; at += kStepUs) all.insert(at);
  auto const* const found = date::locate_zone(zone);
  for (auto at = *all.begin(); at < to_us;) {
    auto const end = found->get_info(date::sys_time<microseconds>{microseconds{at}}).end;
    at = microseconds{end.time_since_epoch()}.count();
    if (at < to_us) all.insert(at);
  }
  return all;
}

/// Asks at each of them, and in the microsecond before.
void walk(std::string const& zone, std::int64_t from_us, std::int64_t to_us) {
  SCOPED_TRACE(zone);
  std::optional<Said> last;
  for (auto const at : instants(zone, from_us, to_us)) {
    SCOPED_TRACE(at);
    auto const before = ask(zone, at - 1);
    auto const now = ask(zone, at);
    if (!before || !now) return;
    if (last) compare(*last, *before, at - 1, false);
    compare(*before, *now, at, true);
    if (testing::Test::HasFailure()) return;
    last = now;
  }
}

TEST(ZoneWindows, HoursDaysAndMonthsFollowTheClockChange) {
  // 2026-03-08 in New York: 02:00 to 03:00 does not exist; that day has 23 hours.
  auto const at = std::chrono::sys_days{std::chrono::year{2026} / 3 / 8} + std::chrono::hours{12};
  auto const us = std::chrono::duration_cast<microseconds>(at.time_since_epoch());
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

TEST(ZoneWindows, TheDayOfAChangeIsAsLongAsItIsOnTheWall) {
  for (auto const& change : kClockChanges) {
    SCOPED_TRACE(change.zone);
    auto const set = zone_windows(std::string{change.zone}, change.noon_us());
    ASSERT_TRUE(set.has_value());
    auto const& day = set->windows[1];
    EXPECT_EQ(day.end_us - day.begin_us, change.minutes * kClockMinuteUs);
  }
}

TEST(ZoneWindows, CoverEveryInstantAroundAChangeOnceAsTheClockOnTheWallHasThem) {
  for (auto const& change : kClockChanges) {
    auto const days = full_run() ? 40 : 9;  // a change of week, or of month
    walk(std::string{change.zone}, change.noon_us() - days * kClockDayUs,
         change.noon_us() + days * kClockDayUs);
  }
}

// Changes of any zone there is, from 2020 on: a window is asked for as its time runs.
TEST(ZoneWindows, CoverEveryInstantAroundTheChangesOfAnyZone) {
  std::mt19937_64 random{seed_of_run()};
  auto const& zones = date::get_tzdb().zones;
  auto const from = date::sys_days{date::year{2020} / 1 / 1};
  auto const to = date::sys_days{date::year{2036} / 1 / 1};
  std::size_t walked = 0;
  for (std::size_t i = 0; i < (full_run() ? zones.size() : 40); ++i) {
    auto const& zone = zones[full_run() ? i : random() % zones.size()];
    for (date::sys_seconds at = from; at < to;) {
      at = zone.get_info(at).end;
      if (at >= to || (!full_run() && random() % 4 != 0)) continue;
      auto const us = microseconds{at.time_since_epoch()}.count();
      walk(zone.name(), us - 2 * kClockDayUs, us + 2 * kClockDayUs);
      ++walked;
      if (HasFailure()) return;
    }
  }
  std::cout << walked << " changes\n";
}

}  // namespace
}  // namespace leadex::market
