#pragma once
// The query of GET /v1/listings: filters by the market's attributes, order, place. Pure but for the
// search, which runs on the market's strand.

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "billing/values/result.hpp"
#include "matching/market/engine.hpp"
#include "server/json/field_error.hpp"
#include "server/market/market_actor.hpp"
#include "server/render/listing.hpp"

namespace leadex::api {

using QueryFields = std::vector<std::pair<std::string, std::string>>;

/// `state=CA,TX`, `age[gte]=25`, `own_home=true`, `score[gte]=40` as one expression; parameters of
/// the operation itself are passed over. `visibility`: of the market's attributes, which come
/// first.
/// @errors  each fault with its place: unknown_parameter, value_invalid, not_filterable
[[nodiscard]] Result<targeting::Expression, json::FieldErrors> read_listing_filter(
    QueryFields const& query, targeting::Schema const& schema,
    std::vector<market::Visibility> const& visibility);

/// The number a query value is, within what attributes can hold.
[[nodiscard]] std::optional<std::int64_t> whole_number(std::string_view text);
[[nodiscard]] storefront::Order listing_order(std::optional<std::string_view> sort);

inline constexpr std::size_t kListingKeys = 3;

struct ListingSearch {
  targeting::Expression filter;
  targeting::Schema schema;  // that the filter was read with
  storefront::Order order{};
  std::vector<std::int64_t> after;  // keys of the last listing of the page before
  std::size_t limit{};
};

struct ListingHit {
  std::int64_t lead_no{};
  std::int32_t version{};
  render::ListingTerms terms;
  std::vector<std::int64_t> keys;
};
struct ListingHits {
  bool outdated{};  // the market's attributes have changed since the filter was read
  std::vector<ListingHit> hits;
  std::vector<std::int64_t> next;  // where to go on; nothing more when empty
};

/// What may be shown of a listing: committed, and resting.
[[nodiscard]] bool on_show(market::EngineView const& view, market::Listing const& listing);
[[nodiscard]] render::ListingTerms terms_of(market::EngineView const& view,
                                            market::Listing const& listing);

/// On the strand; a few milliseconds at a million listings.
[[nodiscard]] ListingHits search_listings(market::EngineView const& view,
                                          ListingSearch const& search);

}  // namespace leadex::api
