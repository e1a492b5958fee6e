#include "matching/targeting/expression.hpp"

#include <algorithm>

#include "billing/values/check.hpp"
#include "matching/targeting/normal_form.hpp"

namespace leadex::targeting {
namespace {

struct Size {
  std::size_t depth{};
  std::size_t nodes{};
  std::size_t values{};
  bool operator==(Size const&) const = default;
};

// Counts until a limit is passed; the depth limit also bounds this recursion.
bool within_limits(Expression const& node, std::size_t depth, Size& size) {
  size.depth = std::max(size.depth, depth);
  ++size.nodes;
  size.values += node.values.size();
  if (size.depth > kDepthMax || size.nodes > kNodesMax || size.values > kValuesMax) return false;
  return std::ranges::all_of(node.children, [&](Expression const& child) {
    return within_limits(child, depth + 1, size);
  });
}

std::string child_path(std::string const& path, Expression const& node, std::size_t child) {
  switch (node.kind) {
    case ExpressionKind::all:
      return path + "/all/" + std::to_string(child);
    case ExpressionKind::any:
      return path + "/any/" + std::to_string(child);
    default:
      return path + "/not";
  }
}

using Checked = Result<void, ExpressionFault>;

Checked fault(ExpressionError code, std::string path) {
  return refuse(ExpressionFault{code, std::move(path)});
}

Checked check_list(Expression const& node, Schema const& schema, std::string const& path) {
  if (node.values.empty()) return fault(ExpressionError::empty_list, path + "/in");
  for (std::size_t i = 0; i < node.values.size(); ++i) {
    bool const in_order = i == 0 || node.values[i - 1] < node.values[i];
    if (!in_order || !schema.holds(node.attribute, node.values[i])) {
      return fault(ExpressionError::value_invalid, path + "/in/" + std::to_string(i));
    }
  }
  return {};
}

Checked check_range(Expression const& node, Schema const& schema, std::string const& path) {
  if (schema.at(node.attribute).type != AttributeType::integer) {
    return fault(ExpressionError::value_invalid, path);
  }
  if (node.low < kIntegerMin || node.low > kIntegerMax) {
    return fault(ExpressionError::value_invalid, path + "/gte");
  }
  if (node.high < kIntegerMin || node.high > kIntegerMax) {
    return fault(ExpressionError::value_invalid, path + "/lte");
  }
  if (node.low > node.high) return fault(ExpressionError::range_empty, path);
  return {};
}

Checked check_tree(Expression const& node, Schema const& schema, std::string const& path) {
  if (node.kind == ExpressionKind::in || node.kind == ExpressionKind::range) {
    if (node.attribute >= schema.size()) {
      return fault(ExpressionError::unknown_attribute, path + "/attribute");
    }
    if (!node.children.empty()) return fault(ExpressionError::malformed, path);
    return node.kind == ExpressionKind::in ? check_list(node, schema, path)
                                           : check_range(node, schema, path);
  }
  if (node.kind == ExpressionKind::negation && node.children.size() != 1) {
    return fault(ExpressionError::empty_list, path + "/not");
  }
  if (node.kind == ExpressionKind::any && node.children.empty()) {
    return fault(ExpressionError::empty_list, path + "/any");
  }
  for (std::size_t i = 0; i < node.children.size(); ++i) {
    if (auto checked = check_tree(node.children[i], schema, child_path(path, node, i)); !checked) {
      return checked;
    }
  }
  return {};
}

bool predicate_holds(Expression const& predicate, std::int64_t value) {
  if (value == kMissing) return false;
  if (predicate.kind == ExpressionKind::in) {
    return std::ranges::binary_search(predicate.values, value);
  }
  return (predicate.low == kIntegerMin || value >= predicate.low) &&
         (predicate.high == kIntegerMax || value <= predicate.high);
}

// The first predicate that keeps `node` from being `wanted`; nothing when it is.
std::optional<Explanation> blame(Expression const& node, std::span<std::int64_t const> values,
                                 bool wanted, std::string const& path) {
  if (node.kind == ExpressionKind::in || node.kind == ExpressionKind::range) {
    if (predicate_holds(node, values[node.attribute]) == wanted) return std::nullopt;
    return Explanation{path, &node, !wanted};
  }
  if (node.kind == ExpressionKind::negation) {
    return blame(node.children[0], values, !wanted, child_path(path, node, 0));
  }
  // For `all` to be true, or `any` to be false, each child must agree: the first that does not is
  // to blame. Otherwise one agreeing child is enough: when none does, the first is to blame.
  bool const each = (node.kind == ExpressionKind::all) == wanted;
  if (node.children.empty()) {
    if (each) return std::nullopt;
    return Explanation{path, nullptr, !wanted};
  }
  std::optional<Explanation> first;
  for (std::size_t i = 0; i < node.children.size(); ++i) {
    auto found = blame(node.children[i], values, wanted, child_path(path, node, i));
    if (each && found) return found;
    if (!each && !found) return std::nullopt;
    if (!first) first = std::move(found);
  }
  return first;
}

std::string value_text(std::int64_t value, AttributeDef const& def, TextInterner const& texts) {
  switch (def.type) {
    case AttributeType::choice: {
      auto const ordinal = static_cast<std::size_t>(value);
      return ordinal < def.choices.size() ? def.choices[ordinal] : "?";
    }
    case AttributeType::text:
      return texts.knows(value) ? std::string(texts.text(value)) : "?";
    case AttributeType::boolean:
      return value == 0 ? "false" : "true";
    case AttributeType::integer:
      return std::to_string(value);
  }
  return "?";
}

}  // namespace

Expression all_of(std::vector<Expression> children) {
  Expression node;
  node.children = std::move(children);
  return node;
}

Expression any_of(std::vector<Expression> children) {
  Expression node;
  node.kind = ExpressionKind::any;
  node.children = std::move(children);
  return node;
}

Expression not_of(Expression child) {
  Expression node;
  node.kind = ExpressionKind::negation;
  node.children.push_back(std::move(child));
  return node;
}

Expression in_list(AttributeIndex attribute, std::vector<std::int64_t> values) {
  Expression node;
  node.kind = ExpressionKind::in;
  node.attribute = attribute;
  std::ranges::sort(values);
  values.erase(std::ranges::unique(values).begin(), values.end());
  node.values = std::move(values);
  return node;
}

Expression equal_to(AttributeIndex attribute, std::int64_t value) {
  return in_list(attribute, {value});
}

Expression in_range(AttributeIndex attribute, std::optional<std::int64_t> gte,
                    std::optional<std::int64_t> lte) {
  Expression node;
  node.kind = ExpressionKind::range;
  node.attribute = attribute;
  node.low = gte.value_or(kIntegerMin);
  node.high = lte.value_or(kIntegerMax);
  return node;
}

Result<void, ExpressionFault> validate(Expression const& expression, Schema const& schema) {
  Size size;
  if (!within_limits(expression, 1, size)) return fault(ExpressionError::too_complex, "");
  if (auto checked = check_tree(expression, schema, ""); !checked) return checked;
  if (auto normal = to_normal_form(expression); !normal) return refuse(normal.error());
  return {};
}

bool evaluate(Expression const& expression, std::span<std::int64_t const> values) {
  auto const holds = [&](Expression const& child) { return evaluate(child, values); };
  switch (expression.kind) {
    case ExpressionKind::all:
      return std::ranges::all_of(expression.children, holds);
    case ExpressionKind::any:
      return std::ranges::any_of(expression.children, holds);
    case ExpressionKind::negation:
      return !evaluate(expression.children[0], values);
    case ExpressionKind::in:
    case ExpressionKind::range:
      return predicate_holds(expression, values[expression.attribute]);
  }
  LEADEX_CHECK(false);
  return false;
}

std::optional<Explanation> explain(Expression const& expression,
                                   std::span<std::int64_t const> values) {
  return blame(expression, values, true, "");
}

std::string describe(Explanation const& explanation, Schema const& schema,
                     TextInterner const& texts) {
  constexpr std::size_t kNamedMax = 10;
  if (explanation.predicate == nullptr) return "nothing";
  auto const& predicate = *explanation.predicate;
  auto const& def = schema.at(predicate.attribute);
  std::string text = explanation.negated ? "not " : "";
  if (predicate.kind == ExpressionKind::range) {
    bool const open_low = predicate.low == kIntegerMin;
    bool const open_high = predicate.high == kIntegerMax;
    if (open_low && open_high) return text + "any number";
    if (open_high) return text + "at least " + std::to_string(predicate.low);
    if (open_low) return text + "at most " + std::to_string(predicate.high);
    return text + std::to_string(predicate.low) + " to " + std::to_string(predicate.high);
  }
  text += "in ";
  for (std::size_t i = 0; i < predicate.values.size(); ++i) {
    if (i == kNamedMax) return text + ", …";
    text += (i == 0 ? "" : ", ") + value_text(predicate.values[i], def, texts);
  }
  return text;
}

}  // namespace leadex::targeting
