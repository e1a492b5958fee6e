#include "matching/quality/least_score.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/matching/seed.hpp"

namespace leadex::quality {
namespace {

using Kind = market::AttributeText::Kind;

constexpr std::int64_t kHourUs = 3'600'000'000;
constexpr std::int64_t kNowUs = 400'000 * kHourUs;
constexpr std::int32_t kFacts = 13;
constexpr auto kNamed = static_cast<std::int32_t>(LeadFact::named_companies);

std::mt19937_64& random_numbers() {
  static std::mt19937_64 numbers{seed_of_run()};
  return numbers;
}
std::int32_t from(std::int32_t low, std::int32_t high) {
  return std::uniform_int_distribution<std::int32_t>{low, high}(random_numbers());
}

ScoreRule some_rule(std::initializer_list<ScoreTest> tests) {
  ScoreRule rule;
  rule.test = *(tests.begin() + from(0, static_cast<std::int32_t>(tests.size()) - 1));
  rule.low = from(0, 5);
  rule.high = rule.low + from(0, 4);
  rule.texts = {std::string(1, static_cast<char>('a' + from(0, 2)))};
  rule.attribute = rule.test == ScoreTest::between ? 1 : 0;
  rule.fact = static_cast<LeadFact>(from(0, kFacts - 1));
  if (rule.test == ScoreTest::vehicle || from(0, 1) == 0) rule.numbers = {from(0, 9), from(0, 9)};
  rule.half_life_s = from(1, 100'000);
  rule.count_max = from(1, 4);
  rule.points = from(0, 1) == 0 ? from(1, 30) : -from(1, 30);
  return rule;
}

struct Person {
  std::vector<market::AttributeText> values;
  std::int32_t vehicle{};
  std::int64_t captured_us{};
  ScoreFacts facts;
};
Person somebody() {
  Person person;
  person.values = {{Kind::text, 0, std::string(1, static_cast<char>('a' + from(0, 3)))},
                   {Kind::number, from(0, 9), {}}};
  person.vehicle = from(0, 9);
  person.captured_us = kNowUs - from(0, 50) * kHourUs;
  person.facts.scored_us = kNowUs;
  person.facts.known = static_cast<std::uint32_t>(from(0, (1 << kFacts) - 1));
  for (auto n = from(0, 6); n > 0; --n) {
    person.facts.touches.push_back({person.captured_us - from(-2, 60) * kHourUs, from(0, 9)});
  }
  return person;
}
std::int64_t least_of(ScoreTable const& table, Person const& person) {
  ScoreFacts const sure{person.captured_us, person.facts.known & (1U << kNamed), {}};
  return least_score(table, {person.values, person.vehicle, person.captured_us, sure});
}
std::int64_t score_of(ScoreTable const& table, Person const& person) {
  return score_lead(table, {person.values, person.vehicle, person.captured_us, person.facts}).value;
}

// So a buyer that asks for a score gets no lead below it by a promise, and nobody has to break one.
TEST(LeastScore, NoLeadComesWithLessThanItsPingWasToldBy) {
  auto const rounds = full_run() ? 200'000 : 20'000;
  int less = 0;
  for (int i = 0; i < rounds; ++i) {
    ScoreTable table{.enabled = true, .base = from(0, 80), .rules = {}};
    for (auto n = from(0, 8); n > 0; --n) {
      table.rules.push_back(
          some_rule({ScoreTest::any_of, ScoreTest::between, ScoreTest::known, ScoreTest::vehicle,
                     ScoreTest::freshness, ScoreTest::touchpoints}));
    }
    auto const person = somebody();
    auto const least = least_of(table, person);
    ASSERT_LE(least, score_of(table, person)) << i;
    ASSERT_GE(least, 0);
    less += least < score_of(table, person) ? 1 : 0;
  }
  EXPECT_GT(less, rounds / 10) << "the rules did say something";
}

TEST(LeastScore, IsTheLeastOfAllFactsThatMayCome) {
  for (int i = 0; i < 200; ++i) {
    ScoreTable table{.enabled = true, .base = from(0, 80), .rules = {}};
    for (int n = 0; n < 5; ++n) {
      table.rules.push_back(some_rule({ScoreTest::any_of, ScoreTest::known, ScoreTest::vehicle}));
    }
    auto person = somebody();
    auto const named = person.facts.known & (1U << kNamed);
    std::int64_t least = kScoreMax;
    for (std::uint32_t known = 0; known < 1U << kFacts; ++known) {
      if (named != 0 && (known & named) == 0) continue;
      person.facts.known = known;
      least = std::min(least, score_of(table, person));
    }
    person.facts.known = named;
    ASSERT_EQ(least_of(table, person), least) << i;
  }
}

TEST(LeastScore, CountsWhatMayBeTakenAndNotWhatMayBeGiven) {
  auto const rule = [](ScoreTest test, std::int32_t points) {
    ScoreRule made{.test = test, .fact = LeadFact::email, .half_life_s = 60, .points = points};
    made.count_max = 3;
    return made;
  };
  Person person;
  person.values = {{}, {}};
  ScoreTable table{.enabled = true, .base = 70, .rules = {rule(ScoreTest::known, 20)}};
  EXPECT_EQ(least_of(table, person), 70);
  table.rules = {rule(ScoreTest::known, -20)};
  EXPECT_EQ(least_of(table, person), 50);
  table.rules = {rule(ScoreTest::freshness, -5), rule(ScoreTest::freshness, 9)};
  EXPECT_EQ(least_of(table, person), 65);
  table.rules = {rule(ScoreTest::touchpoints, -7)};
  EXPECT_EQ(least_of(table, person), 49) << "three of them";
  table.base = 10;
  EXPECT_EQ(least_of(table, person), 0);
}

}  // namespace
}  // namespace leadex::quality
