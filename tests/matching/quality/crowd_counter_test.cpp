#include "matching/quality/crowd_counter.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <random>
#include <set>

#include "tests/matching/seed.hpp"

namespace leadex::quality {
namespace {

struct Lead {
  std::uint64_t key{};
  std::int64_t at_us{};
};

CrowdCount counted(std::vector<Lead> const& leads, CrowdLimit limit) {
  CrowdCounter counter(limit);
  for (auto const& [key, at_us] : leads) counter.add(key, at_us);
  return counter.finish();
}

/// Every window that begins with a lead, every lead in it.
CrowdCount plainly(std::vector<Lead> const& leads, CrowdLimit limit) {
  CrowdCount count{.leads = std::ssize(leads)};
  std::set<std::size_t> crowded;
  std::set<std::uint64_t> keys;
  for (auto const& first : leads) {
    std::vector<std::size_t> window;
    for (std::size_t i = 0; i < leads.size(); ++i) {
      if (leads[i].key == first.key && leads[i].at_us >= first.at_us &&
          leads[i].at_us - first.at_us < limit.window_us) {
        window.push_back(i);
      }
    }
    count.largest = std::max(count.largest, static_cast<std::int64_t>(window.size()));
    if (std::ssize(window) <= limit.leads_max) continue;
    crowded.insert(window.begin(), window.end());
    keys.insert(first.key);
  }
  count.crowded = std::ssize(crowded);
  count.keys = std::ssize(keys);
  return count;
}

TEST(CrowdCounter, FourWithinAnHourAreACrowdAndThreeAreNot) {
  CrowdLimit const limit{.window_us = 3'600, .leads_max = 3};
  EXPECT_EQ(counted({{1, 0}, {1, 1'000}, {1, 3'599}}, limit),
            (CrowdCount{.leads = 3, .crowded = 0, .keys = 0, .largest = 3}));
  EXPECT_EQ(counted({{1, 0}, {1, 1'000}, {1, 3'599}, {1, 3'599}, {2, 5}}, limit),
            (CrowdCount{.leads = 5, .crowded = 4, .keys = 1, .largest = 4}));
  // The fourth comes as the window of the first ends.
  EXPECT_EQ(counted({{1, 0}, {1, 1'000}, {1, 3'599}, {1, 3'600}}, limit).crowded, 0);
}

TEST(CrowdCounter, StartsAnewAfterACount) {
  CrowdCounter counter({.window_us = 10, .leads_max = 1});
  counter.add(1, 1);
  counter.add(1, 2);
  EXPECT_EQ(counter.finish().crowded, 2);
  EXPECT_EQ(counter.finish(), CrowdCount{});
}

TEST(CrowdCounter, InstantsAtTheEndsOfTheScaleDoNotOverflow) {
  auto const last = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(counted({{1, last}, {1, last}, {1, last - 1}}, {.window_us = 5, .leads_max = 1}),
            (CrowdCount{.leads = 3, .crowded = 3, .keys = 1, .largest = 3}));
}

TEST(CrowdCounter, AgreesWithThePlainCount) {
  std::mt19937_64 random(seed_of_run());
  auto const below = [&random](std::int64_t end) {
    return std::uniform_int_distribution<std::int64_t>{0, end - 1}(random);
  };
  for (int run = 0; run < (full_run() ? 5'000 : 300); ++run) {
    CrowdLimit const limit{.window_us = 1 + below(40), .leads_max = 1 + below(5)};
    std::vector<Lead> leads;
    auto const size = below(60);
    for (std::int64_t i = 0; i < size; ++i) {
      leads.push_back({static_cast<std::uint64_t>(below(5)), below(200)});
    }
    ASSERT_EQ(counted(leads, limit), plainly(leads, limit)) << "run " << run;
  }
}

}  // namespace
}  // namespace leadex::quality
