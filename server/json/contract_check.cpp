// Checking requests and answers against the compiled contract.

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "server/json/contract.hpp"
#include "server/json/utf8.hpp"

namespace leadex::json {
namespace {

using Allocator = Document::AllocatorType;

[[nodiscard]] std::string_view prefix_of(ParameterPlace place) {
  switch (place) {
    case ParameterPlace::path:
      return "/path";
    case ParameterPlace::query:
      return "/query";
    case ParameterPlace::header:
      break;
  }
  return "/header";
}

[[nodiscard]] bool same_name(std::string_view declared, std::string_view given,
                             ParameterPlace place) {
  if (place != ParameterPlace::header) return declared == given;
  return std::equal(
      declared.begin(), declared.end(), given.begin(), given.end(),
      [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? static_cast<char>(b + 32) : b); });
}

[[nodiscard]] Value text_value(std::string_view text) {
  return Value{rapidjson::StringRef(text.data() == nullptr ? "" : text.data(), text.size())};
}

/// The scalar a text stands for under `type`; text that is none stays a string and so fails the
/// type check.
[[nodiscard]] Value scalar(std::string_view text, SchemaType type) {
  if (type == SchemaType::boolean && (text == "true" || text == "false")) {
    return Value{text == "true"};
  }
  if (type == SchemaType::integer || type == SchemaType::number) {
    // JSON's own grammar: no plus, no blanks, no leading zeros.
    bool const plain =
        !text.empty() && text.find_first_not_of("0123456789.eE+-") == std::string_view::npos;
    if (auto const number = plain ? parse(text, {.depth = 1, .bytes = 64})
                                  : Result<Document, JsonError>{refuse(JsonError{})}) {
      if (number->IsInt64()) return Value{number->GetInt64()};
      if (number->IsUint64()) return Value{number->GetUint64()};
      if (number->IsDouble()) return Value{number->GetDouble()};
    }
  }
  return text_value(text);
}

void check_parameter(Operation::Parameter const& parameter, std::string_view text,
                     FieldErrors& errors) {
  constexpr std::size_t kItemsMax = 1'000;
  std::string const pointer = child_pointer(prefix_of(parameter.place), parameter.name);
  if (!is_utf8(text) || text.find('\0') != std::string_view::npos) {
    errors.push_back({pointer, "invalid_character", "Must be UTF-8 without NUL."});
    return;
  }
  if (parameter.schema->type != SchemaType::array) {
    return check(*parameter.schema, scalar(text, parameter.schema->type), Direction::request,
                 pointer, errors);
  }
  Allocator allocator;
  Value list{rapidjson::kArrayType};
  while (!text.empty()) {
    if (list.Size() == kItemsMax) {
      errors.push_back(
          {pointer, "too_many", fmt::format("Must have at most {} items.", kItemsMax)});
      return;
    }
    std::size_t const end = std::min(text.find(','), text.size());
    list.PushBack(scalar(text.substr(0, end), parameter.schema->items->type), allocator);
    if (end + 1 == text.size()) list.PushBack(text_value(""), allocator);  // "a," has two items
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  check(*parameter.schema, list, Direction::request, pointer, errors);
}

void check_place(Operation const& operation, ParameterPlace place,
                 std::span<RawParameter const> given, FieldErrors& errors) {
  for (auto const& parameter : operation.parameters) {
    if (parameter.place != place) continue;
    RawParameter const* found = nullptr;
    bool twice = false;
    for (auto const& raw : given) {
      if (!same_name(parameter.name, raw.name, place)) continue;
      twice = found != nullptr;
      found = &raw;
      if (twice) break;
    }
    std::string const pointer = child_pointer(prefix_of(place), parameter.name);
    if (twice) {
      errors.push_back({pointer, "duplicate_parameter", "Must be given once."});
    } else if (found != nullptr) {
      check_parameter(parameter, found->value, errors);
    } else if (parameter.required) {
      errors.push_back({pointer, "missing_parameter", "This parameter is required."});
    }
  }
}

[[nodiscard]] MediaSchemas const* schemas_of_status(Operation const& operation, int status) {
  std::string const exact = std::to_string(status);
  for (std::string const& key : {exact, exact.substr(0, 1) + "XX", std::string{"default"}}) {
    if (auto const found = operation.responses.find(key); found != operation.responses.end()) {
      return &found->second;
    }
  }
  return nullptr;
}

/// Media types are compared without their parameters and in any case.
[[nodiscard]] MediaSchemas::const_iterator find_media(MediaSchemas const& schemas,
                                                      std::string_view media_type) {
  media_type = media_type.substr(0, media_type.find(';'));
  while (media_type.ends_with(' ') || media_type.ends_with('\t')) media_type.remove_suffix(1);
  return std::find_if(schemas.begin(), schemas.end(), [media_type](auto const& entry) {
    std::string_view const declared = entry.first;
    return same_name(declared.substr(0, declared.find(';')), media_type, ParameterPlace::header);
  });
}

}  // namespace

Operation const* Contract::find(std::string_view operation_id) const {
  auto const found = by_id_.find(operation_id);
  return found == by_id_.end() ? nullptr : &operations_[found->second];
}

Operation const& Contract::at(std::string_view operation_id) const {
  Operation const* operation = find(operation_id);
  LEADEX_CHECK(operation != nullptr);
  return *operation;
}

FieldErrors Contract::validate_request_body(std::string_view operation_id, Value const& body,
                                            std::string_view media_type) const {
  Operation const& operation = at(operation_id);
  auto const media = find_media(operation.bodies, media_type);
  if (media == operation.bodies.end()) {
    return {{"", "unsupported_media_type", "This operation does not take such a body."}};
  }
  FieldErrors errors;
  if (media->second != nullptr) check(*media->second, body, Direction::request, "", errors);
  return errors;
}

FieldErrors Contract::validate_parameters(std::string_view operation_id,
                                          RawParameters const& given) const {
  Operation const& operation = at(operation_id);
  FieldErrors errors;
  check_place(operation, ParameterPlace::path, given.path, errors);
  check_place(operation, ParameterPlace::query, given.query, errors);
  check_place(operation, ParameterPlace::header, given.headers, errors);
  for (auto const& raw : given.query) {
    bool const known = std::any_of(
        operation.parameters.begin(), operation.parameters.end(), [&raw](auto const& parameter) {
          return parameter.place == ParameterPlace::query && parameter.name == raw.name;
        });
    if (known || errors.size() >= kFieldErrorsMax) continue;
    errors.push_back({child_pointer("/query", repair_utf8(raw.name)), "unknown_parameter",
                      "This parameter is not known here."});
  }
  return errors;
}

FieldErrors Contract::validate_response(std::string_view operation_id, int status,
                                        Value const& body, std::string_view media_type) const {
  Operation const& operation = at(operation_id);
  MediaSchemas const* schemas = schemas_of_status(operation, status);
  if (schemas == nullptr) {
    return {{"", "undocumented_status", fmt::format("Status {} is not in the contract.", status)}};
  }
  auto const media = find_media(*schemas, media_type);
  if (media == schemas->end()) {
    return {{"", "undocumented_media_type",
             fmt::format("Status {} has no such media type in the contract.", status)}};
  }
  FieldErrors errors;
  if (media->second != nullptr) check(*media->second, body, Direction::response, "", errors);
  return errors;
}

FieldErrors Contract::validate_component(std::string_view schema_name, Value const& value,
                                         Direction direction) const {
  auto const schema = components_.find(schema_name);
  LEADEX_CHECK(schema != components_.end());
  FieldErrors errors;
  check(*schema->second, value, direction, "", errors);
  return errors;
}

}  // namespace leadex::json
