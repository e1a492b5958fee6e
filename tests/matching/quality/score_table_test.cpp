#include "matching/quality/score_table.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "matching/market/codec.hpp"
#include "tests/matching/seed.hpp"

namespace leadex::quality {
namespace {

using Kind = market::AttributeText::Kind;
using targeting::AttributeDef;
using targeting::AttributeType;

constexpr std::int64_t kDayUs = 86'400'000'000;
constexpr std::int64_t kDay_s = 86'400;
constexpr std::int64_t kNowUs = 20'000 * kDayUs;

std::vector<AttributeDef> attributes() {
  std::vector<AttributeDef> defs(4);
  defs[0] = {.name = "state", .type = AttributeType::choice, .choices = {"CA", "TX", "NY"}};
  defs[1] = {.name = "age", .type = AttributeType::integer, .minimum = 16, .maximum = 110};
  defs[2] = {.name = "own_home", .type = AttributeType::boolean};
  defs[3] = {.name = "note", .type = AttributeType::text};
  return defs;
}

ScoreRule in_state(std::string state, std::int32_t points) {
  return {
      .test = ScoreTest::any_of, .texts = {std::move(state)}, .points = points, .reason = "state"};
}
ScoreRule aged(std::int64_t low, std::int64_t high, std::int32_t points) {
  return {.test = ScoreTest::between,
          .attribute = 1,
          .low = low,
          .high = high,
          .points = points,
          .reason = "age"};
}
ScoreRule knows(LeadFact fact, std::int32_t points) {
  return {.test = ScoreTest::known,
          .group = group_of(fact),
          .fact = fact,
          .points = points,
          .reason = "fact"};
}
ScoreRule touched(std::vector<std::int64_t> vehicles, std::int32_t count_max, std::int32_t points) {
  return {.test = ScoreTest::touchpoints,
          .group = ScoreGroup::behaviour,
          .numbers = std::move(vehicles),
          .half_life_s = kDay_s,
          .count_max = count_max,
          .points = points,
          .reason = "touched"};
}

struct Person {
  std::vector<market::AttributeText> values{
      {Kind::text, 0, "CA"}, {Kind::number, 30, {}}, {Kind::number, 1, {}}, {}};
  std::int32_t vehicle = 0;
  std::int64_t captured_us = kNowUs;
  ScoreFacts facts{.scored_us = kNowUs, .known = 0, .touches = {}};
  [[nodiscard]] Score score(ScoreTable const& table) const {
    return score_lead(table, {values, vehicle, captured_us, facts});
  }
};

ScoreTable table_of(std::vector<ScoreRule> rules, std::int32_t base = 0) {
  return {.enabled = true, .base = base, .rules = std::move(rules)};
}

std::int64_t sum_of(Score const& score) {
  std::int64_t sum = 0;
  for (auto const& line : score.log) sum += line.points;
  return sum;
}

TEST(ScoreTable, EachKindOfRuleGivesItsPoints) {
  Person person;
  person.facts.known = 1U << static_cast<unsigned>(LeadFact::phone);
  person.values[3] = {Kind::text, 0, "urgent"};
  ScoreRule owner{
      .test = ScoreTest::any_of, .attribute = 2, .numbers = {1}, .points = 4, .reason = "owner"};
  ScoreRule urgent{.test = ScoreTest::any_of,
                   .attribute = 3,
                   .texts = {"urgent"},
                   .points = 3,
                   .reason = "urgent"};
  ScoreRule by_form{.test = ScoreTest::vehicle,
                    .group = ScoreGroup::form,
                    .numbers = {0, 6},
                    .points = 2,
                    .reason = "by_form"};
  auto const table =
      table_of({in_state("CA", 10), in_state("TX", 50), aged(25, 60, 7), aged(31, 60, 50), owner,
                urgent, knows(LeadFact::phone, 5), knows(LeadFact::email, 50), by_form},
               20);
  ASSERT_FALSE(fault_of(table, attributes()));
  auto const score = person.score(table);
  EXPECT_EQ(score.value, 20 + 10 + 7 + 4 + 3 + 5 + 2);
  EXPECT_EQ(score.log.front(), (ScoreLine{ScoreLine::Kind::base, 0, 20}));
  EXPECT_EQ(score.log.at(2), (ScoreLine{ScoreLine::Kind::rule, 3, 7}));
  EXPECT_EQ(score.log.size(), 7U);
}

TEST(ScoreTable, WhatLeavesTheScaleIsALineOfTheLog) {
  auto const high = Person{}.score(table_of({in_state("CA", 1000)}, 30));
  EXPECT_EQ(high.value, 100);
  EXPECT_EQ(high.log.back(), (ScoreLine{ScoreLine::Kind::limit, 0, -930}));
  auto const low = Person{}.score(table_of({in_state("CA", -40)}, 30));
  EXPECT_EQ(low.value, 0);
  EXPECT_EQ(low.log.back(), (ScoreLine{ScoreLine::Kind::limit, 0, 10}));
  EXPECT_EQ(sum_of(low), 0);
}

TEST(ScoreTable, WhatALeadDidLongAgoCountsLess) {
  Person person;
  auto const table = table_of({touched({}, 50, 16)});
  for (std::int64_t days : {0, 1, 2, 3}) {
    person.facts.touches = {{kNowUs - days * kDayUs, 1}};
    EXPECT_EQ(person.score(table).value, 16 >> days) << days;
  }
  person.facts.touches = {{kNowUs, 1}, {kNowUs - kDayUs, 1}, {kNowUs - 2 * kDayUs, 6}};
  EXPECT_EQ(person.score(table).value, 28);
  EXPECT_EQ(person.score(table_of({touched({1}, 50, 16)})).value, 24) << "only of that vehicle";
  EXPECT_EQ(person.score(table_of({touched({}, 1, 16)})).value, 16) << "only the latest";
  person.facts.touches = {{kNowUs + 1, 1}};
  EXPECT_EQ(person.score(table).value, 0) << "what came after the capture";
  ScoreRule const fresh{.test = ScoreTest::freshness,
                        .group = ScoreGroup::behaviour,
                        .half_life_s = kDay_s,
                        .points = 40,
                        .reason = "fresh"};
  person.facts = {.scored_us = kNowUs + kDayUs, .known = 0, .touches = {}};
  EXPECT_EQ(person.score(table_of({fresh})).value, 20);
}

TEST(ScoreTable, NegativePointsAreRoundedTowardsZeroToo) {
  Person person;
  person.facts.touches = {{kNowUs - kDayUs / 2, 1}};
  EXPECT_EQ(person.score(table_of({touched({}, 50, -3)}, 10)).value, 8);  // -2.12
  EXPECT_EQ(person.score(table_of({touched({}, 50, 3)}, 10)).value, 12);
}

TEST(ScoreTable, FaultsAreToldOneByOne) {
  auto const code = [](ScoreTable const& table) {
    auto const fault = fault_of(table, attributes());
    return fault ? std::optional{fault->code} : std::nullopt;
  };
  auto const of = [&](ScoreRule const& rule) { return code(table_of({rule})); };
  EXPECT_EQ(code(table_of(std::vector(201, aged(1, 2, 3)))), ScoreTableError::too_many_rules);
  EXPECT_EQ(code(table_of({}, 1001)), ScoreTableError::base_out_of_range);
  EXPECT_EQ(code({.enabled = true, .base = 0, .qualified_from = 101, .rules = {}}),
            ScoreTableError::threshold_out_of_range);
  EXPECT_EQ(of(aged(1, 2, 0)), ScoreTableError::points_out_of_range);
  EXPECT_EQ(of(aged(1, 2, -1001)), ScoreTableError::points_out_of_range);
  EXPECT_EQ(of(aged(2, 1, 5)), ScoreTableError::range_invalid);
  EXPECT_EQ(of(in_state("WY", 5)), ScoreTableError::values_invalid);
  auto rule = in_state("CA", 5);
  rule.reason = "Contains spaces";
  EXPECT_EQ(of(rule), ScoreTableError::reason_invalid);
  rule = in_state("CA", 5);
  rule.texts.clear();
  EXPECT_EQ(of(rule), ScoreTableError::values_invalid);
  rule.texts = {"CA", "CA"};
  EXPECT_EQ(of(rule), ScoreTableError::values_invalid);
  rule = in_state("CA", 5);
  rule.attribute = 4;
  EXPECT_EQ(of(rule), ScoreTableError::attribute_unknown);
  rule = in_state("CA", 5);
  rule.attribute = 1;
  EXPECT_EQ(of(rule), ScoreTableError::values_invalid) << "a number's rule names numbers";
  rule = in_state("CA", 5);
  rule.test = ScoreTest::between;
  EXPECT_EQ(of(rule), ScoreTableError::range_invalid) << "a choice has no range";
  rule = knows(LeadFact::email, 5);
  rule.group = ScoreGroup::form;
  EXPECT_EQ(of(rule), ScoreTableError::group_wrong);
  rule = touched({10}, 5, 5);
  EXPECT_EQ(of(rule), ScoreTableError::values_invalid);
  rule = touched({}, 0, 5);
  EXPECT_EQ(of(rule), ScoreTableError::count_out_of_range);
  rule = touched({}, 5, 5);
  rule.half_life_s = 0;
  EXPECT_EQ(of(rule), ScoreTableError::half_life_out_of_range);
  EXPECT_EQ(of(touched({}, 5, 5)), std::nullopt);
}

/// The plain twin: what each rule is worth, with real numbers where the table decays.
class PlainTable {
 public:
  explicit PlainTable(ScoreTable const& table) : table_(table) {}

