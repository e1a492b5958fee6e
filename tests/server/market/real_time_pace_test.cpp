#include "server/market/real_time_pace.hpp"

#include <gtest/gtest.h>

namespace leadex::market {
namespace {

using std::chrono::milliseconds;

constexpr RealTimePace::Clock::time_point kStart{std::chrono::hours{100}};

TEST(RealTimePace, IsPressedWhenMoreThanOneInAHundredIsTooSlow) {
  RealTimePace pace{milliseconds{20}};
  for (int i = 0; i < 98; ++i) pace.note(kStart, milliseconds{20});
  EXPECT_FALSE(pace.pressed(kStart));
  pace.note(kStart, milliseconds{21});
  EXPECT_TRUE(pace.pressed(kStart));  // one of 99
  pace.note(kStart, milliseconds{1});
  EXPECT_FALSE(pace.pressed(kStart));  // one of 100
  pace.note(kStart, milliseconds{500});
  EXPECT_TRUE(pace.pressed(kStart));
}

TEST(RealTimePace, ForgetsWithinASecond) {
  RealTimePace pace{milliseconds{20}};
  EXPECT_FALSE(pace.pressed(kStart));
  pace.note(kStart, milliseconds{50});
  EXPECT_TRUE(pace.pressed(kStart + milliseconds{499}));
  EXPECT_TRUE(pace.pressed(kStart + milliseconds{501}));
  EXPECT_FALSE(pace.pressed(kStart + milliseconds{1000}));
  for (int i = 0; i < 99; ++i) pace.note(kStart + milliseconds{1000}, milliseconds{1});
  EXPECT_FALSE(pace.pressed(kStart + milliseconds{1000}));
}

TEST(RealTimePace, ALateNoteChangesNothingNewer) {
  RealTimePace pace{milliseconds{20}};
  pace.note(kStart + milliseconds{1000}, milliseconds{1});
  pace.note(kStart, milliseconds{50});  // its half second shares a place with the newer one
  EXPECT_FALSE(pace.pressed(kStart + milliseconds{1000}));
}

TEST(RealTimePace, NeverPressesWithoutALimit) {
  RealTimePace pace{milliseconds{0}};
  pace.note(kStart, std::chrono::seconds{5});
  EXPECT_FALSE(pace.pressed(kStart));
}

}  // namespace
}  // namespace leadex::market
