#include "server/delivery/retry.hpp"

#include <gtest/gtest.h>

namespace leadex::delivery {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

Timestamp at(std::int64_t unix_seconds) { return Timestamp{seconds(unix_seconds)}; }

TEST(Retry, FollowsTheScheduleForTenAttemptsOverThreeDays) {
  RetryOptions const options;
  milliseconds all{0};
  int attempts = 1;
  for (; auto const wait = wait_after(options, attempts, 5000); ++attempts) all += *wait;
  EXPECT_EQ(attempts, 10);
  EXPECT_EQ(all, hours(75) + std::chrono::minutes(35) + seconds(5));
}

TEST(Retry, JitterSpreadsByATenthEachWay) {
  RetryOptions const options;
  EXPECT_EQ(wait_after(options, 1, 0), milliseconds(4500));
  EXPECT_EQ(wait_after(options, 1, 5000), milliseconds(5000));
  EXPECT_EQ(wait_after(options, 1, 9999), milliseconds(5499));
}

TEST(Retry, ASaleIsTriedQuicklyAndNoSlowerThanItsLastWait) {
  RetryOptions const options;
  EXPECT_EQ(sale_wait_after(options, 1, 5000), seconds(1));
  EXPECT_EQ(sale_wait_after(options, 4, 5000), seconds(8));
  EXPECT_EQ(sale_wait_after(options, 6, 5000), seconds(32));
  EXPECT_EQ(sale_wait_after(options, 30'000, 5000), seconds(32));
}

TEST(Retry, ReadsSecondsAndDatesOfRetryAfter) {
  EXPECT_EQ(parse_retry_after("120", at(0)), milliseconds(120'000));
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", at(784111777 - 5)), seconds(5));
  EXPECT_EQ(parse_retry_after("Sun, 06 Nov 1994 08:49:37 GMT", at(784111777 + 5)), seconds(0));
}

TEST(Retry, TakesNoOtherRetryAfter) {
  for (auto const* text : {"", "-1", "+1", "1.5", "soon", "99999999999999999999",
                           "Sun, 32 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 CET"}) {
    EXPECT_FALSE(parse_retry_after(text, at(0)).has_value()) << text;
  }
}

TEST(Retry, ASalesLastAttemptLeavesTimeForItsAnswer) {
  EXPECT_EQ(last_attempt_at(at(100), at(400)), at(398));
  EXPECT_EQ(last_attempt_at(at(100), at(110)), at(109));
}

}  // namespace
}  // namespace leadex::delivery
