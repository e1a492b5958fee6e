#pragma once
// YAML → JSON document, for files of our own (schemas, mappings), read at start. Never for bytes
// from outside. Any thread.

#include <string>
#include <string_view>

#include "server/json/value.hpp"

namespace leadex::json {

/// One YAML document in the core schema of YAML 1.2: quoted scalars stay strings; plain ones are
/// null, true, false, decimal integers, decimals or strings (yes, no, on and dates are strings).
/// Keys are strings always. Refused: duplicate keys, merge keys, octal, hex, leading zeros, .inf
/// and .nan, which readers understand differently.
/// @errors  a sentence with the line.
[[nodiscard]] Result<Document, std::string> parse_yaml(std::string_view text);

}  // namespace leadex::json