  [[nodiscard]] std::map<std::int32_t, long double> worth(Person const& person) const {
    std::map<std::int32_t, long double> worth;
    for (std::size_t i = 0; i < table_.rules.size(); ++i) {
      auto const& rule = table_.rules[i];
      worth[static_cast<std::int32_t>(i + 1)] = rule.points * share(rule, person);
    }
    return worth;
  }

 private:
  static long double share(ScoreRule const& rule, Person const& person) {
    switch (rule.test) {
      case ScoreTest::any_of: {
        auto const& value = person.values.at(rule.attribute);
        auto hits = 0;
        for (auto const& text : rule.texts) hits += value.kind == Kind::text && value.text == text;
        for (auto n : rule.numbers) hits += value.kind == Kind::number && value.number == n;
        return hits;
      }
      case ScoreTest::between: {
        auto const& value = person.values.at(rule.attribute);
        if (value.kind != Kind::number) return 0;
        return value.number < rule.low || value.number > rule.high ? 0 : 1;
      }
      case ScoreTest::known:
        return (person.facts.known & (1U << static_cast<unsigned>(rule.fact))) != 0 ? 1 : 0;
      case ScoreTest::vehicle:
        return std::ranges::count(rule.numbers, person.vehicle);
      case ScoreTest::freshness:
        return left(person.facts.scored_us - person.captured_us, rule);
      case ScoreTest::touchpoints:
        break;
    }
    std::multimap<std::int64_t, Touch> by_age;
    for (auto const& touch : person.facts.touches) {
      if (!rule.numbers.empty() && std::ranges::count(rule.numbers, touch.vehicle) == 0) continue;
      if (touch.at_us <= person.captured_us)
        by_age.emplace(person.captured_us - touch.at_us, touch);
    }
    long double sum = 0;
    int counted = 0;
    for (auto const& [age, touch] : by_age) {
      if (++counted <= rule.count_max) sum += left(age, rule);
    }
    return sum;
  }
  static long double left(std::int64_t age_us, ScoreRule const& rule) {
    auto const lives = static_cast<long double>(std::max<std::int64_t>(age_us, 0)) /
                       (1e6L * static_cast<long double>(rule.half_life_s));
    return std::exp2(-lives);
  }
  ScoreTable const& table_;
};

class RandomScores : public ::testing::Test {
 protected:
  std::int64_t upto(std::int64_t n) {
    return std::uniform_int_distribution<std::int64_t>{0, n}(random_);
  }
  bool chance(int percent) { return upto(99) < percent; }

