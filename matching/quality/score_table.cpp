#include "matching/quality/score_table.hpp"

#include <algorithm>
#include <set>

#include "billing/values/check.hpp"
#include "matching/quality/half_life.hpp"

namespace leadex::quality {
namespace {

using market::AttributeText;
using targeting::AttributeDef;
using targeting::AttributeType;
using Fault = std::optional<ScoreTableError>;

constexpr std::int64_t kSecondUs = 1'000'000;

bool word_is_valid(std::string_view word) {
  if (word.empty() || word.size() > kScoreReasonBytesMax) return false;
  if (word.front() < 'a' || word.front() > 'z') return false;
  return std::ranges::all_of(
      word, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

template <class T>
bool all_different(std::vector<T> const& values) {
  return std::set<T>(values.begin(), values.end()).size() == values.size();
}

ScoreGroup group_of(ScoreRule const& rule) {
  switch (rule.test) {
    case ScoreTest::any_of:
    case ScoreTest::between:
      return ScoreGroup::profile;
    case ScoreTest::known:
      return group_of(rule.fact);
    case ScoreTest::vehicle:
      return ScoreGroup::form;
    case ScoreTest::freshness:
    case ScoreTest::touchpoints:
      break;
  }
  return ScoreGroup::behaviour;
}

bool choices_hold(AttributeDef const& def, std::vector<std::string> const& texts) {
  return def.type == AttributeType::text || std::ranges::all_of(texts, [&](auto const& text) {
           return std::ranges::find(def.choices, text) != def.choices.end();
         });
}

bool numbers_hold(AttributeDef const& def, std::vector<std::int64_t> const& numbers) {
  bool const boolean = def.type == AttributeType::boolean;
  auto const low = boolean ? 0 : def.minimum;
  auto const high = boolean ? 1 : def.maximum;
  return std::ranges::all_of(numbers, [=](auto number) { return number >= low && number <= high; });
}

Fault values_fault(ScoreRule const& rule, AttributeDef const& def) {
  bool const words = def.type == AttributeType::choice || def.type == AttributeType::text;
  auto const size = words ? rule.texts.size() : rule.numbers.size();
  bool const other = words ? !rule.numbers.empty() : !rule.texts.empty();
  bool const sound = size > 0 && size <= kScoreValuesMax && !other && all_different(rule.texts) &&
                     all_different(rule.numbers) &&
                     (words ? choices_hold(def, rule.texts) : numbers_hold(def, rule.numbers));
  return sound ? Fault{} : ScoreTableError::values_invalid;
}

Fault profile_fault(ScoreRule const& rule, std::span<AttributeDef const> attributes) {
  if (rule.attribute >= attributes.size()) return ScoreTableError::attribute_unknown;
  auto const& def = attributes[rule.attribute];
  if (rule.test == ScoreTest::any_of) return values_fault(rule, def);
  bool const sound = def.type == AttributeType::integer && rule.low <= rule.high;
  return sound ? Fault{} : ScoreTableError::range_invalid;
}

bool vehicles_hold(std::vector<std::int64_t> const& numbers) {
  return all_different(numbers) && std::ranges::all_of(numbers, [](auto number) {
           return number >= 0 && number < std::ssize(targeting::kVehicles);
         });
}

Fault rule_fault(ScoreRule const& rule, std::span<AttributeDef const> attributes) {
  if (rule.points == 0 || rule.points < -kScorePointsMax || rule.points > kScorePointsMax) {
    return ScoreTableError::points_out_of_range;
  }
  if (!word_is_valid(rule.reason)) return ScoreTableError::reason_invalid;
  auto const group = group_of(rule);
  if (rule.group != group) return ScoreTableError::group_wrong;
  if (group == ScoreGroup::profile) return profile_fault(rule, attributes);
  bool const of_vehicles = rule.test == ScoreTest::vehicle || rule.test == ScoreTest::touchpoints;
  if (of_vehicles && !vehicles_hold(rule.numbers)) return ScoreTableError::values_invalid;
  if (rule.test == ScoreTest::vehicle && rule.numbers.empty()) {
    return ScoreTableError::values_invalid;
  }
  if (group != ScoreGroup::behaviour) return std::nullopt;
  if (rule.half_life_s < 1 || rule.half_life_s > kHalfLifeMax_s) {
    return ScoreTableError::half_life_out_of_range;
  }
  if (rule.count_max < 1 || rule.count_max > kTouchesMax) {
    return ScoreTableError::count_out_of_range;
  }
  return std::nullopt;
}

template <class T>
bool holds(std::vector<T> const& values, T const& value) {
  return std::ranges::find(values, value) != values.end();
}

bool is_any_of(ScoreRule const& rule, AttributeText const& value) {
  switch (value.kind) {
    case AttributeText::Kind::missing:
      return false;
    case AttributeText::Kind::number:
      return holds(rule.numbers, value.number);
    case AttributeText::Kind::text:
      break;
  }
  return holds(rule.texts, value.text);
}

/// What a rule that only asks yes or no says.
bool applies(ScoreRule const& rule, ScoredLead const& lead) {
  if (rule.test == ScoreTest::known) {
    return (lead.facts.known >> static_cast<unsigned>(rule.fact) & 1U) != 0;
  }
  if (rule.test == ScoreTest::vehicle) return holds(rule.numbers, std::int64_t{lead.vehicle});
  LEADEX_CHECK(rule.attribute < lead.attributes.size());
  auto const& value = lead.attributes[rule.attribute];
  if (rule.test == ScoreTest::any_of) return is_any_of(rule, value);
  return value.kind == AttributeText::Kind::number && value.number >= rule.low &&
         value.number <= rule.high;
}

/// The latest touchpoints count; those after the capture tell of something else.
std::int64_t touch_weight(ScoreRule const& rule, ScoredLead const& lead) {
  std::vector<std::int64_t> at;
  for (auto const& touch : lead.facts.touches) {
    bool const asked = rule.numbers.empty() || holds(rule.numbers, std::int64_t{touch.vehicle});
    if (asked && touch.at_us <= lead.captured_us) at.push_back(touch.at_us);
  }
  std::ranges::sort(at, std::greater{});
  if (std::ssize(at) > rule.count_max) at.resize(static_cast<std::size_t>(rule.count_max));
  std::int64_t weight = 0;
  for (auto const us : at) weight += decayed(lead.captured_us - us, rule.half_life_s * kSecondUs);
  return weight;
}

std::int64_t points_of(ScoreRule const& rule, ScoredLead const& lead) {
  if (rule.test == ScoreTest::freshness) {
    auto const age_us = lead.facts.scored_us - lead.captured_us;
    return rule.points * decayed(age_us, rule.half_life_s * kSecondUs) / kWholeWeight;
  }
  if (rule.test == ScoreTest::touchpoints) {
    return rule.points * touch_weight(rule, lead) / kWholeWeight;
  }
  return applies(rule, lead) ? rule.points : 0;
}

}  // namespace

std::optional<ScoreTableFault> fault_of(ScoreTable const& table,
                                        std::span<AttributeDef const> attributes) {
  if (table.rules.size() > kScoreRulesMax) {
    return ScoreTableFault{ScoreTableError::too_many_rules, kScoreRulesMax};
  }
  if (table.base < -kScorePointsMax || table.base > kScorePointsMax) {
    return ScoreTableFault{ScoreTableError::base_out_of_range, 0};
  }
  if (table.qualified_from < 0 || table.qualified_from > kScoreMax) {
    return ScoreTableFault{ScoreTableError::threshold_out_of_range, 0};
  }
  for (std::size_t i = 0; i < table.rules.size(); ++i) {
    if (auto const fault = rule_fault(table.rules[i], attributes)) {
      return ScoreTableFault{*fault, i};
    }
  }
  return std::nullopt;
}

Score score_lead(ScoreTable const& table, ScoredLead const& lead) {
  Score score;
  std::int64_t sum = 0;
  auto const add = [&](ScoreLine::Kind kind, std::size_t rule, std::int64_t points) {
    if (points == 0) return;
    score.log.push_back({kind, static_cast<std::int32_t>(rule), points});
    sum += points;
  };
  add(ScoreLine::Kind::base, 0, table.base);
  for (std::size_t i = 0; i < table.rules.size(); ++i) {
    add(ScoreLine::Kind::rule, i + 1, points_of(table.rules[i], lead));
  }
  auto const limited = std::clamp<std::int64_t>(sum, 0, kScoreMax);
  add(ScoreLine::Kind::limit, 0, limited - sum);
  score.value = sum;
  return score;
}

}  // namespace leadex::quality
