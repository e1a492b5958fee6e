// Compiling the contract. The checks of requests and answers stand in contract_check.cpp.

#include "server/json/contract.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>

#include "server/json/writer.hpp"
#include "server/json/yaml.hpp"

namespace leadex::json {
namespace {

struct ContractFault {
  std::string sentence;
};

template <class T>
[[nodiscard]] T or_fault(Result<T, std::string> result) {
  if (!result) throw ContractFault{std::move(result.error())};
  return std::move(*result);
}

[[nodiscard]] std::string lower(std::string_view text) {
  std::string copy{text};
  std::transform(copy.begin(), copy.end(), copy.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return copy;
}

[[nodiscard]] std::string upper(std::string_view text) {
  std::string copy{text};
  std::transform(copy.begin(), copy.end(), copy.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return copy;
}

[[nodiscard]] bool flag(Value const& node, std::string_view name) {
  Value const* value = find_member(node, name);
  return value != nullptr && value->IsBool() && value->GetBool();
}

}  // namespace

class ContractBuilder {
 public:
  static Contract build(std::string_view yaml) {
    ContractBuilder builder;
    builder.contract_.root_ = std::make_unique<Document>(or_fault(parse_yaml(yaml)));
    builder.run();
    return std::move(builder.contract_);
  }

 private:
  void run() {
    Value const& root = *contract_.root_;
    if (!root.IsObject() || !text_member(root, "openapi", "the contract").starts_with("3.0.")) {
      throw ContractFault{"The contract must be OpenAPI 3.0."};
    }
    contract_.schemas_ = std::make_unique<SchemaSet>(root);
    contract_.openapi_json_ = to_text(root);
    if (Value const* components = find_member(root, "components")) {
      if (Value const* schemas = find_member(*components, "schemas")) {
        for (auto const& member : schemas->GetObject()) {
          std::string const name{text_of(member.name)};
          contract_.components_.emplace(name, schema(member.value, "components/schemas/" + name));
        }
      }
    }
    Value const* paths = find_member(root, "paths");
    if (paths == nullptr || !paths->IsObject()) throw ContractFault{"The contract has no paths."};
    for (auto const& path : paths->GetObject()) add_path(text_of(path.name), path.value);
  }

  void add_path(std::string_view path, Value const& item) {
    constexpr std::array<std::string_view, 7> kMethods{"get",    "post", "put",    "patch",
                                                       "delete", "head", "options"};
    if (!item.IsObject()) throw ContractFault{fmt::format("{}: must be an object", path)};
    for (auto const& member : item.GetObject()) {
      std::string_view const name = text_of(member.name);
      if (std::find(kMethods.begin(), kMethods.end(), name) != kMethods.end()) {
        add_operation(path, name, item, member.value);
      }
    }
  }

  void add_operation(std::string_view path, std::string_view method, Value const& item,
                     Value const& node) {
    std::string const where = fmt::format("{} {}", method, path);
    Operation operation;
    operation.id = text_member(node, "operationId", where);
    operation.method = upper(method);
    operation.path = path;
    // Those of the operation come first and hide those of the path.
    add_parameters(operation, node, where);
    add_parameters(operation, item, where);
    require_path_parameters(operation, where);
    if (Value const* raw = find_member(node, "requestBody")) {
      Value const& body = resolved(*raw, where);
      operation.body_required = flag(body, "required");
      operation.bodies = media(body, where + " requestBody");
    }
    Value const* responses = find_member(node, "responses");
    if (responses == nullptr || !responses->IsObject() || responses->MemberCount() == 0) {
      throw ContractFault{where + ": has no responses"};
    }
    for (auto const& member : responses->GetObject()) {
      std::string const status{text_of(member.name)};
      operation.responses.emplace(status,
                                  media(resolved(member.value, where), where + " " + status));
    }
    std::size_t const no = contract_.operations_.size();
    if (!contract_.by_id_.emplace(operation.id, no).second) {
      throw ContractFault{where + ": its operationId stands twice"};
    }
    contract_.operations_.push_back(std::move(operation));
  }

  void add_parameters(Operation& operation, Value const& node, std::string const& where) {
    Value const* list = find_member(node, "parameters");
    if (list == nullptr) return;
    if (!list->IsArray()) throw ContractFault{where + ": parameters must be a list"};
    for (auto const& raw : list->GetArray()) {
      Value const& parameter = resolved(raw, where);
      Operation::Parameter added;
      added.name = text_member(parameter, "name", where);
      std::string const place = text_member(parameter, "in", where);
      if (place == "path") {
        added.place = ParameterPlace::path;
      } else if (place == "query") {
        added.place = ParameterPlace::query;
      } else if (place == "header") {
        added.place = ParameterPlace::header;
        added.name = lower(added.name);
      } else {
        throw ContractFault{fmt::format("{}: parameters in {} are not supported", where, place)};
      }
      added.required = flag(parameter, "required");
      Value const* node_schema = find_member(parameter, "schema");
      if (node_schema == nullptr) throw ContractFault{where + ": a parameter needs a schema"};
      added.schema = schema(*node_schema, where + " parameter " + added.name);
      refuse_unreadable(*added.schema, where + " parameter " + added.name);
      bool const hidden = std::any_of(
          operation.parameters.begin(), operation.parameters.end(), [&added](auto const& known) {
            return known.name == added.name && known.place == added.place;
          });
      if (!hidden) operation.parameters.push_back(std::move(added));
    }
  }

  /// A parameter is text: its schema must say at the top what to read from it.
  static void refuse_unreadable(Schema const& schema, std::string const& where) {
    Schema const& unit = schema.type == SchemaType::array ? *schema.items : schema;
    bool const composed = !unit.one_of.empty() || !unit.any_of.empty() || !unit.all_of.empty();
    if (composed || unit.type == SchemaType::any || unit.type == SchemaType::object ||
        unit.type == SchemaType::array) {
      throw ContractFault{where + ": must be a scalar or a list of scalars"};
    }
  }

  static void require_path_parameters(Operation const& operation, std::string const& where) {
    std::size_t in_path = 0;
    for (std::size_t at = operation.path.find('{'); at != std::string::npos;
         at = operation.path.find('{', at + 1)) {
      ++in_path;
      std::string const name = operation.path.substr(at + 1, operation.path.find('}', at) - at - 1);
      bool const declared = std::any_of(
          operation.parameters.begin(), operation.parameters.end(), [&name](auto const& known) {
            return known.name == name && known.place == ParameterPlace::path && known.required;
          });
      if (!declared)
        throw ContractFault{fmt::format("{}: declare {{{}}} as required", where, name)};
    }
    auto const declared =
        std::count_if(operation.parameters.begin(), operation.parameters.end(),
                      [](auto const& known) { return known.place == ParameterPlace::path; });
    if (static_cast<std::size_t>(declared) != in_path) {
      throw ContractFault{where + ": a path parameter is not in the path"};
    }
  }

  [[nodiscard]] MediaSchemas media(Value const& node, std::string const& where) {
    MediaSchemas schemas;
    Value const* content = find_member(node, "content");
    if (content == nullptr) return schemas;
    if (!content->IsObject()) throw ContractFault{where + ": content must be an object"};
    for (auto const& member : content->GetObject()) {
      Value const* node_schema =
          member.value.IsObject() ? find_member(member.value, "schema") : nullptr;
      schemas.emplace(text_of(member.name),
                      node_schema == nullptr ? nullptr : schema(*node_schema, where));
    }
    return schemas;
  }

  [[nodiscard]] Schema const* schema(Value const& node, std::string const& where) {
    return or_fault(contract_.schemas_->compile(node, where));
  }
  [[nodiscard]] Value const& resolved(Value const& node, std::string const& where) {
    Value const& target = *or_fault(contract_.schemas_->resolve(node, where));
    if (!target.IsObject()) throw ContractFault{where + ": must be an object"};
    return target;
  }
  [[nodiscard]] static std::string text_member(Value const& node, std::string_view name,
                                               std::string const& where) {
    Value const* value = node.IsObject() ? find_member(node, name) : nullptr;
    if (value == nullptr || !value->IsString()) {
      throw ContractFault{fmt::format("{}: needs the text {}", where, name)};
    }
    return std::string{text_of(*value)};
  }

  Contract contract_;
};

Result<Contract, std::string> Contract::parse(std::string_view yaml) {
  try {
    return ContractBuilder::build(yaml);
  } catch (ContractFault const& fault) {
    return refuse(fault.sentence);
  }
}

Result<Contract, std::string> Contract::load(std::filesystem::path const& file) {
  std::ifstream stream{file, std::ios::binary};
  if (!stream) return refuse(std::string{"The contract cannot be read."});
  std::string const text{std::istreambuf_iterator<char>{stream}, std::istreambuf_iterator<char>{}};
  return parse(text);
}

}  // namespace leadex::json
