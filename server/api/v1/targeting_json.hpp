#pragma once
// T, the targeting tree, from JSON to the expression that the engine takes. Pure; any thread.

#include <string>

#include "billing/values/result.hpp"
#include "matching/targeting/expression.hpp"
#include "server/json/field_error.hpp"
#include "server/json/value.hpp"

namespace leadex::api {

/// @param texts    takes the texts that the tree names; any interner, `encode` writes them out
/// @param pointer  where T stands in the body
/// @errors  the first fault in tree order, with its place: targeting_malformed, unknown_attribute,
///          value_invalid, empty_list, range_empty, too_complex
[[nodiscard]] Result<targeting::Expression, json::FieldError> read_targeting(
    json::Value const& tree, targeting::Schema const& schema, targeting::TextInterner& texts,
    std::string const& pointer);

/// T as the bytes that commands carry.
[[nodiscard]] Result<std::string, json::FieldError> targeting_bytes(json::Value const& tree,
                                                                    targeting::Schema const& schema,
                                                                    std::string const& pointer);
/// What matches every lead.
[[nodiscard]] std::string targeting_of_all(targeting::Schema const& schema);

}  // namespace leadex::api
