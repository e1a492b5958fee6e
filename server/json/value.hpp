#pragma once
// JSON text → document, with the guards RapidJSON lacks: size, depth, duplicate keys, lone
// surrogates, NUL and byte-order marks. The only way JSON from outside comes in. Pure; any thread.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "billing/values/result.hpp"
#include "server/json/rapidjson.hpp"

namespace leadex::json {

using Document = rapidjson::Document;
using Value = rapidjson::Value;

struct ParseLimits {
  std::size_t depth = 64;               // nested arrays and objects
  std::size_t bytes = 1024ULL * 1024U;  // length of the text
};

enum class JsonErrorCode : std::uint8_t {
  too_large,            // more bytes than the limit
  empty,                // no value at all
  invalid_encoding,     // not UTF-8, a byte-order mark, or a raw NUL
  too_deep,             // nested deeper than the limit
  duplicate_key,        // one object names a key twice
  lone_surrogate,       // an escape is half of a surrogate pair
  number_out_of_range,  // a number no double can hold
  syntax,
};

struct JsonError {
  JsonErrorCode code{};
  std::size_t offset{};       // bytes from the start of the text, where the fault was seen
  std::string_view sentence;  // for people; never holds a piece of the text
};

/// Stable snake_case name of a code, as the API shows it.
[[nodiscard]] std::string_view to_string(JsonErrorCode code);

/// Parses one JSON value (RFC 8259) with nothing behind it but white space.
/// @errors  JsonErrorCode, the first fault found: size, encoding, then in text order.
/// @cost    O(n log n) for n bytes; memory stays within a small multiple of the text.
[[nodiscard]] Result<Document, JsonError> parse(std::string_view text, ParseLimits limits = {});

/// The string's bytes; `value` must be a string.
[[nodiscard]] inline std::string_view text_of(Value const& value) {
  return {value.GetString(), value.GetStringLength()};
}

/// The member's value or nullptr; `object` must be an object. Unlike the library's own lookup it
/// takes any bytes as name.
[[nodiscard]] Value const* find_member(Value const& object, std::string_view name);

}  // namespace leadex::json
