#include "matching/targeting/schema.hpp"

#include <algorithm>
#include <array>
#include <set>

#include "billing/values/check.hpp"

namespace leadex::targeting {
namespace {

constexpr std::int64_t kScoreMax = 1'000'000;
constexpr std::int64_t kLeadAgeMax_s = std::int64_t{100} * 366 * 86'400;

bool name_is_valid(std::string_view name) {
  if (name.empty() || name.size() > kNameBytesMax) return false;
  if (name.front() < 'a' || name.front() > 'z') return false;
  return std::ranges::all_of(
      name, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

bool choices_are_valid(std::vector<std::string> const& choices) {
  if (choices.empty() || choices.size() > kChoicesMax) return false;
  std::set<std::string_view> seen;
  return std::ranges::all_of(choices, [&](std::string const& choice) {
    return !choice.empty() && choice.size() <= kTextBytesMax && seen.insert(choice).second;
  });
}

std::vector<AttributeDef> virtual_attributes() {
  std::vector<AttributeDef> defs(Schema::kVirtualCount);
  defs[0].name = "score";
  defs[0].type = AttributeType::integer;
  defs[0].minimum = -kScoreMax;
  defs[0].maximum = kScoreMax;
  defs[1].name = "temperature";
  defs[1].type = AttributeType::choice;
  defs[1].choices.assign(std::begin(kTemperatures), std::end(kTemperatures));
  defs[2].name = "vehicle";
  defs[2].type = AttributeType::choice;
  defs[2].choices.assign(std::begin(kVehicles), std::end(kVehicles));
  defs[3].name = "source_reason";
  defs[3].type = AttributeType::text;
  defs[4].name = "lead_age_s";
  defs[4].type = AttributeType::integer;
  defs[4].minimum = 0;
  defs[4].maximum = kLeadAgeMax_s;
  return defs;
}

std::optional<SchemaError> fault_of(AttributeDef const& def) {
  if (!name_is_valid(def.name)) return SchemaError::name_invalid;
  if (def.type == AttributeType::choice && !choices_are_valid(def.choices)) {
    return SchemaError::choices_invalid;
  }
  if (def.type == AttributeType::integer &&
      (def.minimum > def.maximum || def.minimum < kIntegerMin || def.maximum > kIntegerMax)) {
    return SchemaError::range_invalid;
  }
  if (def.type == AttributeType::text && (def.max_length == 0 || def.max_length > kTextBytesMax)) {
    return SchemaError::length_invalid;
  }
  return std::nullopt;
}

}  // namespace

Schema::Schema(std::vector<AttributeDef> attributes) : attributes_(std::move(attributes)) {
  for (auto& def : virtual_attributes()) attributes_.push_back(std::move(def));
}

Result<Schema, SchemaFault> Schema::make(std::vector<AttributeDef> attributes) {
  if (attributes.size() > kMarketAttributesMax) {
    return refuse(SchemaFault{SchemaError::too_many_attributes, kMarketAttributesMax});
  }
  std::set<std::string, std::less<>> names;
  for (auto const& def : virtual_attributes()) names.insert(def.name);
  for (std::size_t i = 0; i < attributes.size(); ++i) {
    if (auto const error = fault_of(attributes[i])) return refuse(SchemaFault{*error, i});
    if (!names.insert(attributes[i].name).second) {
      return refuse(SchemaFault{SchemaError::name_taken, i});
    }
  }
  return Schema(std::move(attributes));
}

AttributeDef const& Schema::at(AttributeIndex index) const {
  LEADEX_CHECK(index < attributes_.size());
  return attributes_[index];
}

std::optional<AttributeIndex> Schema::find(std::string_view name) const {
  auto const found = std::ranges::find(attributes_, name, &AttributeDef::name);
  if (found == attributes_.end()) return std::nullopt;
  return static_cast<AttributeIndex>(found - attributes_.begin());
}

std::optional<std::int64_t> Schema::choice(AttributeIndex index, std::string_view value) const {
  auto const& choices = at(index).choices;
  if (at(index).type != AttributeType::choice) return std::nullopt;
  auto const found = std::ranges::find(choices, value);
  if (found == choices.end()) return std::nullopt;
  return found - choices.begin();
}

bool Schema::holds(AttributeIndex index, std::int64_t value) const {
  auto const& def = at(index);
  switch (def.type) {
    case AttributeType::choice:
      return value >= 0 && static_cast<std::uint64_t>(value) < def.choices.size();
    case AttributeType::text:
      return value >= 0 && value <= kIntegerMax;
    case AttributeType::integer:
      return value >= def.minimum && value <= def.maximum;
    case AttributeType::boolean:
      return value == 0 || value == 1;
  }
  return false;
}

std::int64_t TextInterner::intern(std::string_view text) {
  if (auto const known = ids_.find(text); known != ids_.end()) return known->second;
  auto const id = static_cast<std::int64_t>(texts_.size());
  texts_.emplace_back(text);
  ids_.emplace(texts_.back(), id);
  return id;
}

std::optional<std::int64_t> TextInterner::find(std::string_view text) const {
  auto const known = ids_.find(text);
  if (known == ids_.end()) return std::nullopt;
  return known->second;
}

std::string_view TextInterner::text(std::int64_t id) const {
  LEADEX_CHECK(knows(id));
  return texts_[static_cast<std::size_t>(id)];
}

}  // namespace leadex::targeting
