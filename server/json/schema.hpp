#pragma once
// Schemas of OpenAPI 3.0 compiled into a graph, and the check of a value that finds all faults, not
// the first alone. Compiled schemas are immutable; any thread may check. docs/decisions/0003.

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "server/json/field_error.hpp"
#include "server/json/pattern.hpp"
#include "server/json/value.hpp"

namespace leadex::json {

/// Which way the value goes: readOnly fields are refused in requests and not required there, and
/// writeOnly fields likewise in responses.
enum class Direction : std::uint8_t { request, response };

enum class SchemaType : std::uint8_t { any, object, array, string, integer, number, boolean };

struct Schema {
  struct Property {
    std::string name;
    Schema const* schema = nullptr;
    bool required = false;
  };
  struct Bound {
    Value const* limit = nullptr;
    bool exclusive = false;
  };
  /// What is said of fields that `properties` does not name.
  enum class Additional : std::uint8_t { unsaid, allowed, refused, checked };

  SchemaType type = SchemaType::any;
  bool nullable = false;
  bool read_only = false;
  bool write_only = false;
  bool unique_items = false;
  Additional additional = Additional::unsaid;
  Schema const* additional_schema = nullptr;  // when checked
  Schema const* items = nullptr;
  std::vector<Property> properties;  // sorted by name; a required name may have no schema
  Value const* choices = nullptr;    // the array of `enum`
  std::string choices_text;
  Bound minimum, maximum;
  std::optional<std::size_t> length_min, length_max;  // code points
  std::optional<std::size_t> items_min, items_max;
  std::optional<std::size_t> fields_min, fields_max;
  std::optional<Pattern> pattern;
  std::vector<Schema const*> all_of, any_of, one_of;
  std::string discriminator;  // the field that picks a branch, or empty
  std::map<std::string, Schema const*, std::less<>> branches;
};

/// Compiles schemas of one document, each once; `$ref` may form circles through fields and items.
class SchemaSet {
 public:
  /// `root` outlives the set; `$ref` points into it.
  explicit SchemaSet(Value const& root) : root_{&root} {}

  /// @errors  a sentence naming the place `where` and what is wrong or not supported.
  [[nodiscard]] Result<Schema const*, std::string> compile(Value const& node,
                                                           std::string const& where);

  /// Follows `$ref` (local, at most 16 long). @errors  a sentence.
  [[nodiscard]] Result<Value const*, std::string> resolve(Value const& node,
                                                          std::string const& where) const;

 private:
  friend class SchemaBuilder;
  Value const* root_;
  std::vector<std::unique_ptr<Schema>> schemas_;
  std::unordered_map<Value const*, Schema*> by_node_;
};

/// Checks `value` and adds a FieldError per fault to `errors`, at most kFieldErrorsMax in all.
/// Codes: wrong_type, missing_field, unknown_field, read_only_field, not_in_enum, too_long,
/// too_short, too_big, too_small, too_many, too_few, duplicate_item, pattern_mismatch,
/// invalid_character, no_variant, ambiguous_variant, too_complex (alone).
/// An object whose schema names fields refuses all others unless `additionalProperties` says
/// otherwise; under allOf the fields of all parts together are the known ones.
void check(Schema const& schema, Value const& value, Direction direction, std::string_view pointer,
           FieldErrors& errors);

}  // namespace leadex::json
