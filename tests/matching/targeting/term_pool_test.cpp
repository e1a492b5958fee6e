#include "matching/targeting/term_pool.hpp"

#include <gtest/gtest.h>

#include <iostream>
#include <map>
#include <random>

#include "tests/matching/targeting/random_targeting.hpp"

namespace leadex::targeting {
namespace {

// The terms as they come out again, in a form that can be compared with what went in.
Conjunction unpacked(TermPool const& pool, TermRef ref) {
  Conjunction terms;
  pool.all_terms(ref, [&](TermView const& view) {
    // What a range over the whole axis leaves out: "missing" alone.
    auto const missing = ValueSet::of(in_range(0, {}, {})).complement();
    auto set = view.accepts_missing() ? missing : ValueSet{};
    for (std::size_t i = 0; i < view.intervals(); ++i) {
      auto const [low, high] = view.interval(i);
      auto const below = low == kValueMin ? std::nullopt : std::optional(low);
      auto const above = high == kValueMax ? std::nullopt : std::optional(high);
      set = set.unite(ValueSet::of(low == high ? equal_to(0, low) : in_range(0, below, above)));
    }
    terms.push_back({view.attribute(), set});
    return true;
  });
  return terms;
}

void expect_same(TermPool const& pool, TermRef ref, Conjunction const& expected) {
  auto const got = unpacked(pool, ref);
  ASSERT_EQ(got.size(), expected.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    EXPECT_EQ(got[i].attribute, expected[i].attribute);
    EXPECT_EQ(got[i].accepted, expected[i].accepted);
  }
}

TEST(TermPool, GivesBackWhatWentInWhileBlocksAreReused) {
  auto const seed = std::random_device{}();
  std::cout << "seed " << seed << "\n";
  auto const schema = test_schema();
  RandomTargeting random(schema, seed, 100'000);
  TermPool pool;
  std::map<TermRef, Conjunction> held;
  for (int i = 0; i < 4000; ++i) {
    auto const normal = to_normal_form(random.valid_tree(3));
    ASSERT_TRUE(normal.has_value());
    for (auto const& terms : *normal) {
      auto const [place, fresh] = held.emplace(pool.add(terms), terms);
      ASSERT_TRUE(fresh) << "two conjunctions share a block, seed " << seed;
    }
    while (held.size() > 500) {
      auto const victim = std::next(held.begin(), random.below(400));
      expect_same(pool, victim->first, victim->second);
      pool.release(victim->first);
      held.erase(victim);
    }
    ASSERT_FALSE(::testing::Test::HasFailure()) << "seed " << seed;
  }
}

TEST(TermPool, KeepsTheEdgesOfTheAxis) {
  TermPool pool;
  auto const one = ValueSet::of(equal_to(1, kIntegerMax));
  auto const none = one.complement();
  for (auto const& set : {one, none, ValueSet::of(in_range(1, kIntegerMin + 1, kIntegerMax - 1)),
                          ValueSet::of(in_range(1, {}, 5)), ValueSet::of(in_range(1, -5, {})),
                          ValueSet::of(in_range(1, {}, {}))}) {
    auto const ref = pool.add({{1, set}});
    expect_same(pool, ref, {{1, set}});
    for (auto const value : {kMissing, kValueMin, kIntegerMin, std::int64_t{-6}, std::int64_t{-5},
                             std::int64_t{5}, std::int64_t{6}, kIntegerMax, kValueMax}) {
      AttributeValues const values{0, value};
      EXPECT_EQ(pool.accepts(ref, values), set.contains(value)) << value;
    }
  }
}

TEST(TermPool, HoldsTheLongestListThatAnExpressionMayHave) {
  std::vector<std::int64_t> values;
  for (std::size_t i = 0; i < kValuesMax; ++i) {
    values.push_back(static_cast<std::int64_t>(i * i) * 1'000'003);
  }
  auto const set = ValueSet::of(in_list(0, values));
  TermPool pool;
  auto const small = pool.add({{0, ValueSet::of(equal_to(0, 7))}});
  auto const ref = pool.add({{0, set}});
  auto const after = pool.add({{0, ValueSet::of(equal_to(0, 8))}});
  EXPECT_TRUE(pool.accepts(ref, AttributeValues{values.back()}));
  EXPECT_FALSE(pool.accepts(ref, AttributeValues{values.back() - 1}));
  EXPECT_TRUE(pool.accepts(small, AttributeValues{7}));
  EXPECT_TRUE(pool.accepts(after, AttributeValues{8}));
  pool.release(ref);
  EXPECT_EQ(pool.add({{0, set}}), ref);  // the block is taken again
}

}  // namespace
}  // namespace leadex::targeting
