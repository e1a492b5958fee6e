#include "server/json/time_text.hpp"

#include <fmt/format.h>

namespace leadex::json {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using std::chrono::sys_days;
using std::chrono::year;
using std::chrono::year_month_day;

/// Walks over the text; a fault makes `ok` false and every later step harmless.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_{text} {}

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] bool at_end() const { return text_.empty(); }
  [[nodiscard]] bool take_if(char wanted) {
    if (!text_.starts_with(wanted)) return false;
    text_.remove_prefix(1);
    return true;
  }
  void expect(char wanted) { ok_ = take_if(wanted) && ok_; }
  void expect_either(char one, char other) { ok_ = (take_if(one) || take_if(other)) && ok_; }

  int number(std::size_t digits) {
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      if (!is_digit()) {
        ok_ = false;
        return 0;
      }
      value = value * 10 + (text_.front() - '0');
      text_.remove_prefix(1);
    }
    return value;
  }

  /// Digits behind the point as microseconds.
  Micros fraction() {
    std::int64_t value = 0;
    std::size_t count = 0;
    for (; is_digit() && count < 9; ++count, text_.remove_prefix(1)) {
      if (count < 6) value = value * 10 + (text_.front() - '0');
    }
    if (count == 0) ok_ = false;
    for (; count < 6; ++count) value *= 10;
    return Micros{value};
  }

 private:
  [[nodiscard]] bool is_digit() const {
    return !text_.empty() && text_.front() >= '0' && text_.front() <= '9';
  }
  std::string_view text_;
  bool ok_ = true;
};

[[nodiscard]] year_month_day take_date(Cursor& cursor) {
  int const y = cursor.number(4);
  cursor.expect('-');
  int const m = cursor.number(2);
  cursor.expect('-');
  int const d = cursor.number(2);
  return year{y} / m / d;
}

/// What to subtract from the local time to get UTC.
[[nodiscard]] minutes take_offset(Cursor& cursor, bool& in_range) {
  if (cursor.take_if('Z') || cursor.take_if('z')) return minutes{0};
  int const sign = cursor.take_if('-') ? -1 : 1;
  if (sign == 1) cursor.expect('+');
  int const hour = cursor.number(2);
  cursor.expect(':');
  int const minute = cursor.number(2);
  in_range = hour <= 23 && minute <= 59;
  return sign * (hours{hour} + minutes{minute});
}

[[nodiscard]] std::optional<Timestamp> read_timestamp(ObjectReader& reader, std::string_view name,
                                                      std::string_view text) {
  auto const at = parse_timestamp(text);
  if (at) return *at;
  switch (at.error()) {
    case TimeError::malformed:
      reader.fail(name, "time_malformed", "Must be an RFC 3339 instant with an offset or Z.");
      break;
    case TimeError::leap_second:
      reader.fail(name, "time_leap_second", "Leap seconds are not accepted.");
      break;
    case TimeError::out_of_range:
      reader.fail(name, "time_out_of_range", "Must lie between the years 1970 and 9999.");
      break;
  }
  return std::nullopt;
}

}  // namespace

Result<Timestamp, TimeError> parse_timestamp(std::string_view text) {
  Cursor cursor{text};
  year_month_day const day = take_date(cursor);
  cursor.expect_either('T', 't');
  int const hour = cursor.number(2);
  cursor.expect(':');
  int const minute = cursor.number(2);
  cursor.expect(':');
  int const second = cursor.number(2);
  Micros const fraction = cursor.take_if('.') ? cursor.fraction() : Micros{0};
  bool offset_in_range = true;
  minutes const offset = take_offset(cursor, offset_in_range);
  if (!cursor.ok() || !cursor.at_end() || !day.ok() || hour > 23 || minute > 59 || second > 60 ||
      !offset_in_range) {
    return refuse(TimeError::malformed);
  }
  if (second == 60) return refuse(TimeError::leap_second);

  Timestamp const at =
      sys_days{day} + hours{hour} + minutes{minute} + seconds{second} + fraction - offset;
  constexpr Timestamp kBegin{};
  constexpr Timestamp kEnd = sys_days{year{10'000} / 1 / 1};
  if (at < kBegin || at >= kEnd) return refuse(TimeError::out_of_range);
  return at;
}

std::string format_timestamp(Timestamp at) {
  auto const midnight = std::chrono::floor<days>(at);
  std::chrono::hh_mm_ss const clock{at - midnight};
  std::string text =
      fmt::format("{}T{:02}:{:02}:{:02}", format_date(year_month_day{midnight}),
                  clock.hours().count(), clock.minutes().count(), clock.seconds().count());
  if (auto const micros = clock.subseconds().count(); micros != 0) {
    text += fmt::format(".{:06}", micros);
    text.erase(text.find_last_not_of('0') + 1);
  }
  text += 'Z';
  return text;
}

std::optional<year_month_day> parse_date(std::string_view text) {
  Cursor cursor{text};
  year_month_day const day = take_date(cursor);
  if (!cursor.ok() || !cursor.at_end() || !day.ok() || day.year() < year{1000}) return std::nullopt;
  return day;
}

std::string format_date(year_month_day day) {
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(day.year()),
                     static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()));
}

Timestamp require_timestamp(ObjectReader& reader, std::string_view name) {
  std::size_t const errors_before = reader.errors().size();
  std::string const text = reader.require_string(name);
  // A reader over a missing object notes nothing and gives an empty text.
  if (reader.errors().size() != errors_before || !reader.has(name)) return {};
  return read_timestamp(reader, name, text).value_or(Timestamp{});
}

std::optional<Timestamp> optional_timestamp(ObjectReader& reader, std::string_view name) {
  auto const text = reader.optional_string(name);
  if (!text) return std::nullopt;
  return read_timestamp(reader, name, *text);
}

}  // namespace leadex::json
