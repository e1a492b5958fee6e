#pragma once
// ScoringDefinition: a market's points table as staff state it, by attributes' names, with its
// checks and its translation to what scores leads. Pure; any thread.

#include <optional>
#include <string>
#include <vector>

#include "matching/quality/score_table.hpp"
#include "server/app/app_error.hpp"

namespace leadex::app {

struct ScoringRule {
  quality::ScoreRule rule;  ///< its attribute's place means nothing yet
  std::string attribute;    ///< of the profile
  bool booleans{};          ///< its values were stated as true and false
};

struct ScoringDefinition {
  std::int32_t base{};
  std::int32_t qualified_from{50};
  std::vector<ScoringRule> rules;  ///< by group
};

/// The table for leads with these attributes. An attribute that is not there makes a table that is
/// not sound.
[[nodiscard]] quality::ScoreTable table_of(ScoringDefinition const& definition,
                                           std::vector<targeting::AttributeDef> const& attributes);

/// The first fault, with its pointer from /scoring on.
[[nodiscard]] std::optional<FieldFault> fault_of_scoring(
    ScoringDefinition const& definition, std::vector<targeting::AttributeDef> const& attributes);

}  // namespace leadex::app
