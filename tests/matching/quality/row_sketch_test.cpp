#include "matching/quality/row_sketch.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "matching/quality/evidence.hpp"
#include "tests/matching/seed.hpp"

namespace leadex::quality {
namespace {

RowSketch sketch_of(std::set<std::uint64_t> const& prints, std::mt19937_64& random) {
  std::vector<std::uint64_t> mixed(prints.begin(), prints.end());
  mixed.insert(mixed.end(), prints.begin(), prints.end());  // each twice
  std::ranges::shuffle(mixed, random);
  RowSketch sketch;
  for (auto const print : mixed) sketch.add(print);
  return sketch;
}

TEST(RowSketch, KeepsAllOfASmallLot) {
  RowSketch sketch;
  for (std::uint64_t const print : {5U, 3U, 5U, 9U}) sketch.add(print);
  EXPECT_TRUE(std::ranges::equal(sketch.prints(), std::vector<std::uint64_t>{3, 5, 9}));
  EXPECT_TRUE(sketch.whole());
  RowSketch other;
  other.add(9);
  EXPECT_EQ(overlap(sketch, other), (Overlap{3, 1}));
  EXPECT_EQ(overlap(other, sketch), (Overlap{1, 1}));
}

TEST(RowSketch, AnEmptyLotComparesNothing) {
  RowSketch empty;
  RowSketch other;
  other.add(1);
  EXPECT_EQ(overlap(empty, other), (Overlap{0, 0}));
  EXPECT_EQ(overlap(other, empty), (Overlap{1, 0}));
}

TEST(RowSketch, HoldsTheSmallestOfManyAndSaysThatItIsNotAll) {
  std::mt19937_64 random(seed_of_run());
  for (std::size_t const size : {RowSketch::kPrintsMax - 1, RowSketch::kPrintsMax,
                                 RowSketch::kPrintsMax + 1, 5 * RowSketch::kPrintsMax}) {
    std::set<std::uint64_t> prints;
    while (prints.size() < size) prints.insert(random());
    auto sketch = sketch_of(prints, random);
    auto const kept = std::min(size, RowSketch::kPrintsMax);
    std::vector<std::uint64_t> const smallest(
        prints.begin(), std::next(prints.begin(), static_cast<std::ptrdiff_t>(kept)));
    EXPECT_TRUE(std::ranges::equal(sketch.prints(), smallest));
    EXPECT_EQ(sketch.whole(), size <= RowSketch::kPrintsMax);
  }
}

TEST(RowSketch, ComesBackFromItsPrintsOnly) {
  std::mt19937_64 random(seed_of_run());
  std::set<std::uint64_t> prints;
  while (prints.size() < 10'000) prints.insert(random());
  auto sketch = sketch_of(prints, random);
  auto const kept = sketch.prints();
  auto again = RowSketch::restore({kept.begin(), kept.end()}, sketch.whole());
  ASSERT_TRUE(again);
  EXPECT_EQ(overlap(*again, sketch), (Overlap{static_cast<std::int64_t>(RowSketch::kPrintsMax),
                                              static_cast<std::int64_t>(RowSketch::kPrintsMax)}));
  EXPECT_FALSE(RowSketch::restore({2, 1}, true));
  EXPECT_FALSE(RowSketch::restore({1, 1}, true));
  EXPECT_FALSE(RowSketch::restore({1, 2}, false));
  EXPECT_FALSE(RowSketch::restore(std::vector<std::uint64_t>(RowSketch::kPrintsMax + 1), true));
}

// What is compared is exactly the part of the lot below what both know, and nothing is guessed.
TEST(RowSketch, OverlapIsThatOfTheWholeSetsUpToTheSharedLimit) {
  std::mt19937_64 random(seed_of_run());
  for (int run = 0; run < (full_run() ? 300 : 20); ++run) {
    auto const size = [&random] { return std::uniform_int_distribution{1, 20'000}(random); };
    auto const lot_size = size();
    auto const other_size = size();
    auto const shared = std::uniform_int_distribution{0, std::min(lot_size, other_size)}(random);
    std::set<std::uint64_t> lot;
    std::set<std::uint64_t> other;
    for (int i = 0; i < lot_size; ++i) {
      auto const print = random();
      lot.insert(print);
      if (i < shared) other.insert(print);
    }
    while (std::ssize(other) < other_size) other.insert(random());
    auto a = sketch_of(lot, random);
    auto b = sketch_of(other, random);
    auto const seen = overlap(a, b);
    Overlap plain;
    for (auto const print : lot) {
      bool const known =
          (a.whole() || print <= a.prints().back()) && (b.whole() || print <= b.prints().back());
      if (!known) continue;
      ++plain.compared;
      if (other.contains(print)) ++plain.shared;
    }
    ASSERT_EQ(seen, plain) << "run " << run;
    // The true part lies in the interval; six nines over a few hundred runs.
    auto const interval = exact_interval(seen.shared, seen.compared, 999'999);
    auto const part = static_cast<double>(shared) / static_cast<double>(lot.size());
    EXPECT_LE(interval.low, part);
    EXPECT_GE(interval.high, part);
  }
}

}  // namespace
}  // namespace leadex::quality
