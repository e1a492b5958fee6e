#include "matching/targeting/expression.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>

#include "matching/targeting/normal_form.hpp"
#include "tests/matching/targeting/random_targeting.hpp"

namespace leadex::targeting {
namespace {

constexpr AttributeIndex kState = 0;
constexpr AttributeIndex kAge = 1;
constexpr AttributeIndex kOwnHome = 2;
constexpr AttributeIndex kPostcode = 3;

ExpressionFault fault_of(Expression const& expression) {
  auto const checked = validate(expression, test_schema());
  return checked ? ExpressionFault{} : checked.error();
}

TEST(Expression, PredicateOnMissingIsFalseAndItsNegationTrue) {
  auto const lead = test_schema().blank();
  EXPECT_FALSE(evaluate(equal_to(kState, 0), lead));
  EXPECT_TRUE(evaluate(not_of(equal_to(kState, 0)), lead));
  EXPECT_FALSE(evaluate(in_range(kAge, std::nullopt, std::nullopt), lead));
  EXPECT_TRUE(evaluate(not_of(in_range(kAge, 0, 200)), lead));
}

TEST(Expression, AllOfNothingIsTrue) {
  EXPECT_TRUE(evaluate(all_of({}), test_schema().blank()));
  EXPECT_TRUE(validate(all_of({}), test_schema()).has_value());
}

TEST(Expression, RangeEndsAreInclusive) {
  auto lead = test_schema().blank();
  for (auto const age : {24, 25, 60, 61}) {
    lead[kAge] = age;
    EXPECT_EQ(evaluate(in_range(kAge, 25, 60), lead), age >= 25 && age <= 60);
    EXPECT_EQ(evaluate(in_range(kAge, 25, std::nullopt), lead), age >= 25);
    EXPECT_EQ(evaluate(in_range(kAge, std::nullopt, 60), lead), age <= 60);
  }
}

TEST(Expression, EachFaultNamesItsPlace) {
  using E = ExpressionError;
  EXPECT_EQ(fault_of(all_of({equal_to(99, 1)})),
            (ExpressionFault{E::unknown_attribute, "/all/0/attribute"}));
  EXPECT_EQ(fault_of(any_of({equal_to(kState, 1), not_of(in_list(kState, {1, 12}))})),
            (ExpressionFault{E::value_invalid, "/any/1/not/in/1"}));
  EXPECT_EQ(fault_of(equal_to(kOwnHome, 2)), (ExpressionFault{E::value_invalid, "/in/0"}));
  EXPECT_EQ(fault_of(equal_to(kPostcode, -1)), (ExpressionFault{E::value_invalid, "/in/0"}));
  EXPECT_EQ(fault_of(equal_to(kAge, 15)), (ExpressionFault{E::value_invalid, "/in/0"}));
  EXPECT_EQ(fault_of(in_range(kState, 1, 2)), (ExpressionFault{E::value_invalid, ""}));
  EXPECT_EQ(fault_of(in_range(kAge, kIntegerMin - 1, 2)),
            (ExpressionFault{E::value_invalid, "/gte"}));
  EXPECT_EQ(fault_of(in_range(kAge, 2, kIntegerMax + 1)),
            (ExpressionFault{E::value_invalid, "/lte"}));
  EXPECT_EQ(fault_of(in_list(kState, {})), (ExpressionFault{E::empty_list, "/in"}));
  EXPECT_EQ(fault_of(any_of({})), (ExpressionFault{E::empty_list, "/any"}));
  EXPECT_EQ(fault_of(all_of({in_range(kAge, 60, 25)})),
            (ExpressionFault{E::range_empty, "/all/0"}));
  auto childless = not_of(all_of({}));
  childless.children.clear();
  EXPECT_EQ(fault_of(childless), (ExpressionFault{E::empty_list, "/not"}));
  auto unsorted = in_list(kState, {1, 2});
  std::swap(unsorted.values[0], unsorted.values[1]);
  EXPECT_EQ(fault_of(unsorted), (ExpressionFault{E::value_invalid, "/in/1"}));
  auto parent = equal_to(kState, 1);
  parent.children.push_back(all_of({}));
  EXPECT_EQ(fault_of(parent).code, E::malformed);
}

TEST(Expression, LimitsHoldAtTheirEdge) {
  auto deep = equal_to(kState, 1);
  for (std::size_t i = 1; i < kDepthMax; ++i) deep = not_of(deep);
  EXPECT_EQ(fault_of(deep), ExpressionFault{});
  EXPECT_EQ(fault_of(not_of(deep)).code, ExpressionError::too_complex);

  std::vector<Expression> wide(kNodesMax - 1, equal_to(kState, 1));
  EXPECT_EQ(fault_of(any_of(wide)), ExpressionFault{});
  wide.push_back(equal_to(kState, 1));
  EXPECT_EQ(fault_of(any_of(wide)).code, ExpressionError::too_complex);

  std::vector<std::int64_t> many(kValuesMax);
  for (std::size_t i = 0; i < many.size(); ++i) many[i] = static_cast<std::int64_t>(i);
  EXPECT_EQ(fault_of(in_list(kPostcode, many)), ExpressionFault{});
  many.push_back(static_cast<std::int64_t>(kValuesMax));
  EXPECT_EQ(fault_of(in_list(kPostcode, many)).code, ExpressionError::too_complex);
}

TEST(Expression, SixtyFourConjunctionsAreTakenAndMoreRefused) {
  // Two-way choices on different pairs of attributes: each doubles the count.
  auto const pair = [](AttributeIndex a, AttributeIndex b) {
    return any_of({equal_to(a, 1), equal_to(b, 20)});
  };
  std::vector<Expression> factors(6, pair(kState, kAge));
  for (auto& factor : factors) factor = pair(kState, kAge);
  ASSERT_TRUE(to_normal_form(all_of(factors)).has_value());
  std::vector<Expression> branches;
  for (std::int64_t i = 0; i < 64; ++i) {
    branches.push_back(all_of({equal_to(kState, i % 12), equal_to(kAge, 20 + i)}));
  }
  EXPECT_EQ(to_normal_form(any_of(branches))->size(), 64u);
  branches.push_back(all_of({equal_to(kState, 1), equal_to(kAge, 100)}));
  EXPECT_EQ(fault_of(any_of(branches)), (ExpressionFault{ExpressionError::too_complex, ""}));
}

TEST(Expression, OneAttributeWrittenManyTimesIsOneConjunction) {
  std::vector<Expression> branches;
  for (std::int64_t age = 16; age <= 110; ++age) branches.push_back(equal_to(kAge, age));
  auto const normal = to_normal_form(any_of(branches));
  ASSERT_EQ(normal->size(), 1u);
  EXPECT_EQ((*normal)[0][0].accepted.intervals(), (std::vector<Interval>{{16, 110}}));
}

TEST(Expression, NormalFormOfWhatIsAlwaysTrueHasNoTerms) {
  auto const normal = to_normal_form(any_of({equal_to(kState, 1), not_of(equal_to(kState, 1))}));
  ASSERT_EQ(normal->size(), 1u);
  EXPECT_TRUE((*normal)[0].empty());
}

TEST(Expression, NormalFormMeansTheSameOnRandomTrees) {
  auto const schema = test_schema();
  auto const seed = std::random_device{}();
  std::cout << "seed " << seed << "\n";
  RandomTargeting random(schema, seed, 20);
  for (int i = 0; i < 2000; ++i) {
    auto const tree = random.valid_tree(4);
    auto const normal = to_normal_form(tree).value();
    for (int j = 0; j < 10; ++j) {
      auto const lead = random.lead();
      bool const any = std::ranges::any_of(normal, [&](Conjunction const& terms) {
        return std::ranges::all_of(
            terms, [&](Term const& term) { return term.accepted.contains(lead[term.attribute]); });
      });
      ASSERT_EQ(any, evaluate(tree, lead)) << "seed " << seed;
    }
  }
}

TEST(ValueSet, CoversAndIntersectsFollowContains) {
  auto const set = ValueSet::of(in_list(kAge, {3, 4, 5, 9}));
  ASSERT_EQ(set.intervals().size(), 2u);
  for (std::int64_t low = 0; low < 12; ++low) {
    for (std::int64_t high = low; high < 12; ++high) {
      bool every = true;
      bool some = false;
      for (auto value = low; value <= high; ++value) {
        every = every && set.contains(value);
        some = some || set.contains(value);
      }
      EXPECT_EQ(set.covers(low, high), every);
      EXPECT_EQ(set.intersects(low, high), some);
    }
  }
  EXPECT_EQ(set.complement().complement(), set);
  EXPECT_TRUE(set.unite(set.complement()).is_everything());
  EXPECT_TRUE(set.intersect(set.complement()).empty());
}

TEST(Explain, NamesTheFirstFailingPredicateInTreeOrder) {
  auto const schema = test_schema();
  TextInterner texts;
  auto lead = schema.blank();
  lead[kState] = 2;
  lead[kAge] = 70;
  auto const tree =
      all_of({in_list(kState, {1, 2}), any_of({in_range(kAge, 25, 60), equal_to(kOwnHome, 1)}),
              equal_to(kState, 3)});
  auto const found = explain(tree, lead);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->path, "/all/1/any/0");
  EXPECT_EQ(schema.at(found->predicate->attribute).name, "age");
  EXPECT_EQ(describe(*found, schema, texts), "25 to 60");
}

TEST(Explain, UnderNotThePredicateThatHeldIsToBlame) {
  auto const schema = test_schema();
  TextInterner texts;
  auto const postcode = texts.intern("90210");
  auto lead = schema.blank();
  lead[kPostcode] = postcode;
  auto const tree = not_of(any_of({equal_to(kState, 1), equal_to(kPostcode, postcode)}));
  auto const found = explain(tree, lead);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->path, "/not/any/1");
  EXPECT_TRUE(found->negated);
  EXPECT_EQ(describe(*found, schema, texts), "not in 90210");
}

TEST(Explain, NotOfAllOfNothingBlamesNoPredicate) {
  auto const schema = test_schema();
  auto const tree = not_of(all_of({}));
  auto const found = explain(tree, schema.blank());
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->predicate, nullptr);
  EXPECT_EQ(describe(*found, schema, TextInterner{}), "nothing");
}

TEST(Explain, DescribesEveryKindOfValue) {
  auto const schema = test_schema();
  TextInterner const texts;
  auto const text = [&](Expression const& predicate) {
    return describe(Explanation{"", &predicate, false}, schema, texts);
  };
  EXPECT_EQ(text(in_list(kState, {0, 3})), "in c0, c3");
  EXPECT_EQ(text(equal_to(kOwnHome, 1)), "in true");
  EXPECT_EQ(text(in_range(kAge, 25, std::nullopt)), "at least 25");
  EXPECT_EQ(text(in_range(kAge, std::nullopt, 60)), "at most 60");
  EXPECT_EQ(text(in_list(kState, {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10})),
            "in c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, …");
}

}  // namespace
}  // namespace leadex::targeting
