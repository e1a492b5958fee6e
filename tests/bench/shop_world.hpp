#pragma once
// Listings as a market of insurance leads has them, and filters as its buyers write them, for
// leadex-bench-storefront. One thread.

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "matching/storefront/query.hpp"
#include "matching/targeting/schema.hpp"

namespace leadex::bench {

inline constexpr std::int64_t kNowUs = 1'800'000'000'000'000;
inline constexpr std::int64_t kPostcodes = 40'000;

struct ShopListing {
  storefront::Entry entry;
  targeting::AttributeValues values;
};

[[nodiscard]] inline targeting::AttributeDef shop_attribute(
    std::string name, targeting::AttributeType type, std::int64_t low = targeting::kIntegerMin,
    std::int64_t high = targeting::kIntegerMax) {
  targeting::AttributeDef made;
  made.name = std::move(name);
  made.type = type;
  if (type == targeting::AttributeType::integer) {
    made.minimum = low;
    made.maximum = high;
  } else if (type == targeting::AttributeType::choice) {
    for (std::int64_t i = 0; i < high; ++i) made.choices.push_back("c" + std::to_string(i));
  }
  return made;
}

/// state, age, own_home, postcode, income, product, household, vehicle_year, and so on again.
[[nodiscard]] inline targeting::Schema shop_schema(std::int64_t attributes) {
  using enum targeting::AttributeType;
  std::vector<targeting::AttributeDef> const kinds{
      shop_attribute("state", choice, 0, 50),
      shop_attribute("age", integer, 16, 110),
      shop_attribute("own_home", boolean),
      shop_attribute("postcode", text),
      shop_attribute("income", integer, 0, 1 << 20),
      shop_attribute("product", choice, 0, 12),
      shop_attribute("household", integer, 0, 20),
      shop_attribute("vehicle_year", integer, 1950, 2030),
  };
  std::vector<targeting::AttributeDef> defs;
  for (std::size_t i = 0; i < static_cast<std::size_t>(attributes); ++i) {
    defs.push_back(kinds[i % kinds.size()]);
    if (i >= kinds.size()) defs.back().name += std::to_string(i);
  }
  return targeting::Schema::make(std::move(defs)).value();
}

/// Random listings and what buyers ask, the same for the same seed.
class ShopWorld {
 public:
  ShopWorld(std::int64_t attributes, std::uint64_t seed)
      : schema(shop_schema(attributes)), random_(seed) {}

  std::int64_t below(std::int64_t n) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(n));
  }
  // Small values are more frequent, as of states and postcodes.
  std::int64_t skewed(std::int64_t n) { return below(1 + below(n)); }

  std::int64_t value(targeting::AttributeIndex attribute) {
    auto const& def = schema.at(attribute);
    switch (def.type) {
      case targeting::AttributeType::choice:
        return skewed(std::ssize(def.choices));
      case targeting::AttributeType::boolean:
        return below(10) < 6 ? 1 : 0;
      case targeting::AttributeType::text:
        return skewed(kPostcodes);
      case targeting::AttributeType::integer:
        return def.minimum +
               (below(def.maximum - def.minimum) + below(def.maximum - def.minimum)) / 2;
    }
    return 0;
  }

  ShopListing listing(std::int64_t lead_no) {
    ShopListing made;
    made.values = schema.blank();
    for (std::size_t i = 0; i < schema.market_size(); ++i) {
      if (below(20) != 0) made.values[i] = value(static_cast<targeting::AttributeIndex>(i));
    }
    auto const score = below(101);
    made.values[schema.score()] = score;
    made.values[schema.temperature()] = score >= 70 ? 0 : score >= 40 ? 1 : 2;
    made.values[schema.vehicle()] = skewed(10);
    made.values[schema.source_reason()] = skewed(300);
    made.entry.lead_no = lead_no;
    made.entry.ask_micros = ask();
    made.entry.listed_us = kNowUs - below(30 * 24 * storefront::kCapturedStepUs);
    made.entry.captured_us = made.entry.listed_us - below(24 * storefront::kCapturedStepUs);
    return made;
  }

  std::int64_t ask() { return (100 + below(4'900)) * 10'000; }  // 1.00 to 50.00

  /// A predicate as buyers write them.
  targeting::Expression predicate(targeting::AttributeIndex attribute) {
    auto const& def = schema.at(attribute);
    if (def.type == targeting::AttributeType::integer) {
      if (attribute == schema.lead_age_s()) {
        return targeting::in_range(attribute, std::nullopt, (1 + below(30)) * 86'400);
      }
      if (attribute == schema.score())
        return targeting::in_range(attribute, below(90), std::nullopt);
      auto const low = value(attribute);
      if (below(3) != 0) return targeting::in_range(attribute, low, std::nullopt);
      return targeting::in_range(attribute, low, low + (def.maximum - low) / 4);
    }
    std::vector<std::int64_t> list(
        static_cast<std::size_t>(def.type == targeting::AttributeType::boolean ? 1 : 1 + below(4)));
    for (auto& item : list) item = value(attribute);
    return targeting::in_list(attribute, list);
  }

  targeting::Expression filter(std::size_t predicates) {
    std::vector<targeting::AttributeIndex> attributes(schema.size());
    for (std::size_t i = 0; i < attributes.size(); ++i) {
      attributes[i] = static_cast<targeting::AttributeIndex>(i);
    }
    std::shuffle(attributes.begin(), attributes.end(), random_);
    std::vector<targeting::Expression> parts;
    for (auto const attribute : attributes) {
      if (parts.size() < predicates) parts.push_back(predicate(attribute));
    }
    return targeting::all_of(std::move(parts));
  }

  targeting::Schema const schema;

 private:
  std::mt19937_64 random_;
};

}  // namespace leadex::bench
