#pragma once
// Random schemas' worth of trees and leads for the targeting tests. Test code; one thread.

#include <algorithm>
#include <random>
#include <string>

#include "matching/targeting/expression.hpp"
#include "matching/targeting/schema.hpp"

namespace leadex::targeting {

inline AttributeDef choice_def(std::string name, std::size_t count) {
  AttributeDef def;
  def.name = std::move(name);
  def.type = AttributeType::choice;
  for (std::size_t i = 0; i < count; ++i) def.choices.push_back("c" + std::to_string(i));
  return def;
}
inline AttributeDef integer_def(std::string name, std::int64_t minimum, std::int64_t maximum) {
  AttributeDef def;
  def.name = std::move(name);
  def.type = AttributeType::integer;
  def.minimum = minimum;
  def.maximum = maximum;
  return def;
}
inline AttributeDef plain_def(std::string name, AttributeType type) {
  AttributeDef def;
  def.name = std::move(name);
  def.type = type;
  return def;
}

/// state, age, own_home, postcode (text), income, then the virtual attributes.
inline Schema test_schema() {
  return Schema::make({choice_def("state", 12), integer_def("age", 16, 110),
                       plain_def("own_home", AttributeType::boolean),
                       plain_def("postcode", AttributeType::text),
                       integer_def("income", 0, 1'000'000)})
      .value();
}

class RandomTargeting {
 public:
  RandomTargeting(Schema const& schema, std::uint64_t seed, std::int64_t texts)
      : schema_(schema), random_(seed), texts_(texts) {}

  std::int64_t below(std::int64_t n) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(n));
  }

  std::int64_t value(AttributeIndex attribute) {
    auto const& def = schema_.at(attribute);
    switch (def.type) {
      case AttributeType::choice:
        return below(static_cast<std::int64_t>(def.choices.size()));
      case AttributeType::text:
        return below(texts_);
      case AttributeType::boolean:
        return below(2);
      case AttributeType::integer:
        return def.minimum +
               below(std::min<std::int64_t>(def.maximum - def.minimum, 1'000'000) + 1);
    }
    return 0;
  }

  AttributeValues lead() {
    auto values = schema_.blank();
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (below(6) != 0) values[i] = value(static_cast<AttributeIndex>(i));
    }
    return values;
  }

  Expression predicate() {
    auto const attribute =
        static_cast<AttributeIndex>(below(static_cast<std::int64_t>(schema_.size())));
    if (schema_.at(attribute).type == AttributeType::integer && below(4) != 0) {
      auto a = value(attribute);
      auto b = value(attribute);
      if (a > b) std::swap(a, b);
      auto const form = below(4);
      return in_range(attribute, form == 1 ? std::nullopt : std::optional(a),
                      form == 2 ? std::nullopt : std::optional(b));
    }
    std::vector<std::int64_t> list(static_cast<std::size_t>(
        1 + below(schema_.at(attribute).type == AttributeType::text ? 12 : 5)));
    for (auto& item : list) item = value(attribute);
    return in_list(attribute, list);
  }

  /// May be refused as too complex: validate before use.
  Expression tree(int depth) {
    auto const form = below(10);
    if (depth == 0 || form < 3) return predicate();
    if (form == 3) return not_of(tree(depth - 1));
    std::vector<Expression> children(static_cast<std::size_t>(below(4)) + (form < 7 ? 0 : 1));
    for (auto& child : children) child = tree(depth - 1);
    return form < 7 ? all_of(children) : any_of(children);
  }

  Expression valid_tree(int depth) {
    for (;;) {
      auto candidate = tree(depth);
      if (validate(candidate, schema_)) return candidate;
    }
  }

 private:
  Schema const& schema_;
  std::mt19937_64 random_;
  std::int64_t texts_;
};

}  // namespace leadex::targeting
