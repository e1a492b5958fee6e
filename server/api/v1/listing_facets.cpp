#include "server/api/v1/listing_facets.hpp"

#include <algorithm>

#include "billing/values/check.hpp"
#include "matching/targeting/normal_form.hpp"
#include "server/api/v1/listing_query.hpp"
#include "server/api/v1/trade.hpp"
#include "server/api/v1/trade_support.hpp"

namespace leadex::api {

namespace {

using targeting::AttributeType;

std::vector<std::string_view> split(std::string_view text, char mark) {
  std::vector<std::string_view> parts;
  for (std::size_t from = 0; from <= text.size();) {
    auto const end = std::min(text.find(mark, from), text.size());
    parts.push_back(text.substr(from, end - from));
    from = end + 1;
  }
  return parts;
}

json::FieldErrors fault(std::string code, std::string detail) {
  return {{"/query/facets", std::move(code), std::move(detail)}};
}

/// Ascending, all different, one at least for integers, none for what has values to count by.
bool read_cuts(std::span<std::string_view const> parts, bool integer,
               std::vector<std::int64_t>& cuts) {
  if (parts.empty() == integer) return false;
  for (auto const part : parts) {
    auto const cut = whole_number(part);
    if (!cut || (!cuts.empty() && *cut <= cuts.back())) return false;
    cuts.push_back(*cut);
  }
  return true;
}

/// Counts of no match.
storefront::Facet nothing(targeting::Schema const& schema, storefront::FacetWish const& wish) {
  auto const& def = schema.at(wish.attribute);
  auto const ways = def.type == AttributeType::integer   ? wish.cuts.size() + 1
                    : def.type == AttributeType::boolean ? 2
                                                         : def.choices.size();
  storefront::Facet facet;
  facet.counts.resize(ways);
  return facet;
}

std::string value_text(targeting::AttributeDef const& def, std::size_t ordinal) {
  if (def.type == AttributeType::boolean) return ordinal == 0 ? "false" : "true";
  return def.choices.at(ordinal);
}

void write_facet(json::JsonWriter& out, targeting::AttributeDef const& def,
                 storefront::FacetWish const& wish, storefront::Facet const& facet) {
  auto const whole = out.object();
  out.field("attribute", def.name);
  bool const bands = def.type == AttributeType::integer;
  {
    auto const list = out.array(bands ? "bands" : "values");
    for (std::size_t i = 0; i < facet.counts.size(); ++i) {
      auto const one = out.object();
      if (bands) {
        std::optional<std::int64_t> from;
        std::optional<std::int64_t> below;
        if (i > 0) from = wish.cuts[i - 1];
        if (i < wish.cuts.size()) below = wish.cuts[i];
        out.field("gte", from);
        out.field("lt", below);
      } else {
        out.field("value", value_text(def, i));
      }
      out.field("count", facet.counts[i]);
    }
  }
  out.field("missing", facet.missing);
}

}  // namespace

Result<std::vector<storefront::FacetWish>, json::FieldErrors> read_facets(
    std::string_view text, targeting::Schema const& schema,
    std::vector<market::Visibility> const& visibility) {
  std::vector<storefront::FacetWish> wishes;
  std::size_t cuts = 0;
  auto const names = split(text, ',');
  if (names.size() > kFacetsMax) return refuse(fault("too_many", "At most 8 attributes at once."));
  for (auto const name : names) {
    auto const parts = split(name, ':');
    auto const index = schema.find(parts.front());
    auto const shown =
        index && *index < visibility.size() ? visibility[*index] : market::Visibility::exact;
    if (!index || shown == market::Visibility::hidden) {
      return refuse(fault("attribute_unknown", "There is no such attribute."));
    }
    auto const type = schema.at(*index).type;
    if (type == AttributeType::text || shown == market::Visibility::band) {
      return refuse(fault("not_countable", "Only what listings show exactly can be counted."));
    }
    storefront::FacetWish wish{*index, {}};
    if (!read_cuts(std::span{parts}.subspan(1), type == AttributeType::integer, wish.cuts)) {
      return refuse(fault("cuts_invalid", "Numbers want ascending bounds, as in age:25:45:65."));
    }
    cuts += wish.cuts.size();
    if (cuts > kFacetCutsMax) return refuse(fault("too_many", "At most 24 bounds in all."));
    bool const twice = std::ranges::any_of(
        wishes, [&](auto const& other) { return other.attribute == wish.attribute; });
    if (twice) return refuse(fault("twice", "An attribute is counted once."));
    wishes.push_back(std::move(wish));
  }
  return wishes;
}

Answered list_listing_facets(ApiCall& call) {
  auto const market = find_market(call.ctx, call.query("market").value_or(""));
  if (!market) {
    bool const unknown = market.error().code == Code::not_found;
    co_return unknown ? problem(Code::market_unknown) : refuse(market.error());
  }
  auto const schema = targeting::Schema::make(market->settings->rules.attributes);
  LEADEX_CHECK(schema.has_value());
  auto const& visibility = market->settings->visibility;
  auto const filter = read_listing_filter(call.request.query, *schema, visibility);
  if (!filter) co_return invalid(filter.error());
  auto wishes = read_facets(call.query("facets").value_or(""), *schema, visibility);
  if (!wishes) co_return invalid(std::move(wishes.error()));
  auto normal = targeting::to_normal_form(*filter);
  LEADEX_CHECK(normal.has_value() && normal->size() <= 1);  // filters are joined by `all`
  storefront::FacetQuery query;
  query.wishes = std::move(*wishes);
  storefront::Facets found;
  for (auto const& wish : query.wishes) found.facets.push_back(nothing(*schema, wish));
  bool outdated = false;
  if (!normal->empty()) {  // else they exclude one another
    query.filter = std::move(normal->front());
    auto const looked = co_await market->actor->view([&](market::EngineView const& view) {
      outdated = !(view.engine.schema() == *schema);
      query.now_us = view.now_us;
      if (!outdated) found = view.engine.shop().facets(query);
    });
    if (!looked) co_return refuse(problem_of(looked.error()));
    if (outdated) co_return problem(Code::busy);
  }
  json::JsonWriter out;
  {
    auto const whole = out.object();
    out.field("market", market->name());
    out.field("matches", found.matches);
    auto const list = out.array("facets");
    for (std::size_t i = 0; i < query.wishes.size(); ++i) {
      write_facet(out, schema->at(query.wishes[i].attribute), query.wishes[i], found.facets[i]);
    }
  }
  co_return answer(200, out);
}

}  // namespace leadex::api
