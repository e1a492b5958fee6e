#include "matching/quality/least_score.hpp"

#include <algorithm>
#include <array>

namespace leadex::quality {

namespace {

/// Whether what is told decides what the rule gives.
bool is_settled(ScoreRule const& rule, ScoredLead const& told) {
  switch (rule.test) {
    case ScoreTest::any_of:
    case ScoreTest::between:
    case ScoreTest::vehicle:
      return true;
    case ScoreTest::known:
      return (told.facts.known >> static_cast<unsigned>(rule.fact) & 1U) != 0;
    case ScoreTest::freshness:
    case ScoreTest::touchpoints:
      break;
  }
  return false;
}

/// Of all rules that are not settled yet. A fact comes for all its rules or for none.
std::int64_t least_to_come(ScoreTable const& table, ScoredLead const& told) {
  std::array<std::int64_t, std::size(kLeadFacts)> by_fact{};
  std::int64_t sum = 0;
  for (auto const& rule : table.rules) {
    if (is_settled(rule, told)) continue;
    if (rule.test == ScoreTest::known) {
      by_fact.at(static_cast<std::size_t>(rule.fact)) += rule.points;
      continue;
    }
    auto const times = rule.test == ScoreTest::touchpoints ? rule.count_max : 1;
    sum += std::min<std::int64_t>(std::int64_t{rule.points} * times, 0);
  }
  for (auto const points : by_fact) sum += std::min<std::int64_t>(points, 0);
  return sum;
}

}  // namespace

std::int64_t least_score(ScoreTable const& table, ScoredLead const& told) {
  auto sum = table.base + least_to_come(table, told);
  for (auto const& line : score_lead(table, told).log) {
    bool const of_rule = line.kind == ScoreLine::Kind::rule;
    if (of_rule && is_settled(table.rules[static_cast<std::size_t>(line.rule) - 1], told)) {
      sum += line.points;
    }
  }
  return std::clamp<std::int64_t>(sum, 0, kScoreMax);
}

}  // namespace leadex::quality
