#include "server/api/v1/scoring_json.hpp"

#include <algorithm>
#include <iterator>
#include <limits>

#include "server/render/words.hpp"

namespace leadex::api {

namespace {

using json::ObjectReader;
using quality::ScoreGroup;
using quality::ScoreRule;
using quality::ScoreTest;

std::string_view name_of(ScoreGroup group) {
  return quality::kScoreGroups[static_cast<std::size_t>(group)];
}

template <std::size_t N>
std::optional<std::size_t> place_of(std::string_view word, std::string_view const (&words)[N]) {
  auto const* const found = std::ranges::find(words, word);
  if (found == std::end(words)) return std::nullopt;
  return static_cast<std::size_t>(found - std::begin(words));
}

void read_vehicles(ObjectReader& reader, ScoreRule& rule) {
  auto const* const list = reader.optional_array("vehicles");
  if (list == nullptr) return;
  for (auto const& item : list->GetArray()) {
    if (auto const place = place_of(json::text_of(item), targeting::kVehicles)) {
      rule.numbers.push_back(static_cast<std::int64_t>(*place));
    }
  }
}

void read_values(ObjectReader& reader, app::ScoringRule& into) {
  auto& rule = into.rule;
  auto const* const list = reader.optional_array("in");
  if (list == nullptr) return;
  for (auto const& item : list->GetArray()) {
    if (item.IsString()) {
      rule.texts.emplace_back(json::text_of(item));
    } else if (item.IsBool()) {
      rule.numbers.push_back(item.GetBool() ? 1 : 0);
      into.booleans = true;
    } else if (item.IsInt64()) {
      rule.numbers.push_back(item.GetInt64());
    } else {
      reader.fail("in", "wrong_type", "Must be texts, whole numbers or booleans.");
    }
  }
}

void read_profile(ObjectReader& reader, app::ScoringRule& into) {
  into.attribute = reader.require_string("attribute");
  auto& rule = into.rule;
  auto const low = reader.optional_int("gte");
  auto const high = reader.optional_int("lte");
  bool const bounds = low || high;
  if (bounds == reader.has("in")) {
    static_cast<void>(reader.find("in"));
    reader.fail("in", "ambiguous", "A rule lists values or has bounds.");
    return;
  }
  rule.test = bounds ? ScoreTest::between : ScoreTest::any_of;
  rule.low = low.value_or(targeting::kIntegerMin);
  rule.high = high.value_or(targeting::kIntegerMax);
  if (!bounds) {
    rule.low = rule.high = 0;
    read_values(reader, into);
  }
}

void read_capture(ObjectReader& reader, ScoreRule& rule) {
  auto const fact = reader.optional_string("fact");
  if (fact.has_value() == reader.has("vehicles")) {
    static_cast<void>(reader.find("vehicles"));
    reader.fail("fact", "ambiguous", "A rule names one fact, or vehicles.");
    return;
  }
  rule.test = fact ? ScoreTest::known : ScoreTest::vehicle;
  if (fact) {
    rule.fact = static_cast<quality::LeadFact>(place_of(*fact, quality::kLeadFacts).value_or(0));
  } else {
    read_vehicles(reader, rule);
  }
}

void read_behaviour(ObjectReader& reader, ScoreRule& rule) {
  rule.test =
      reader.require_string("of") == "freshness" ? ScoreTest::freshness : ScoreTest::touchpoints;
  rule.half_life_s = reader.require_int("half_life_s", {.min = 1, .max = quality::kHalfLifeMax_s});
  if (rule.test == ScoreTest::freshness) return;
  rule.count_max = static_cast<std::int32_t>(
      reader.optional_int("count_max", {.min = 1, .max = quality::kTouchesMax})
          .value_or(quality::kTouchesMax));
  read_vehicles(reader, rule);
}

app::ScoringRule read_rule(ObjectReader reader, ScoreGroup group) {
  app::ScoringRule into;
  auto& rule = into.rule;
  rule.group = group;
  rule.points = static_cast<std::int32_t>(reader.require_int(
      "points", {.min = -quality::kScorePointsMax, .max = quality::kScorePointsMax}));
  rule.reason = reader.require_string("reason");
  switch (group) {
    case ScoreGroup::profile:
      read_profile(reader, into);
      break;
    case ScoreGroup::document:
    case ScoreGroup::form:
      read_capture(reader, rule);
      break;
    case ScoreGroup::behaviour:
      read_behaviour(reader, rule);
      break;
  }
  // A limit that would not hold must not look like one.
  reader.refuse_unknown_fields();
  return into;
}

void write_vehicles(json::JsonWriter& writer, ScoreRule const& rule) {
  auto const list = writer.array("vehicles");
  for (auto const number : rule.numbers) {
    writer.value(targeting::kVehicles[static_cast<std::size_t>(number)]);
  }
}

void write_values(json::JsonWriter& writer, app::ScoringRule const& stated) {
  auto const& rule = stated.rule;
  auto const list = writer.array("in");
  for (auto const& text : rule.texts) writer.value(text);
  for (auto const number : rule.numbers) {
    if (stated.booleans) {
      writer.value(number != 0);
    } else {
      writer.value(number);
    }
  }
}

void write_rule(json::JsonWriter& writer, app::ScoringRule const& stated) {
  auto const& rule = stated.rule;
  auto const whole = writer.object();
  switch (rule.test) {
    case ScoreTest::any_of:
      writer.field("attribute", stated.attribute);
      write_values(writer, stated);
      break;
    case ScoreTest::between:
      writer.field("attribute", stated.attribute);
      if (rule.low != targeting::kIntegerMin) writer.field("gte", rule.low);
      if (rule.high != targeting::kIntegerMax) writer.field("lte", rule.high);
      break;
    case ScoreTest::known:
      writer.field("fact", quality::kLeadFacts[static_cast<std::size_t>(rule.fact)]);
      break;
    case ScoreTest::vehicle:
      write_vehicles(writer, rule);
      break;
    case ScoreTest::freshness:
      writer.field("of", "freshness");
      writer.field("half_life_s", rule.half_life_s);
      break;
    case ScoreTest::touchpoints:
      writer.field("of", "touchpoints");
      writer.field("half_life_s", rule.half_life_s);
      writer.field("count_max", rule.count_max);
      if (!rule.numbers.empty()) write_vehicles(writer, rule);
      break;
  }
  writer.field("points", rule.points);
  writer.field("reason", rule.reason);
}

}  // namespace

app::ScoringDefinition read_scoring(ObjectReader reader) {
  app::ScoringDefinition into;
  into.base = static_cast<std::int32_t>(
      reader
          .optional_int("base", {.min = -quality::kScorePointsMax, .max = quality::kScorePointsMax})
          .value_or(0));
  into.qualified_from = static_cast<std::int32_t>(
      reader.optional_int("qualified_from", {.min = 0, .max = quality::kScoreMax})
          .value_or(into.qualified_from));
  for (auto const group :
       {ScoreGroup::profile, ScoreGroup::document, ScoreGroup::form, ScoreGroup::behaviour}) {
    auto const* const rules = reader.optional_array(name_of(group));
    if (rules == nullptr) continue;
    auto const below = reader.pointer_to(name_of(group));
    for (rapidjson::SizeType i = 0; i < rules->Size(); ++i) {
      auto const pointer = json::child_pointer(below, std::to_string(i));
      into.rules.push_back(read_rule(ObjectReader((*rules)[i], reader.errors(), pointer), group));
    }
  }
  return into;
}

void write_scoring(json::JsonWriter& writer, app::ScoringDefinition const& from) {
  auto const whole = writer.object("scoring");
  writer.field("base", from.base);
  writer.field("qualified_from", from.qualified_from);
  for (auto const group :
       {ScoreGroup::profile, ScoreGroup::document, ScoreGroup::form, ScoreGroup::behaviour}) {
    auto const rules = writer.array(name_of(group));
    for (auto const& stated : from.rules) {
      if (stated.rule.group == group) write_rule(writer, stated);
    }
  }
}

}  // namespace leadex::api
