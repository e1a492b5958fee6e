#pragma once
// Attributes of placements and visits: from JSON and query values to what the engine reads, checked
// against the market's schema. Pure; any thread.

#include <string>
#include <utility>
#include <vector>

#include "matching/market/command.hpp"
#include "server/json/object_reader.hpp"
#include "server/market/settings.hpp"
#include "server/storage/clicks.hpp"

namespace leadex::api {

/// The members of `given` in the order of the market's schema. What is not there is missing: a
/// placement need not know everything. Faults stand at `/attributes/NAME`.
[[nodiscard]] std::vector<market::AttributeText> read_attributes(
    json::Value const& given, market::MarketSettings const& settings, json::FieldErrors& errors);

using QueryValues = std::vector<std::pair<std::string, std::string>>;

/// What is known of a visit: the placement's attributes, by name into the schema in force, with the
/// query's in their place. Values that the schema does not take are left out.
/// @param definitions  of the version that the placement's attributes follow
[[nodiscard]] std::vector<market::AttributeText> visit_attributes(
    storage::Placement const& placement, std::vector<targeting::AttributeDef> const& definitions,
    market::MarketSettings const& settings, QueryValues const& query);

/// Names of macros that links of this market may use: click_id, sub1 … sub5, its attributes.
[[nodiscard]] std::vector<std::string> landing_macros(market::MarketSettings const& settings);
/// Of postbacks: also event, payout, transaction_id and placement_id.
[[nodiscard]] std::vector<std::string> postback_macros(market::MarketSettings const& settings);

inline constexpr std::size_t kSubs = 5;
inline constexpr std::size_t kSubBytesMax = 128;
/// sub1 … sub5 of a query; those that are too long are left out.
[[nodiscard]] std::vector<std::string> subs_of(QueryValues const& query);

}  // namespace leadex::api
