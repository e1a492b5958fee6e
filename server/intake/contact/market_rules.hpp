#pragma once
// What one market asks of a lead: its attributes and its limits. Made from a market's version by
// whoever checks rows; a plain value, so it can be shared read-only by any thread.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "server/intake/contact/consent.hpp"
#include "server/storage/lead_sources.hpp"

namespace leadex::intake {

enum class AttributeType : std::uint8_t { string, integer, boolean };

/// A checked attribute in its own type.
using AttributeValue = std::variant<std::int64_t, bool, std::string>;

inline constexpr std::size_t kAttributeOctetsMax = 1024;  // of one text value, whatever the schema

struct AttributeRule {
  std::string name;
  AttributeType type = AttributeType::string;
  std::vector<AttributeValue> one_of;   // the schema's enum; empty: any value
  std::optional<std::int64_t> minimum;  // integers, inclusive
  std::optional<std::int64_t> maximum;
  std::optional<std::size_t> max_length;  // strings, in code points
  bool required = false;
};

struct MarketRules {
  std::string country;                    // ISO 3166-1 alpha-2, upper case
  std::string currency;                   // ISO 4217
  std::vector<AttributeRule> attributes;  // in schema order; results come in the same order
  int age_years_min = 18;
  ConsentRules consent;
  bool source_required = true;  // vehicle and reason: false for dialects that do not know them
  /// In force: it classifies, and says a vehicle or reason that was not told. Null: none does.
  std::shared_ptr<storage::TaxonomyVersion const> taxonomy;

  /// Index into `attributes`, or nullopt.
  [[nodiscard]] std::optional<std::size_t> attribute_named(std::string_view name) const;
};

}  // namespace leadex::intake
