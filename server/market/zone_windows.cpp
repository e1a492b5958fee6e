#include "server/market/zone_windows.hpp"

#include <date/tz.h>

#include <stdexcept>

namespace leadex::market {

namespace {

using std::chrono::microseconds;
using SysMicros = date::sys_time<microseconds>;

date::time_zone const* find_zone(std::string const& zone) {
  try {
    return date::locate_zone(zone);
  } catch (std::runtime_error const&) {
    return nullptr;
  }
}

std::int64_t day_start(date::time_zone const& zone, date::local_days day) {
  // A midnight that the clock jumps over begins with the jump; one that comes twice with the first.
  return zone.to_sys(date::local_time<microseconds>{day}, date::choose::earliest)
      .time_since_epoch()
      .count();
}

}  // namespace

bool known_zone(std::string const& zone) { return find_zone(zone) != nullptr; }

std::optional<SetZoneWindows> zone_windows(std::string const& zone, std::int64_t at_us) {
  auto const* found = find_zone(zone);
  if (found == nullptr) return std::nullopt;
  SysMicros const at{microseconds{at_us}};
  auto const info = found->get_info(at);
  auto const local = found->to_local(at);
  auto const hour = date::floor<std::chrono::hours>(local);
  auto const hour_begin = at - (local - hour);
  auto const clip_begin = std::max<SysMicros>(hour_begin, SysMicros{info.begin});
  auto const clip_end = std::min<SysMicros>(hour_begin + std::chrono::hours{1}, info.end);

  auto const today = date::floor<date::days>(local);
  date::weekday const weekday{today};
  auto const monday = today - (weekday - date::Monday);
  date::year_month_day const ymd{today};
  date::local_days const first{ymd.year() / ymd.month() / 1};
  date::local_days const next_first{(ymd.year() / ymd.month() + date::months{1}) / 1};
  SetZoneWindows set;
  set.zone = zone;
  set.windows = {Window{clip_begin.time_since_epoch().count(), clip_end.time_since_epoch().count()},
                 Window{day_start(*found, today), day_start(*found, today + date::days{1})},
                 Window{day_start(*found, monday), day_start(*found, monday + date::days{7})},
                 Window{day_start(*found, first), day_start(*found, next_first)}};
  auto const local_begin = local - (at - clip_begin);  // no jump inside an hour
  set.week_minute = static_cast<std::int32_t>(
      date::floor<std::chrono::minutes>(local_begin - date::local_time<microseconds>{monday})
          .count());
  return set;
}

}  // namespace leadex::market
