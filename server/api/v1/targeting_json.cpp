#include "server/api/v1/targeting_json.hpp"

#include <utility>

namespace leadex::api {

namespace {

using json::FieldError;
using json::Value;
using targeting::AttributeIndex;
using targeting::AttributeType;
using targeting::Expression;
using Read = Result<Expression, FieldError>;

FieldError fault(std::string pointer, std::string_view code, std::string_view detail) {
  return {std::move(pointer), std::string{code}, std::string{detail}};
}

std::string_view code_of(targeting::ExpressionError error) {
  using targeting::ExpressionError;
  switch (error) {
    case ExpressionError::unknown_attribute:
      return "unknown_attribute";
    case ExpressionError::value_invalid:
      return "value_invalid";
    case ExpressionError::empty_list:
      return "empty_list";
    case ExpressionError::range_empty:
      return "range_empty";
    case ExpressionError::too_complex:
      return "too_complex";
    case ExpressionError::malformed:
      break;
  }
  return "targeting_malformed";
}

class Reader {
 public:
  Reader(targeting::Schema const& schema, targeting::TextInterner& texts)
      : schema_(schema), texts_(texts) {}

  Read read(Value const& tree, std::string const& pointer, std::size_t depth) {
    if (depth > targeting::kDepthMax) {
      return refuse(fault(pointer, "too_complex", "The tree is nested too deeply."));
    }
    if (!tree.IsObject()) return malformed(pointer);
    if (auto const* const all = json::find_member(tree, "all")) {
      return list(tree, *all, pointer, "all", depth);
    }
    if (auto const* const any = json::find_member(tree, "any")) {
      return list(tree, *any, pointer, "any", depth);
    }
    if (auto const* const inner = json::find_member(tree, "not")) {
      if (tree.MemberCount() != 1) return malformed(pointer);
      auto child = read(*inner, pointer + "/not", depth + 1);
      if (!child) return child;
      return targeting::not_of(std::move(*child));
    }
    return predicate(tree, pointer);
  }

 private:
  static Read malformed(std::string const& pointer) {
    return refuse(fault(pointer, "targeting_malformed",
                        "One of all, any, not, or an attribute with in, eq, gte or lte."));
  }

  Read list(Value const& tree, Value const& items, std::string const& pointer,
            std::string const& name, std::size_t depth) {
    if (tree.MemberCount() != 1 || !items.IsArray()) return malformed(pointer);
    if (items.Size() > targeting::kNodesMax) {
      return refuse(fault(pointer, "too_complex", "The tree has too many parts."));
    }
    std::vector<Expression> children;
    for (rapidjson::SizeType i = 0; i < items.Size(); ++i) {
      auto child = read(items[i], pointer + '/' + name + '/' + std::to_string(i), depth + 1);
      if (!child) return child;
      children.push_back(std::move(*child));
    }
    return name == "all" ? targeting::all_of(std::move(children))
                         : targeting::any_of(std::move(children));
  }

  Read predicate(Value const& tree, std::string const& pointer) {
    auto const* const name = json::find_member(tree, "attribute");
    if (name == nullptr || !name->IsString()) return malformed(pointer);
    auto const index = schema_.find(json::text_of(*name));
    if (!index) {
      return refuse(
          fault(pointer + "/attribute", "unknown_attribute", "The market has no such attribute."));
    }
    auto const* const in = json::find_member(tree, "in");
    auto const* const eq = json::find_member(tree, "eq");
    auto const* const gte = json::find_member(tree, "gte");
    auto const* const lte = json::find_member(tree, "lte");
    auto const members =
        std::size_t{1} + (in != nullptr) + (eq != nullptr) + (gte != nullptr) + (lte != nullptr);
    bool const range = gte != nullptr || lte != nullptr;
    if (tree.MemberCount() != members || (in != nullptr) + (eq != nullptr) + range != 1) {
      return malformed(pointer);
    }
    if (in != nullptr) return in_list(*index, *in, pointer + "/in");
    if (eq != nullptr) {
      auto const value = value_of(*index, *eq);
      if (!value) return wrong_value(pointer + "/eq");
      return targeting::equal_to(*index, *value);
    }
    return in_range(*index, gte, lte, pointer);
  }

