#pragma once
// What the statements of the trade's reads share: the viewer's scope, lists of numbers as one
// parameter, enums from smallint. Inside this room only; used on the thread of the connection.

#include <cstdint>
#include <optional>
#include <pqxx/result>
#include <stdexcept>
#include <string>
#include <vector>

#include "billing/values/ids.hpp"

namespace leadex::storage::postgres {

/// LEADEX_OF("$1", "s.buyer", "s.generator"): rows of the viewer in $1; all when it is null.
#define LEADEX_OF(parameter, one, other)                                                        \
  "(" parameter "::bigint is null or " one " = " parameter "::bigint or " other " = " parameter \
  "::bigint)"
/// LEADEX_OWN("$1", "c.tenant_no")
#define LEADEX_OWN(parameter, column) \
  "(" parameter "::bigint is null or " column " = " parameter "::bigint)"

/// "{1,2,3}": numbers as PostgreSQL writes an array; nothing for an empty list, which means all.
template <class Numbers>
[[nodiscard]] std::optional<std::string> number_list(Numbers const& numbers) {
  if (numbers.empty()) return std::nullopt;
  std::string text = "{";
  for (auto const number : numbers) {
    if (text.size() > 1) text += ',';
    text += std::to_string(static_cast<std::int64_t>(number));
  }
  return text + '}';
}

[[nodiscard]] inline MarketNo read_market_no(pqxx::field const& field) {
  return field.as<MarketNo>();
}

/// A stored number as its enum; a number beyond `last` is a broken store.
template <class Enum>
[[nodiscard]] Enum read_number_enum(pqxx::field const& field, Enum last) {
  auto const number = field.as<int>();
  if (number < 0 || number > static_cast<int>(last)) {
    throw std::runtime_error("a row holds a number that this program does not know");
  }
  return static_cast<Enum>(number);
}

}  // namespace leadex::storage::postgres
