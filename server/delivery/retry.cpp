#include "server/delivery/retry.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "billing/values/check.hpp"

namespace leadex::delivery {

namespace {

constexpr int kJitterRange = 10'000;

milliseconds spread(milliseconds wait, int jitter) {
  LEADEX_CHECK(jitter >= 0 && jitter < kJitterRange);
  return wait * 9 / 10 + milliseconds(wait.count() * jitter / (kJitterRange * 5));
}

std::optional<int> number(std::string_view digits) {
  int value = 0;
  auto const* end = digits.data() + digits.size();
  auto const [at, fault] = std::from_chars(digits.data(), end, value);
  if (fault != std::errc{} || at != end || digits.empty()) return std::nullopt;
  if (digits.front() < '0' || digits.front() > '9') return std::nullopt;
  return value;
}

/// "Sun, 06 Nov 1994 08:49:37 GMT"
std::optional<Timestamp> parse_fixdate(std::string_view text) {
  constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  if (text.size() != 29 || text.substr(25) != " GMT") return std::nullopt;
  auto const day = number(text.substr(5, 2));
  auto const month = std::find(kMonths.begin(), kMonths.end(), text.substr(8, 3));
  auto const year = number(text.substr(12, 4));
  auto const hour = number(text.substr(17, 2));
  auto const minute = number(text.substr(20, 2));
  auto const second = number(text.substr(23, 2));
  if (!day || month == kMonths.end() || !year || !hour || !minute || !second) return std::nullopt;
  namespace chrono = std::chrono;
  chrono::year_month_day const date{
      chrono::year{*year}, chrono::month{static_cast<unsigned>(month - kMonths.begin()) + 1},
      chrono::day{static_cast<unsigned>(*day)}};
  if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  return chrono::sys_days{date} + chrono::hours(*hour) + chrono::minutes(*minute) +
         chrono::seconds(*second);
}

}  // namespace

std::optional<milliseconds> wait_after(RetryOptions const& options, int attempts, int jitter) {
  LEADEX_CHECK(attempts >= 1);
  auto const index = static_cast<std::size_t>(attempts - 1);
  if (index >= options.waits.size()) return std::nullopt;
  return spread(options.waits[index], jitter);
}

milliseconds sale_wait_after(RetryOptions const& options, int attempts, int jitter) {
  LEADEX_CHECK(attempts >= 1);
  auto wait = options.sale_first;
  for (int i = 1; i < attempts && wait < options.sale_last; ++i) wait *= 2;
  return spread(std::min(wait, options.sale_last), jitter);
}

std::optional<milliseconds> parse_retry_after(std::string_view text, Timestamp now) {
  if (auto const seconds = number(text)) return milliseconds(std::chrono::seconds(*seconds));
  auto const at = parse_fixdate(text);
  if (!at) return std::nullopt;
  return std::max(milliseconds{0}, std::chrono::ceil<milliseconds>(*at - now));
}

Timestamp last_attempt_at(Timestamp sold_at, Timestamp due) {
  constexpr Micros kMargin = std::chrono::seconds(2);
  return due - std::min<Micros>(kMargin, (due - sold_at) / 10);
}

}  // namespace leadex::delivery