  ScoreRule any_rule() {
    auto const points = static_cast<std::int32_t>((upto(39) + 1) * (chance(25) ? -1 : 1));
    auto rule = kinds(points);
    rule.group = rule.test <= ScoreTest::between   ? ScoreGroup::profile
                 : rule.test == ScoreTest::known   ? group_of(rule.fact)
                 : rule.test == ScoreTest::vehicle ? ScoreGroup::form
                                                   : ScoreGroup::behaviour;
    rule.points = points;
    rule.reason = "why";
    return rule;
  }
  ScoreRule kinds(std::int32_t points) {
    static std::vector<std::string> const states{"CA", "TX", "NY"};
    switch (upto(6)) {
      case 0:
        return in_state(states[static_cast<std::size_t>(upto(2))], points);
      case 1: {
        auto const low = 16 + upto(60);
        return aged(low, low + upto(40), points);
      }
      case 2:
        return {.test = ScoreTest::any_of, .attribute = 2, .numbers = {upto(1)}};
      case 3:
        return knows(static_cast<LeadFact>(upto(std::ssize(kLeadFacts) - 1)), points);
      case 4:
        return {.test = ScoreTest::vehicle, .numbers = {upto(4), 5 + upto(4)}};
      case 5:
        return {.test = ScoreTest::freshness, .half_life_s = 1 + upto(30 * kDay_s)};
      default:
        break;
    }
    auto rule = touched(chance(50) ? std::vector<std::int64_t>{} : std::vector{upto(9)},
                        static_cast<std::int32_t>(1 + upto(9)), points);
    rule.half_life_s = 1 + upto(60 * kDay_s);
    return rule;
  }
  Person any_person() {
    Person person;
    static char const* const states[] = {"CA", "TX", "NY"};
    person.values[0].text = states[upto(2)];
    person.values[1].number = 16 + upto(94);
    person.values[2].number = upto(1);
    if (chance(20)) person.values[static_cast<std::size_t>(upto(2))] = {};
    person.vehicle = static_cast<std::int32_t>(upto(9));
    person.captured_us = kNowUs - upto(90 * kDayUs);
    person.facts.known = static_cast<std::uint32_t>(upto(0x1FFF));
    for (auto n = upto(12); n > 0; --n) {
      person.facts.touches.push_back({person.captured_us + 10 * kDayUs - upto(90 * kDayUs),
                                      static_cast<std::int32_t>(upto(9))});
    }
    return person;
  }

