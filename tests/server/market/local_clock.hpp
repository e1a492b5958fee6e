#pragma once
// LocalClock: what a clock on the wall of a zone shows at one instant, by date::zoned_time alone:
// the plain twin of zone_windows(). And the changes of clocks that tests walk over. One thread.

#include <date/tz.h>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "matching/market/command.hpp"

namespace leadex::market {

inline constexpr std::int64_t kClockMinuteUs = 60'000'000;
inline constexpr std::int64_t kClockHourUs = 60 * kClockMinuteUs;
inline constexpr std::int64_t kClockDayUs = 24 * kClockHourUs;

/// The local hour, day, week and month that an instant belongs to, each by a number of its own. An
/// hour that comes twice is two: its number goes with the zone's offset in seconds.
using LocalPlace = std::array<std::pair<std::int64_t, std::int64_t>, kWindowKinds>;

class LocalClock {
 public:
  LocalClock(std::string const& zone, std::int64_t at_us)
      : time_(zone, date::sys_time<std::chrono::microseconds>{std::chrono::microseconds{at_us}}),
        local_(time_.get_local_time()),
        today_(date::floor<date::days>(local_)) {}

  [[nodiscard]] LocalPlace place() const {
    auto const hour = date::floor<std::chrono::hours>(local_).time_since_epoch().count();
    date::year_month_day const ymd{today_};
    return {std::pair{std::int64_t{hour}, std::int64_t{time_.get_info().offset.count()}},
            {days_of(today_), 0},
            {days_of(monday()), 0},
            {int{ymd.year()}, unsigned{ymd.month()}}};
  }
  /// Minutes since Monday 00:00 as clock and calendar show them.
  [[nodiscard]] std::int32_t week_minute() const {
    auto const since = date::floor<std::chrono::minutes>(local_ - today_);
    return static_cast<std::int32_t>((today_ - monday()).count() * kMinutesOfDay + since.count());
  }

 private:
  static std::int64_t days_of(date::local_days day) { return day.time_since_epoch().count(); }
  [[nodiscard]] date::local_days monday() const {
    auto day = today_;
    while (date::weekday{day} != date::Monday) day -= date::days{1};
    return day;
  }

  date::zoned_time<std::chrono::microseconds> time_;
  date::local_time<std::chrono::microseconds> local_;
  date::local_days today_;
};

/// A day on which clocks of a zone change, and how long it is.
struct ClockChange {
  std::string_view zone;
  int year, month, day;  // in the zone
  int minutes;           // of that day
  [[nodiscard]] std::int64_t noon_us() const {
    date::local_days const local{date::year{year} / month / day};
    auto const at = date::make_zoned(std::string{zone}, local + std::chrono::hours{12});
    return std::chrono::microseconds{at.get_sys_time().time_since_epoch()}.count();
  }
};

inline constexpr std::array kClockChanges{
    ClockChange{"America/New_York", 2026, 3, 8, 23 * 60},
    ClockChange{"America/New_York", 2026, 11, 1, 25 * 60},
    ClockChange{"Australia/Lord_Howe", 2026, 4, 5, 24 * 60 + 30},  // by half an hour
    ClockChange{"Australia/Lord_Howe", 2026, 10, 4, 23 * 60 + 30},
    ClockChange{"Asia/Kathmandu", 2026, 3, 8, 24 * 60},      // none, but 5:45 from UTC
    ClockChange{"Africa/Casablanca", 2026, 2, 15, 25 * 60},  // Ramadan begins
    ClockChange{"Africa/Casablanca", 2026, 3, 22, 23 * 60},  // and has ended
    ClockChange{"America/Santiago", 2026, 4, 4, 25 * 60},    // from midnight back to eleven
    ClockChange{"America/Santiago", 2026, 9, 6, 23 * 60},    // has no midnight
    ClockChange{"America/Havana", 2025, 11, 2, 25 * 60},     // has two midnights
    ClockChange{"Antarctica/Troll", 2026, 3, 29, 22 * 60},   // by two hours
    ClockChange{"Pacific/Apia", 2011, 12, 31, 24 * 60},      // the day before does not exist
};

}  // namespace leadex::market
