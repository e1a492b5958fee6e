#include "server/json/yaml.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace leadex::json {
namespace {

constexpr int kDepthMax = 64;

class YamlFault : public std::runtime_error {
 public:
  YamlFault(YAML::Node const& node, std::string_view why)
      : std::runtime_error{fmt::format("line {}: {}", node.Mark().line + 1, why)} {}
};

using Allocator = Document::AllocatorType;

[[nodiscard]] Value string_value(std::string const& text, Allocator& allocator) {
  return Value{text.data(), static_cast<rapidjson::SizeType>(text.size()), allocator};
}

[[nodiscard]] bool looks_like_number(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  if (text.starts_with('.')) text.remove_prefix(1);
  return !text.empty() && text.front() >= '0' && text.front() <= '9' &&
         text.find_first_not_of("0123456789.eE+-") == std::string_view::npos;
}

[[nodiscard]] Value plain_scalar(YAML::Node const& node, Allocator& allocator) {
  std::string const& text = node.Scalar();
  if (text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL") {
    return Value{rapidjson::kNullType};
  }
  if (text == "true" || text == "True" || text == "TRUE") return Value{true};
  if (text == "false" || text == "False" || text == "FALSE") return Value{false};
  std::string lower = text;
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  std::string_view const bare = std::string_view{lower}.substr(lower.starts_with('-') ? 1 : 0);
  if (bare.starts_with("0x") || bare.starts_with("0o") || bare == ".inf" || bare == ".nan") {
    throw YamlFault{node, "an ambiguous number; quote it"};
  }
  if (!looks_like_number(text)) return string_value(text, allocator);
  // Exactly the numbers of JSON count; dates such as 2026-11-22 are text.
  if (auto const number = parse(text); number && number->IsNumber()) {
    return Value{*number, allocator};
  }
  if (text.find_first_not_of("0123456789") == std::string::npos) {
    throw YamlFault{node, "an ambiguous number; quote it"};
  }
  return string_value(text, allocator);
}

[[nodiscard]] Value convert(YAML::Node const& node, Allocator& allocator, int depth) {
  if (depth > kDepthMax) throw YamlFault{node, "nested too deeply"};
  switch (node.Type()) {
    case YAML::NodeType::Undefined:
    case YAML::NodeType::Null:
      return Value{rapidjson::kNullType};
    case YAML::NodeType::Scalar:
      // The parser tags quoted and block scalars "!" and plain ones "?".
      return node.Tag() == "?" ? plain_scalar(node, allocator)
                               : string_value(node.Scalar(), allocator);
    case YAML::NodeType::Sequence: {
      Value list{rapidjson::kArrayType};
      for (auto const& item : node) list.PushBack(convert(item, allocator, depth + 1), allocator);
      return list;
    }
    case YAML::NodeType::Map:
      break;
  }
  Value object{rapidjson::kObjectType};
  for (auto const& pair : node) {
    if (!pair.first.IsScalar()) throw YamlFault{pair.first, "a key must be a scalar"};
    std::string const& key = pair.first.Scalar();
    if (key == "<<") throw YamlFault{pair.first, "merge keys are not supported"};
    if (find_member(object, key) != nullptr) throw YamlFault{pair.first, "a key stands twice"};
    object.AddMember(string_value(key, allocator), convert(pair.second, allocator, depth + 1),
                     allocator);
  }
  return object;
}

}  // namespace

Result<Document, std::string> parse_yaml(std::string_view text) {
  try {
    Document document;
    Value root = convert(YAML::Load(std::string{text}), document.GetAllocator(), 0);
    static_cast<Value&>(document) = root;  // RapidJSON moves
    return document;
  } catch (YAML::Exception const& fault) {
    return refuse(fmt::format("line {}: {}", fault.mark.line + 1, fault.msg));
  } catch (YamlFault const& fault) {
    return refuse(std::string{fault.what()});
  }
}

}  // namespace leadex::json
