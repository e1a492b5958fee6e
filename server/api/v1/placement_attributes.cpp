#include "server/api/v1/placement_attributes.hpp"

#include <algorithm>

#include "server/intake/contact/attribute_check.hpp"
#include "server/intake/lead_rows.hpp"

namespace leadex::api {

namespace {

using market::AttributeText;

AttributeText text_of(intake::AttributeValue const& value) {
  using Kind = AttributeText::Kind;
  if (auto const* const word = std::get_if<std::string>(&value)) return {Kind::text, 0, *word};
  auto const* const flag = std::get_if<bool>(&value);
  return {Kind::number, flag != nullptr ? (*flag ? 1 : 0) : std::get<std::int64_t>(value), {}};
}

intake::RawScalar scalar_of(json::Value const& value) {
  if (value.IsString()) return intake::JsonText{json::text_of(value)};
  if (value.IsBool()) return value.GetBool();
  if (value.IsInt64()) return value.GetInt64();
  return intake::OtherJson{};
}

/// Whether a value of another version still fits an attribute.
bool fits(AttributeText const& value, targeting::AttributeDef const& def) {
  using Kind = AttributeText::Kind;
  using targeting::AttributeType;
  bool const words = def.type == AttributeType::choice || def.type == AttributeType::text;
  return value.kind != Kind::missing && (value.kind == Kind::text) == words;
}

std::string sub_name(std::size_t i) { return "sub" + std::to_string(i + 1); }

}  // namespace

std::vector<AttributeText> read_attributes(json::Value const& given,
                                           market::MarketSettings const& settings,
                                           json::FieldErrors& errors) {
  auto const rules = intake::rules_of(settings);
  std::vector<AttributeText> values(rules.attributes.size());
  for (auto const& member : given.GetObject()) {
    std::string const name{json::text_of(member.name)};
    auto const index = rules.attribute_named(name);
    auto const value =
        index ? intake::check_attribute(scalar_of(member.value), rules.attributes[*index])
              : std::nullopt;
    if (value) {
      values[*index] = text_of(*value);
    } else {
      errors.push_back({"/attributes/" + name, index ? "attribute_invalid" : "unknown_field",
                        index ? "The market's schema does not take this value."
                              : "The market has no such attribute."});
    }
  }
  return values;
}

std::vector<AttributeText> visit_attributes(storage::Placement const& placement,
                                            std::vector<targeting::AttributeDef> const& definitions,
                                            market::MarketSettings const& settings,
                                            QueryValues const& query) {
  auto const rules = intake::rules_of(settings);
  auto const& defs = settings.rules.attributes;
  std::vector<AttributeText> values(defs.size());
  for (std::size_t i = 0; i < defs.size(); ++i) {
    auto const from = std::find_if(definitions.begin(), definitions.end(),
                                   [&](auto const& def) { return def.name == defs[i].name; });
    auto const at = static_cast<std::size_t>(from - definitions.begin());
    if (from != definitions.end() && at < placement.attributes.size() &&
        fits(placement.attributes[at], defs[i])) {
      values[i] = placement.attributes[at];
    }
    auto const asked = std::find_if(query.begin(), query.end(),
                                    [&](auto const& pair) { return pair.first == defs[i].name; });
    if (asked == query.end()) continue;
    auto const checked =
        intake::check_attribute(intake::CellText{asked->second}, rules.attributes[i]);
    if (checked) values[i] = text_of(*checked);
  }
  return values;
}

std::vector<std::string> landing_macros(market::MarketSettings const& settings) {
  std::vector<std::string> names{"click_id"};
  for (std::size_t i = 0; i < kSubs; ++i) names.push_back(sub_name(i));
  for (auto const& def : settings.rules.attributes) names.push_back(def.name);
  return names;
}

std::vector<std::string> postback_macros(market::MarketSettings const& settings) {
  auto names = landing_macros(settings);
  for (auto const* const more :
       {"event", "status", "payout", "currency", "transaction_id", "placement_id", "timestamp"}) {
    names.emplace_back(more);
  }
  return names;
}

std::vector<std::string> subs_of(QueryValues const& query) {
  std::vector<std::string> subs(kSubs);
  for (std::size_t i = 0; i < kSubs; ++i) {
    auto const name = sub_name(i);
    auto const found = std::find_if(query.begin(), query.end(),
                                    [&](auto const& pair) { return pair.first == name; });
    if (found != query.end() && found->second.size() <= kSubBytesMax) subs[i] = found->second;
  }
  return subs;
}

}  // namespace leadex::api