  std::mt19937_64 random_{seed_of_run()};
};

TEST_F(RandomScores, LogsSumExactlyAndAgreeWithThePlainTable) {
  int const leads = full_run() ? 300'000 : 20'000;
  std::int64_t limited = 0;
  std::int64_t lines = 0;
  for (int i = 0; i < leads; ++i) {
    std::vector<ScoreRule> rules;
    for (auto n = upto(20); n > 0; --n) rules.push_back(any_rule());
    auto const table = table_of(std::move(rules), static_cast<std::int32_t>(upto(60) - 20));
    ASSERT_FALSE(fault_of(table, attributes()));
    auto const person = any_person();
    auto const score = person.score(table);
    ASSERT_EQ(sum_of(score), score.value);
    ASSERT_TRUE(score.value >= 0 && score.value <= kScoreMax);
    auto const worth = PlainTable{table}.worth(person);
    std::map<std::int32_t, std::int64_t> told;
    for (auto const& line : score.log) {
      ASSERT_NE(line.points, 0);
      limited += line.kind == ScoreLine::Kind::limit ? 1 : 0;
      if (line.kind == ScoreLine::Kind::rule) told[line.rule] = line.points;
    }
    for (auto const& [rule, points] : worth) {
      auto const gap = std::abs(points) - static_cast<long double>(std::abs(told[rule]));
      ASSERT_TRUE(gap > -1e-4L && gap < 1.0001L) << "rule " << rule;
    }
    lines += std::ssize(score.log);
    ASSERT_EQ(person.score(table).log, score.log) << "the same twice";
  }
  std::cout << leads << " leads, " << lines << " lines, " << limited << " limited\n";
  EXPECT_GT(limited, leads / 20);
}

TEST_F(RandomScores, TablesAndFactsComeBackFromTheirBytes) {
  for (int i = 0; i < 500; ++i) {
    auto const table = table_of({any_rule(), any_rule(), any_rule()}, 5);
    auto const person = any_person();
    auto const read = market::decode_value<ScoreTable>(market::encode_value(table));
    auto const facts = market::decode_value<ScoreFacts>(market::encode_value(person.facts));
    ASSERT_TRUE(read && facts);
    EXPECT_EQ(*read, table);
    EXPECT_EQ(*facts, person.facts);
  }
}

}  // namespace
}  // namespace leadex::quality
