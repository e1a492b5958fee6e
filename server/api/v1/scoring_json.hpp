#pragma once
// A market's points table between JSON and its definition, rules by group. Any thread.

#include <optional>

#include "server/app/scoring_definition.hpp"
#include "server/json/object_reader.hpp"
#include "server/json/writer.hpp"

namespace leadex::api {

/// The contract has let no other words and types through; faults that it cannot know are noted.
[[nodiscard]] app::ScoringDefinition read_scoring(json::ObjectReader reader);

void write_scoring(json::JsonWriter& writer, app::ScoringDefinition const& from);

}  // namespace leadex::api
