#include "server/api/v1/listing_query.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <set>

#include "billing/values/check.hpp"
#include "matching/targeting/normal_form.hpp"

namespace leadex::api {

namespace {

using targeting::AttributeIndex;
using targeting::AttributeType;

constexpr std::size_t kFilterValuesMax = 1000;

std::optional<std::int64_t> value_of(targeting::Schema const& schema, AttributeIndex index,
                                     std::string_view text) {
  switch (schema.at(index).type) {
    case AttributeType::choice:
      return schema.choice(index, text);
    case AttributeType::boolean:
      if (text != "true" && text != "false") return std::nullopt;
      return text == "true" ? 1 : 0;
    case AttributeType::integer:
      return whole_number(text);
    case AttributeType::text:
      break;
  }
  return std::nullopt;
}

class FilterReader {
 public:
  FilterReader(targeting::Schema const& schema, std::vector<market::Visibility> const& visibility)
      : schema_(schema), visibility_(visibility) {}

  void read(std::string const& name, std::string const& value) {
    static std::set<std::string_view> const kOwn{"limit", "cursor", "market", "sort", "facets"};
    if (kOwn.contains(name)) return;
    auto const bracket = name.find('[');
    auto const index = schema_.find(name.substr(0, bracket));
    auto const suffix = bracket == std::string::npos ? std::string{} : name.substr(bracket);
    // What is shown to nobody before a sale is not to be found out by filters either.
    bool const hidden =
        index && *index < visibility_.size() && visibility_[*index] == market::Visibility::hidden;
    if (!index || hidden || (!suffix.empty() && suffix != "[gte]" && suffix != "[lte]")) {
      return fail(name, "unknown_parameter", "There is no such parameter.");
    }
    if (schema_.at(*index).type == AttributeType::text) {
      // Texts are known by number inside the market's writer alone; purchases filter by them.
      return fail(name, "not_filterable", "Listings cannot be filtered by free text.");
    }
    suffix.empty() ? among(*index, name, value) : bound(*index, name, value, suffix == "[gte]");
  }

  Result<targeting::Expression, json::FieldErrors> take() {
    if (!errors_.empty()) return refuse(std::move(errors_));
    auto filter = targeting::all_of(std::move(parts_));
    if (auto const fine = targeting::validate(filter, schema_); !fine) {
      fail("", "value_invalid", "The filters do not fit the market's attributes.");
      return refuse(std::move(errors_));
    }
    return filter;
  }

 private:
  void fail(std::string const& name, std::string_view code, std::string_view detail) {
    errors_.push_back({name.empty() ? "/query" : json::child_pointer("/query", name),
                       std::string{code}, std::string{detail}});
  }

  void among(AttributeIndex index, std::string const& name, std::string_view list) {
    std::vector<std::int64_t> values;
    for (std::size_t from = 0; from <= list.size();) {
      auto const comma = std::min(list.find(',', from), list.size());
      auto const value = value_of(schema_, index, list.substr(from, comma - from));
      if (!value || values.size() >= kFilterValuesMax) {
        return fail(name, "value_invalid", "The attribute cannot have that value.");
      }
      values.push_back(*value);
      from = comma + 1;
    }
    parts_.push_back(targeting::in_list(index, std::move(values)));
  }

  void bound(AttributeIndex index, std::string const& name, std::string_view text, bool low) {
    auto const number = whole_number(text);
    if (!number || schema_.at(index).type != AttributeType::integer) {
      return fail(name, "value_invalid", "Bounds are whole numbers, of numbers.");
    }
    parts_.push_back(low ? targeting::in_range(index, number, std::nullopt)
                         : targeting::in_range(index, std::nullopt, number));
  }

  targeting::Schema const& schema_;
  std::vector<market::Visibility> const& visibility_;  // of the market's own attributes
  json::FieldErrors errors_;
  std::vector<targeting::Expression> parts_;
};

}  // namespace

std::optional<std::int64_t> whole_number(std::string_view text) {
  std::int64_t number{};
  auto const* const end = text.data() + text.size();
  auto const [at, fault] = std::from_chars(text.data(), end, number);
  bool const fits = fault == std::errc{} && at == end && number >= targeting::kIntegerMin &&
                    number <= targeting::kIntegerMax;
  return fits ? std::optional{number} : std::nullopt;
}

Result<targeting::Expression, json::FieldErrors> read_listing_filter(
    QueryFields const& query, targeting::Schema const& schema,
    std::vector<market::Visibility> const& visibility) {
  FilterReader reader(schema, visibility);
  for (auto const& [name, value] : query) reader.read(name, value);
  return reader.take();
}

storefront::Order listing_order(std::optional<std::string_view> sort) {
  if (sort == "-score") return storefront::Order::score;
  if (sort == "-captured_at") return storefront::Order::captured;
  return storefront::Order::ask;
}

bool on_show(market::EngineView const& view, market::Listing const& listing) {
  return listing.resting && listing.applied_no <= view.committed_no &&
         view.engine.shares_left(listing) > 0;
}

render::ListingTerms terms_of(market::EngineView const& view, market::Listing const& listing) {
  auto const& rules = view.engine.rules_of(listing);
  auto const ask = view.engine.ask(listing);
  render::ListingTerms terms;
  terms.ask = Money{ask};
  if (listing.shares_held == 0) {
    if (auto const whole = multiply(terms.ask, rules.max_shares)) terms.ask_exclusive = *whole;
  }
  terms.shares_left = view.engine.shares_left(listing);
  terms.auction_ends_us = listing.listed_us + rules.listing_auction_us;
  return terms;
}

ListingHits search_listings(market::EngineView const& view, ListingSearch const& search) {
  ListingHits found;
  if (!(view.engine.schema() == search.schema)) {
    found.outdated = true;
    return found;
  }
  storefront::PageQuery query;
  auto normal = targeting::to_normal_form(search.filter);
  LEADEX_CHECK(normal.has_value() && normal->size() <= 1);  // filters are joined by `all`
  if (normal->empty()) return found;                        // they exclude one another
  query.filter = std::move(normal->front());
  query.order = search.order;
  if (!search.after.empty()) query.after = {search.after[0], search.after[1], search.after[2]};
  query.limit = search.limit + 1;  // one more tells whether there is another page
  query.now_us = view.now_us;
  view.engine.shop().page(query, [&](storefront::Hit const& hit) {
    auto const* const listing = view.engine.listing(hit.lead_no);
    if (listing == nullptr || !on_show(view, *listing)) return false;
    found.hits.push_back({listing->lead_no,
                          listing->version,
                          terms_of(view, *listing),
                          {hit.place.first, hit.place.second, hit.place.third}});
    return true;
  });
  if (found.hits.size() > search.limit) {
    found.hits.resize(search.limit);
    found.next = found.hits.back().keys;
  }
  return found;
}

}  // namespace leadex::api
