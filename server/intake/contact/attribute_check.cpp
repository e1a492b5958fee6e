#include "server/intake/contact/attribute_check.hpp"

#include <algorithm>
#include <charconv>

#include "server/intake/contact/text.hpp"

namespace leadex::intake {
namespace {

std::optional<std::int64_t> read_integer(std::string_view text) {
  text = trim(text);
  std::int64_t value = 0;
  auto const [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<bool> read_boolean(std::string_view text) {
  text = trim(text);
  for (std::string_view const yes : {"true", "yes", "1"}) {
    if (equal_ignoring_case(text, yes)) return true;
  }
  for (std::string_view const no : {"false", "no", "0"}) {
    if (equal_ignoring_case(text, no)) return false;
  }
  return std::nullopt;
}

std::optional<AttributeValue> read_cell(std::string_view text, AttributeType type) {
  switch (type) {
    case AttributeType::string:
      return AttributeValue{std::string{text}};
    case AttributeType::integer:
      if (auto const value = read_integer(text)) return AttributeValue{*value};
      return std::nullopt;
    case AttributeType::boolean:
      if (auto const value = read_boolean(text)) return AttributeValue{*value};
      return std::nullopt;
  }
  return std::nullopt;
}

struct ToTyped {
  AttributeType type;
  std::optional<AttributeValue> operator()(OtherJson) const { return std::nullopt; }
  std::optional<AttributeValue> operator()(CellText cell) const {
    return read_cell(cell.text, type);
  }
  std::optional<AttributeValue> operator()(JsonText json) const {
    if (type != AttributeType::string) return std::nullopt;
    return AttributeValue{std::string{json.text}};
  }
  std::optional<AttributeValue> operator()(std::int64_t value) const {
    if (type != AttributeType::integer) return std::nullopt;
    return AttributeValue{value};
  }
  std::optional<AttributeValue> operator()(bool value) const {
    if (type != AttributeType::boolean) return std::nullopt;
    return AttributeValue{value};
  }
};

bool is_in_limits(AttributeValue const& value, AttributeRule const& rule) {
  if (auto const* number = std::get_if<std::int64_t>(&value)) {
    if (rule.minimum && *number < *rule.minimum) return false;
    if (rule.maximum && *number > *rule.maximum) return false;
  }
  if (auto const* text = std::get_if<std::string>(&value)) {
    if (text->size() > kAttributeOctetsMax || has_nul(*text) || !is_utf8(*text)) return false;
    if (rule.max_length && count_code_points(*text) > *rule.max_length) return false;
  }
  return rule.one_of.empty() ||
         std::find(rule.one_of.begin(), rule.one_of.end(), value) != rule.one_of.end();
}

}  // namespace

std::optional<AttributeValue> check_attribute(RawScalar const& raw, AttributeRule const& rule) {
  auto value = std::visit(ToTyped{rule.type}, raw);
  if (!value || !is_in_limits(*value, rule)) return std::nullopt;
  return value;
}

}  // namespace leadex::intake
