#include "matching/targeting/index.hpp"

#include <gtest/gtest.h>

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
  explicit Book(Schema const& schema) : index(schema) {}
  void insert(CampaignSlot slot, Expression expression) {
    ASSERT_TRUE(index.insert(slot, expression).has_value());
    trees[slot] = std::move(expression);
  }
  void remove(CampaignSlot slot) {
    index.remove(slot);
    trees.erase(slot);
  }
  TargetingIndex index;
  std::map<CampaignSlot, Expression> trees;
  MatchBuffer buffer;
};

// One lead against every campaign: index, evaluate and explain agree. Returns the pairs looked at.
std::size_t compare(Book& book, AttributeValues const& lead) {
  book.index.match(lead, book.buffer);
  std::vector<CampaignSlot> expected;
  for (auto const& [slot, tree] : book.trees) {
    bool const wanted = evaluate(tree, lead);
    auto const why_not = explain(tree, lead);
    EXPECT_EQ(wanted, !why_not.has_value());
    if (wanted && book.index.eligible(slot)) expected.push_back(slot);
  }
  EXPECT_EQ(book.buffer.slots, expected);
  return book.trees.size();
}

void random_run(std::size_t pairs, CampaignSlot slots, std::int64_t texts, int depth) {
  auto const seed = fresh_seed();
  std::cout << "seed " << seed << "\n";
  SCOPED_TRACE(seed);
  auto const schema = test_schema();
  RandomTargeting random(schema, seed, texts);
  Book book(schema);
  for (CampaignSlot slot = 0; slot < slots; ++slot) {
    book.insert(slot, random.valid_tree(depth));
  }
  std::size_t hits = 0;
  for (std::size_t done = 0; done < pairs && !::testing::Test::HasFailure();) {
    auto const slot = static_cast<CampaignSlot>(random.below(slots));
    switch (random.below(4)) {
      case 0:
        book.remove(slot);
        break;
      case 1:
        if (book.index.occupied(slot)) book.index.set_eligible(slot, random.below(3) != 0);
        break;
      default:
        book.insert(slot, random.valid_tree(depth));
    }
    for (int i = 0; i < 4; ++i) {
      done += compare(book, random.lead());
      hits += book.buffer.slots.size();
    }
  }
  EXPECT_EQ(book.index.size(), book.trees.size());
  EXPECT_GT(hits, pairs / 1000);  // the run must not pass by matching nothing
}

TEST(TargetingIndex, AgreesWithEvaluateAndExplainOnRandomBooks) {
  random_run(full_run() ? 1'000'000 : 250'000, 200, 40, 4);
}

TEST(TargetingIndex, AgreesWhenThereAreMoreTextsAndBoundsThanRows) {
  random_run(full_run() ? 3'000'000 : 400'000, 1500, 6000, 1);
}

TEST(TargetingIndex, AgreesWhenOneCampaignStandsAlone) { random_run(2'000, 1, 3, 3); }

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
