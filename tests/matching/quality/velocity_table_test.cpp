#include "matching/quality/velocity_table.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>

#include "tests/matching/seed.hpp"

namespace leadex::quality {
namespace {

constexpr std::int64_t kStart = 1'750'000'000'000'000;

/// The same without a bound.
class Twin {
 public:
  VelocityCounts count(std::uint64_t key, std::int64_t now_us) {
    VelocityCounts counts{};
    for (std::size_t i = 0; i < counts.size(); ++i) {
      counts.at(i) = ++seen_[{key, i, now_us / kVelocityWindowsUs.at(i)}];
    }
    return counts;
  }

 private:
  std::map<std::tuple<std::uint64_t, std::size_t, std::int64_t>, std::int64_t> seen_;
};

TEST(VelocityTable, CountsEachWindowByItself) {
  VelocityTable table(4);
  auto const at = kStart / 86'400'000'000 * 86'400'000'000;
  EXPECT_EQ(table.count(7, at), (VelocityCounts{1, 1, 1}));
  EXPECT_EQ(table.count(7, at + 59'999'999), (VelocityCounts{2, 2, 2}));
  EXPECT_EQ(table.count(7, at + 60'000'000), (VelocityCounts{1, 3, 3}));
  EXPECT_EQ(table.count(7, at + 3'600'000'000), (VelocityCounts{1, 1, 4}));
  EXPECT_EQ(table.count(8, at + 3'600'000'000), (VelocityCounts{1, 1, 1}));
  EXPECT_EQ(table.count(7, at + 86'400'000'000), (VelocityCounts{1, 1, 1}));
}

TEST(VelocityTable, IsExactWhileItsRowsHoldAllKeys) {
  std::mt19937_64 random(seed_of_run());
  VelocityTable table(0);
  Twin twin;
  auto now = kStart;
  std::array<std::uint64_t, VelocityTable::kPlaces> keys{};
  for (auto& key : keys) key = random() | 1U;
  for (int i = 0; i < 20'000; ++i) {
    now += static_cast<std::int64_t>(random() % 40'000'000);
    auto const key = keys.at(random() % keys.size());
    ASSERT_EQ(table.count(key, now), twin.count(key, now));
  }
}

TEST(VelocityTable, NeverCountsTooHighAndKeepsWhoComesOften) {
  std::mt19937_64 random(seed_of_run());
  constexpr std::uint64_t kFarm = 0xF000'0000'0000'0001;
  VelocityTable table(6);
  Twin twin;
  auto now = kStart / 86'400'000'000 * 86'400'000'000;  // all of it within one day
  for (int i = 0; i < 2; ++i) ASSERT_EQ(table.count(kFarm, now), twin.count(kFarm, now));
  for (int i = 0; i < 50'000; ++i) {
    now += static_cast<std::int64_t>(random() % 1'700'000);
    // A farm's key among thousands that come once.
    auto const key = random() % 8 == 0 ? kFarm : random() | 1U;
    auto const counted = table.count(key, now);
    auto const truly = twin.count(key, now);
    for (std::size_t window = 0; window < counted.size(); ++window) {
      ASSERT_LE(counted.at(window), truly.at(window));
    }
  }
  EXPECT_EQ(table.count(kFarm, now), twin.count(kFarm, now));
}

TEST(VelocityTable, AClockThatGoesBackALittleBreaksNothing) {
  VelocityTable table(2);
  EXPECT_EQ(table.count(9, kStart + 90'000'000)[2], 1);
  EXPECT_EQ(table.count(9, kStart)[2], 2);
}

TEST(VelocityTable, AnyWindowMakesACrowd) {
  VelocityCounts const most{3, 4, 5};
  EXPECT_FALSE(is_crowd({3, 4, 5}, most));
  EXPECT_TRUE(is_crowd({4, 4, 4}, most));
  EXPECT_TRUE(is_crowd({1, 5, 5}, most));
  EXPECT_TRUE(is_crowd({1, 1, 6}, most));
}

}  // namespace
}  // namespace leadex::quality
