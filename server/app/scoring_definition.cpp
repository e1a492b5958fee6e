#include "server/app/scoring_definition.hpp"

#include <algorithm>
#include <limits>

namespace leadex::app {

namespace {

using quality::ScoreTableError;

struct Words {
  std::string_view field;
  std::string_view code;
  std::string_view detail;
};

Words words_of(ScoreTableError error) {
  switch (error) {
    case ScoreTableError::too_many_rules:
      return {"", "too_many", "A table has at most 200 rules."};
    case ScoreTableError::base_out_of_range:
      return {"/base", "out_of_range", "Must be -1,000 to 1,000."};
    case ScoreTableError::threshold_out_of_range:
      return {"/qualified_from", "out_of_range", "Must be 0 to 100."};
    case ScoreTableError::points_out_of_range:
      return {"/points", "out_of_range", "Must be -1,000 to 1,000 and not 0."};
    case ScoreTableError::reason_invalid:
      return {"/reason", "text_invalid", "Has a-z, 0-9 and _, begins with a letter, up to 64."};
    case ScoreTableError::group_wrong:
      return {"", "group_wrong", "This rule belongs to another group."};
    case ScoreTableError::attribute_unknown:
      return {"/attribute", "attribute_unknown", "Names an attribute that is not defined."};
    case ScoreTableError::values_invalid:
      return {"", "values_invalid", "Must list different values that are possible there."};
    case ScoreTableError::range_invalid:
      return {"", "range_invalid", "Needs an integer, and bounds in order."};
    case ScoreTableError::half_life_out_of_range:
      return {"/half_life_s", "out_of_range", "Must be 1 to 315,360,000."};
    case ScoreTableError::count_out_of_range:
      break;
  }
  return {"/count_max", "out_of_range", "Must be 1 to 50."};
}

std::uint16_t place_of(std::string const& name,
                       std::vector<targeting::AttributeDef> const& attributes) {
  auto const found = std::ranges::find(attributes, name, &targeting::AttributeDef::name);
  if (found == attributes.end()) return std::numeric_limits<std::uint16_t>::max();
  return static_cast<std::uint16_t>(found - attributes.begin());
}

/// true and false are no numbers, nor the other way round.
std::optional<quality::ScoreTableFault> fault_of_kinds(
    ScoringDefinition const& definition, quality::ScoreTable const& table,
    std::vector<targeting::AttributeDef> const& attributes) {
  for (std::size_t i = 0; i < table.rules.size(); ++i) {
    auto const& rule = table.rules[i];
    if (rule.test != quality::ScoreTest::any_of) continue;
    bool const boolean = attributes.at(rule.attribute).type == targeting::AttributeType::boolean;
    if (boolean != definition.rules[i].booleans) {
      return quality::ScoreTableFault{ScoreTableError::values_invalid, i};
    }
  }
  return std::nullopt;
}

bool of_whole_table(ScoreTableError error) {
  return error == ScoreTableError::too_many_rules || error == ScoreTableError::base_out_of_range ||
         error == ScoreTableError::threshold_out_of_range;
}

}  // namespace

quality::ScoreTable table_of(ScoringDefinition const& definition,
                             std::vector<targeting::AttributeDef> const& attributes) {
  quality::ScoreTable table;
  table.enabled = true;
  table.base = definition.base;
  table.qualified_from = definition.qualified_from;
  for (auto const& stated : definition.rules) {
    auto& rule = table.rules.emplace_back(stated.rule);
    rule.attribute = stated.rule.group == quality::ScoreGroup::profile
                         ? place_of(stated.attribute, attributes)
                         : std::uint16_t{0};
  }
  return table;
}

std::optional<FieldFault> fault_of_scoring(ScoringDefinition const& definition,
                                           std::vector<targeting::AttributeDef> const& attributes) {
  auto const table = table_of(definition, attributes);
  auto fault = quality::fault_of(table, attributes);
  if (!fault) fault = fault_of_kinds(definition, table, attributes);
  if (!fault) return std::nullopt;
  auto const words = words_of(fault->code);
  std::string pointer = "/scoring";
  if (!of_whole_table(fault->code)) {
    // Rules are stated by group; a rule's place is that within its own.
    auto const group = definition.rules.at(fault->rule).rule.group;
    auto const first = std::ranges::find_if(
        definition.rules, [group](auto const& stated) { return stated.rule.group == group; });
    auto const place =
        static_cast<std::ptrdiff_t>(fault->rule) - (first - definition.rules.begin());
    pointer += '/';
    pointer += quality::kScoreGroups[static_cast<std::size_t>(group)];
    pointer += '/' + std::to_string(place);
  }
  pointer += words.field;
  return FieldFault{std::move(pointer), std::string{words.code}, std::string{words.detail}};
}

}  // namespace leadex::app
