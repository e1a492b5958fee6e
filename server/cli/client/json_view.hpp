#pragma once
// JsonView: reads an answer of the server by name and says so when it has another shape than the
// contract promises. A view into a document that outlives it; one thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/json/value.hpp"

namespace leadex::cli {

class JsonView {
 public:
  explicit JsonView(json::Value const& value) : value_{&value} {}

  /// The member; a missing one reads as null. Throws Failure when this is no object.
  [[nodiscard]] JsonView operator[](std::string_view name) const;
  /// The elements; throws Failure when this is no array.
  [[nodiscard]] std::vector<JsonView> items() const;

  [[nodiscard]] bool is_null() const { return value_->IsNull(); }
  /// Throw Failure when this is something else.
  [[nodiscard]] std::string text() const;
  [[nodiscard]] std::int64_t integer() const;
  [[nodiscard]] bool flag() const;  ///< null reads as false
  /// "12.34 USD" of an M, "-" of null.
  [[nodiscard]] std::string money() const;
  /// The micros of an M. Throws Failure when it is none.
  [[nodiscard]] std::int64_t micros() const;
  /// Whatever it is, for a table: text as it is, numbers in decimals, null as "-".
  [[nodiscard]] std::string shown() const;

  [[nodiscard]] json::Value const& value() const { return *value_; }

 private:
  json::Value const* value_;
};

}  // namespace leadex::cli
