#pragma once
// Typed reads of one JSON object: a wrong field is noted in the shared error list and reading goes
// on, so that a client sees all faults at once. Pure; one thread per reader.

#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/json/field_error.hpp"
#include "server/json/value.hpp"

namespace leadex::json {

struct IntRange {
  std::int64_t min = std::numeric_limits<std::int64_t>::min();
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
};

/// Reads fields of one object. Required reads of a faulty field give an empty value and note the
/// fault: look at ok() before use. A field holding null counts as absent.
class ObjectReader {
 public:
  /// `object` and `errors` outlive the reader. A value that is no object notes `wrong_type`.
  ObjectReader(Value const& object, FieldErrors& errors, std::string pointer = {});

  [[nodiscard]] std::string require_string(std::string_view name);
  [[nodiscard]] std::int64_t require_int(std::string_view name, IntRange range = {});
  [[nodiscard]] bool require_bool(std::string_view name);
  [[nodiscard]] ObjectReader require_object(std::string_view name);
  /// Null when absent or faulty.
  [[nodiscard]] Value const* require_array(std::string_view name);

  [[nodiscard]] std::optional<std::string> optional_string(std::string_view name);
  [[nodiscard]] std::optional<std::int64_t> optional_int(std::string_view name,
                                                         IntRange range = {});
  [[nodiscard]] std::optional<bool> optional_bool(std::string_view name);
  [[nodiscard]] std::optional<ObjectReader> optional_object(std::string_view name);
  [[nodiscard]] Value const* optional_array(std::string_view name);

  /// Any value of that name, null included; nullptr when absent. Counts as read.
  [[nodiscard]] Value const* find(std::string_view name);
  [[nodiscard]] bool has(std::string_view name) const;

  /// Notes `unknown_field` for each member no call has asked for.
  void refuse_unknown_fields();

  /// Notes a fault of the field `name`.
  void fail(std::string_view name, std::string_view code, std::string_view detail);

  [[nodiscard]] std::string pointer_to(std::string_view name) const;
  [[nodiscard]] bool ok() const { return errors_.get().empty(); }
  [[nodiscard]] FieldErrors& errors() { return errors_; }

 private:
  enum class Need : bool { optional, required };
  /// The member when present and not null; notes `missing_field` when it is needed.
  [[nodiscard]] Value const* take(std::string_view name, Need need);
  [[nodiscard]] std::optional<std::string> read_string(std::string_view name, Need need);
  [[nodiscard]] std::optional<std::int64_t> read_int(std::string_view name, IntRange range,
                                                     Need need);
  [[nodiscard]] std::optional<bool> read_bool(std::string_view name, Need need);
  [[nodiscard]] Value const* read_array(std::string_view name, Need need);

  Value const* object_;  // null: the object itself was faulty, which has been noted
  std::reference_wrapper<FieldErrors> errors_;
  std::string pointer_;
  std::vector<std::string_view> asked_;
};

}  // namespace leadex::json