  Read in_list(AttributeIndex index, Value const& items, std::string const& pointer) {
    if (!items.IsArray()) return malformed(pointer);
    std::vector<std::int64_t> values;
    for (rapidjson::SizeType i = 0; i < items.Size(); ++i) {
      auto const value = value_of(index, items[i]);
      if (!value) return wrong_value(pointer + '/' + std::to_string(i));
      values.push_back(*value);
    }
    return targeting::in_list(index, std::move(values));
  }

  Read in_range(AttributeIndex index, Value const* gte, Value const* lte,
                std::string const& pointer) {
    if (schema_.at(index).type != AttributeType::integer) {
      return wrong_value(pointer + (gte != nullptr ? "/gte" : "/lte"));
    }
    auto const bound = [](Value const* value) -> std::optional<std::int64_t> {
      if (value == nullptr) return std::nullopt;
      return value->GetInt64();
    };
    for (auto const* const value : {gte, lte}) {
      if (value == nullptr) continue;
      bool const fits = value->IsInt64() && value->GetInt64() >= targeting::kIntegerMin &&
                        value->GetInt64() <= targeting::kIntegerMax;
      if (!fits) return wrong_value(pointer + (value == gte ? "/gte" : "/lte"));
    }
    return targeting::in_range(index, bound(gte), bound(lte));
  }

  std::optional<std::int64_t> value_of(AttributeIndex index, Value const& value) {
    auto const& def = schema_.at(index);
    switch (def.type) {
      case AttributeType::choice:
        if (!value.IsString()) return std::nullopt;
        return schema_.choice(index, json::text_of(value));
      case AttributeType::text:
        if (!value.IsString() || value.GetStringLength() > targeting::kTextBytesMax) {
          return std::nullopt;
        }
        return texts_.intern(json::text_of(value));
      case AttributeType::boolean:
        if (!value.IsBool()) return std::nullopt;
        return value.GetBool() ? 1 : 0;
      case AttributeType::integer:
        if (!value.IsInt64()) return std::nullopt;
        return value.GetInt64();
    }
    return std::nullopt;
  }

  static Read wrong_value(std::string pointer) {
    return refuse(
        fault(std::move(pointer), "value_invalid", "The attribute cannot have that value."));
  }

  targeting::Schema const& schema_;
  targeting::TextInterner& texts_;
};

std::string to_text(std::vector<std::byte> const& bytes) {
  return {reinterpret_cast<char const*>(bytes.data()), bytes.size()};
}

}  // namespace

Result<Expression, FieldError> read_targeting(Value const& tree, targeting::Schema const& schema,
                                              targeting::TextInterner& texts,
                                              std::string const& pointer) {
  auto expression = Reader{schema, texts}.read(tree, pointer, 1);
  if (!expression) return expression;
  if (auto const checked = targeting::validate(*expression, schema); !checked) {
    return refuse(fault(pointer + checked.error().path, code_of(checked.error().code),
                        "The targeting does not fit the market's attributes."));
  }
  return expression;
}

Result<std::string, FieldError> targeting_bytes(Value const& tree, targeting::Schema const& schema,
                                                std::string const& pointer) {
  targeting::TextInterner texts;
  auto const expression = read_targeting(tree, schema, texts, pointer);
  if (!expression) return refuse(expression.error());
  return to_text(targeting::encode(*expression, schema, texts));
}

std::string targeting_of_all(targeting::Schema const& schema) {
  return to_text(targeting::encode(targeting::all_of({}), schema, targeting::TextInterner{}));
}

}  // namespace leadex::api
