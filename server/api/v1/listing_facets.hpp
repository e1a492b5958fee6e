#pragma once
// The facets of GET /v1/listings/facets: which counts a buyer asks for. Pure; any thread.

#include <string_view>
#include <vector>

#include "billing/values/result.hpp"
#include "matching/storefront/query.hpp"
#include "server/json/field_error.hpp"
#include "server/market/settings.hpp"

namespace leadex::api {

inline constexpr std::size_t kFacetsMax = 8;
inline constexpr std::size_t kFacetCutsMax = 24;  // of all attributes together

/// `state,vehicle,age:25:45:65`: choices and booleans by value, integers by bands cut there.
/// `visibility`: of the market's attributes, which come first; only what is shown exactly counts.
/// @errors  each fault at /query/facets: too_many, attribute_unknown, not_countable, cuts_invalid,
/// twice
[[nodiscard]] Result<std::vector<storefront::FacetWish>, json::FieldErrors> read_facets(
    std::string_view text, targeting::Schema const& schema,
    std::vector<market::Visibility> const& visibility);

}  // namespace leadex::api
