#include "matching/targeting/index.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <map>

#include "tests/matching/targeting/random_targeting.hpp"

namespace leadex::targeting {
namespace {

bool full_run() { return std::getenv("LEADEX_TEST_FULL") != nullptr; }

std::uint64_t fresh_seed() {
  if (char const* given = std::getenv("LEADEX_TEST_SEED")) return std::strtoull(given, nullptr, 10);
  return std::random_device{}();
}

struct Book {
  struct Entry {
    Expression tree;
    Rank rank;
  };
  explicit Book(Schema const& schema) : index(schema) {}
  void insert(CampaignSlot slot, Expression expression, Rank rank = {}) {
    ASSERT_TRUE(index.insert(slot, expression, rank).has_value());
    entries[slot] = {std::move(expression), rank};
  }
  void remove(CampaignSlot slot) {
    index.remove(slot);
    entries.erase(slot);
  }
  void set_rank(CampaignSlot slot, Rank rank) {
    index.set_rank(slot, rank);
    entries[slot].rank = rank;
  }
  TargetingIndex index;
  std::map<CampaignSlot, Entry> entries;
  MatchBuffer buffer;
};

// One lead against every campaign: all hits and the best of them as evaluate() and a plain sort
// say. Returns the hits.
std::size_t compare(Book& book, AttributeValues const& lead, std::size_t limit = 10) {
  std::vector<CampaignSlot> expected;
  for (auto const& [slot, entry] : book.entries) {
    if (evaluate(entry.tree, lead) && book.index.eligible(slot)) expected.push_back(slot);
  }
  book.index.match(lead, book.buffer);
  EXPECT_EQ(book.buffer.slots, expected);
  auto const hits = expected.size();

  std::ranges::stable_sort(expected, [&](CampaignSlot a, CampaignSlot b) {
    return ranks_before(book.entries[a].rank, book.entries[b].rank);
  });
  expected.resize(std::min(expected.size(), limit));
  book.index.match_best(lead, limit, book.buffer);
  EXPECT_EQ(book.buffer.slots, expected);
  return hits;
}

struct RandomRun {
  std::size_t pairs{};
  CampaignSlot slots{};
  std::int64_t texts{};
  int depth{};
  std::int64_t amounts{50};  // of a rank; few, so that many are equal
  std::size_t leads_per_change{4};
};

void change_something(Book& book, RandomTargeting& random, RandomRun const& run) {
  auto const slot = static_cast<CampaignSlot>(random.below(run.slots));
  Rank const rank{random.below(run.amounts) - run.amounts / 2, random.below(3)};
  bool const there = book.index.occupied(slot);
  switch (random.below(6)) {
    case 0:
      return book.remove(slot);
    case 1:
    case 2:
      if (there) book.index.set_eligible(slot, random.below(3) != 0);
      return;
    case 3:
      if (there) book.set_rank(slot, rank);
      return;
    default:
      book.insert(slot, random.valid_tree(run.depth), rank);
  }
}

void random_run(RandomRun const& run) {
  auto const seed = fresh_seed();
  std::cout << "seed " << seed << "\n";
  SCOPED_TRACE(seed);
  auto const schema = test_schema();
  RandomTargeting random(schema, seed, run.texts);
  Book book(schema);
  for (CampaignSlot slot = 0; slot < run.slots; ++slot) {
    book.insert(slot, random.valid_tree(run.depth), {random.below(run.amounts), 0});
  }
  std::size_t hits = 0;
  std::size_t done = 0;
  while (done < run.pairs && !::testing::Test::HasFailure()) {
    change_something(book, random, run);
    for (std::size_t i = 0; i < run.leads_per_change; ++i) {
      hits += compare(book, random.lead(), static_cast<std::size_t>(random.below(20)));
      done += book.entries.size();
    }
  }
  std::cout << done << " pairs of a lead and a campaign, " << hits << " matched\n";
  EXPECT_EQ(book.index.size(), book.entries.size());
  EXPECT_GT(hits, run.pairs / 1000);  // the run must not pass by matching nothing
}

TEST(TargetingIndex, AgreesWithEvaluateOnAMillionRandomPairs) {
  random_run({.pairs = 1'000'000, .slots = 200, .texts = 40, .depth = 4});
}

TEST(TargetingIndex, AgreesOnBooksOfManySegmentsTextsAndBounds) {
  random_run(
      {.pairs = full_run() ? 10'000'000U : 400'000U, .slots = 3000, .texts = 6000, .depth = 1});
}

// Segments fill, split, empty and join: few distinct trees, so that single clusters are large.
TEST(TargetingIndex, AgreesWhileTheBookGrowsAndShrinksInWaves) {
  auto const seed = fresh_seed();
  std::cout << "seed " << seed << "\n";
  SCOPED_TRACE(seed);
  auto const schema = test_schema();
  RandomTargeting random(schema, seed, 3);
  Book book(schema);
  constexpr CampaignSlot kSlots = 6000;
  for (int wave = 0; wave < (full_run() ? 20 : 4); ++wave) {
    for (CampaignSlot i = 0; i < kSlots; ++i) {
      auto const slot = static_cast<CampaignSlot>(random.below(kSlots));
      if (wave % 2 == 0) {
        Rank const rank{wave % 4 == 0 ? i : random.below(1000), 0};
        book.insert(slot, all_of({random.predicate(), in_range(1, 20 + random.below(40), {})}),
                    rank);
      } else {
        book.remove(slot);
        book.remove(static_cast<CampaignSlot>(random.below(kSlots)));
      }
      if (i % 100 == 0) compare(book, random.lead());
    }
    ASSERT_FALSE(::testing::Test::HasFailure()) << "wave " << wave;
  }
}

TEST(TargetingIndex, AgreesWhenOneCampaignStandsAlone) {
  random_run({.pairs = 2'000, .slots = 1, .texts = 3, .depth = 3});
}

TEST(Explain, FindsAFailingPredicateExactlyWhereEvaluateSaysNo) {
  auto const seed = fresh_seed();
  std::cout << "seed " << seed << "\n";
  auto const schema = test_schema();
  RandomTargeting random(schema, seed, 40);
  for (int i = 0; i < (full_run() ? 200'000 : 10'000); ++i) {
    auto const tree = random.valid_tree(4);
    auto const lead = random.lead();
    ASSERT_EQ(evaluate(tree, lead), !explain(tree, lead).has_value()) << "seed " << seed;
  }
}

TEST(TargetingIndex, BestComeInOrderOfRankThenTieThenSlot) {
  auto const schema = test_schema();
  Book book(schema);
  book.insert(0, all_of({}), {5, 2});
  book.insert(1, all_of({}), {7, 9});
  book.insert(2, equal_to(0, 1), {5, 1});
  book.insert(3, any_of({equal_to(0, 1), equal_to(2, 1)}), {5, 1});
  book.insert(4, equal_to(0, 2), {100, 0});
  auto lead = schema.blank();
  lead[0] = 1;
  lead[2] = 1;
  book.index.match_best(lead, 10, book.buffer);
  EXPECT_EQ(book.buffer.slots, (std::vector<CampaignSlot>{1, 2, 3, 0}));
  book.index.match_best(lead, 2, book.buffer);
  EXPECT_EQ(book.buffer.slots, (std::vector<CampaignSlot>{1, 2}));
  book.index.set_rank(0, {8, 0});
  book.index.set_eligible(1, false);
  book.index.match_best(lead, 1, book.buffer);
  EXPECT_EQ(book.buffer.slots, std::vector<CampaignSlot>{0});
  EXPECT_EQ(book.index.rank(0), (Rank{8, 0}));
  book.index.match_best(lead, 0, book.buffer);
  EXPECT_TRUE(book.buffer.slots.empty());
}

TEST(TargetingIndex, GrowsOverManyBlocksAndShrinksToNothing) {
  auto const schema = test_schema();
  TargetingIndex index(schema);
  constexpr CampaignSlot kCount = 3000;
  for (CampaignSlot slot = 0; slot < kCount; ++slot) {
    ASSERT_TRUE(index.insert(slot, equal_to(0, slot % 12)).has_value());
  }
  auto lead = schema.blank();
  lead[0] = 7;
  MatchBuffer buffer;
  index.match(lead, buffer);
  ASSERT_EQ(buffer.slots.size(), 250u);
  EXPECT_EQ(buffer.slots.front(), 7u);
  EXPECT_EQ(buffer.slots.back(), 2995u);
  for (CampaignSlot slot = 0; slot < kCount; ++slot) index.remove(slot);
  index.match(lead, buffer);
  EXPECT_TRUE(buffer.slots.empty());
  EXPECT_EQ(index.size(), 0u);
  EXPECT_EQ(index.conjunction_count(), 0u);
}

TEST(TargetingIndex, RefusedExpressionLeavesTheOldOneInPlace) {
  auto const schema = test_schema();
  TargetingIndex index(schema);
  ASSERT_TRUE(index.insert(4, equal_to(0, 1)).has_value());
  EXPECT_EQ(index.insert(4, in_list(0, {})).error().code, ExpressionError::empty_list);
  auto lead = schema.blank();
  lead[0] = 1;
  MatchBuffer buffer;
  index.match(lead, buffer);
  EXPECT_EQ(buffer.slots, std::vector<CampaignSlot>{4});
}

TEST(TargetingIndex, IneligibleCampaignStaysOutThroughAnEditUntilSetBack) {
  auto const schema = test_schema();
  TargetingIndex index(schema);
  ASSERT_TRUE(index.insert(2, all_of({})).has_value());
  index.set_eligible(2, false);
  ASSERT_TRUE(index.insert(2, any_of({equal_to(0, 1), equal_to(2, 1)})).has_value());
  auto lead = schema.blank();
  lead[0] = 1;
  lead[2] = 1;
  MatchBuffer buffer;
  index.match(lead, buffer);
  EXPECT_TRUE(buffer.slots.empty());
  index.set_eligible(2, true);
  index.match(lead, buffer);
  EXPECT_EQ(buffer.slots, std::vector<CampaignSlot>{2});  // once, though both branches hold
  index.remove(2);
  ASSERT_TRUE(index.insert(2, all_of({})).has_value());
  EXPECT_TRUE(index.eligible(2));
}

TEST(TargetingIndex, ImpossibleExpressionMatchesNothing) {
  auto const schema = test_schema();
  TargetingIndex index(schema);
  ASSERT_TRUE(index.insert(0, all_of({equal_to(0, 1), equal_to(0, 2)})).has_value());
  EXPECT_EQ(index.conjunction_count(), 0u);
  MatchBuffer buffer;
  index.match(schema.blank(), buffer);
  EXPECT_TRUE(buffer.slots.empty());
  EXPECT_EQ(index.size(), 1u);
}

TEST(TargetingIndex, ValueBeyondTheSchemaMeansTheSameAsInEvaluate) {
  auto const schema = test_schema();
  Book book(schema);
  book.insert(0, not_of(equal_to(0, 3)));
  book.insert(1, equal_to(0, 3));
  book.insert(2, not_of(equal_to(2, 1)));
  auto lead = schema.blank();
  lead[0] = 500;
  lead[1] = 5'000'000;
  lead[2] = 9;
  compare(book, lead);
  EXPECT_EQ(book.buffer.slots, (std::vector<CampaignSlot>{0, 2}));
}

}  // namespace
}  // namespace leadex::targeting
