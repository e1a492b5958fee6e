#include "server/render/attributes.hpp"

#include <algorithm>

namespace leadex::render {

namespace {

constexpr std::int64_t kBandWidth = 10;

}  // namespace

std::string band_of(std::int64_t value) {
  auto const rest = value % kBandWidth;
  auto const low = value - (rest < 0 ? rest + kBandWidth : rest);
  return std::to_string(low) + '-' + std::to_string(low + kBandWidth - 1);
}

void write_attributes(json::JsonWriter& writer, std::string_view name,
                      std::span<targeting::AttributeDef const> definitions,
                      std::span<market::AttributeText const> values, std::span<Show const> shows) {
  using Kind = market::AttributeText::Kind;
  auto const object = writer.object(name);
  auto const count = std::min(definitions.size(), values.size());
  for (std::size_t i = 0; i < count; ++i) {
    auto const& value = values[i];
    // Without a rule of its own an attribute of a masked lead stays hidden.
    auto const show = shows.empty() ? Show::exact : i < shows.size() ? shows[i] : Show::hidden;
    if (value.kind == Kind::missing || show == Show::hidden) continue;
    auto const type = definitions[i].type;
    if (show == Show::band) {
      if (type != targeting::AttributeType::integer || value.kind != Kind::number) continue;
      writer.field(definitions[i].name, band_of(value.number));
    } else if (value.kind == Kind::text) {
      writer.field(definitions[i].name, value.text);
    } else if (type == targeting::AttributeType::boolean) {
      writer.field(definitions[i].name, value.number != 0);
    } else {
      writer.field(definitions[i].name, value.number);
    }
  }
}

}  // namespace leadex::render
