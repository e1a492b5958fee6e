// Compiling: JSON nodes of the contract → Schema graph.

#include "server/json/schema.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

#include "server/json/writer.hpp"

namespace leadex::json {
namespace {

constexpr std::array<std::string_view, 33> kKeywords{"type",
                                                     "nullable",
                                                     "readOnly",
                                                     "writeOnly",
                                                     "properties",
                                                     "required",
                                                     "additionalProperties",
                                                     "items",
                                                     "enum",
                                                     "minimum",
                                                     "maximum",
                                                     "exclusiveMinimum",
                                                     "exclusiveMaximum",
                                                     "minLength",
                                                     "maxLength",
                                                     "minItems",
                                                     "maxItems",
                                                     "uniqueItems",
                                                     "minProperties",
                                                     "maxProperties",
                                                     "pattern",
                                                     "allOf",
                                                     "anyOf",
                                                     "oneOf",
                                                     "discriminator",
                                                     "title",
                                                     "description",
                                                     "format",
                                                     "example",
                                                     "default",
                                                     "deprecated",
                                                     "externalDocs",
                                                     "xml"};

[[nodiscard]] bool is_keyword(std::string_view name) {
  return name.starts_with("x-") ||
         std::find(kKeywords.begin(), kKeywords.end(), name) != kKeywords.end();
}

/// One token of a JSON pointer with ~1 and ~0 undone.
[[nodiscard]] std::string unescape(std::string_view token) {
  std::string text;
  for (std::size_t i = 0; i < token.size(); ++i) {
    if (token[i] == '~' && i + 1 < token.size()) {
      text += token[++i] == '1' ? '/' : '~';
    } else {
      text += token[i];
    }
  }
  return text;
}

struct SchemaFault {
  std::string sentence;
};

[[noreturn]] void fault(std::string const& where, std::string_view why) {
  throw SchemaFault{fmt::format("{}: {}", where, why)};
}

}  // namespace

/// Fills one Schema from one node; throws SchemaFault, which compile() turns into a refusal.
class SchemaBuilder {
 public:
  SchemaBuilder(SchemaSet& set, Value const& node, Schema& schema, std::string const& where)
      : set_{set}, node_{node}, schema_{schema}, where_{where} {}

  static Schema const* build(SchemaSet& set, Value const& raw, std::string const& where) {
    auto const resolved = set.resolve(raw, where);
    if (!resolved) throw SchemaFault{resolved.error()};
    Value const& node = **resolved;
    if (auto const known = set.by_node_.find(&node); known != set.by_node_.end()) {
      return known->second;
    }
    Schema& schema = *set.schemas_.emplace_back(std::make_unique<Schema>());
    set.by_node_.emplace(&node, &schema);  // before its parts, which may refer back
    SchemaBuilder{set, node, schema, where}.fill();
    return &schema;
  }

 private:
  void fill() {
    if (!node_.IsObject()) fault(where_, "a schema must be an object");
    for (auto const& member : node_.GetObject()) {
      if (!is_keyword(text_of(member.name))) {
        fault(where_, fmt::format("the keyword {} is not supported", text_of(member.name)));
      }
    }
    schema_.type = read_type();
    schema_.nullable = flag("nullable");
    schema_.read_only = flag("readOnly");
    schema_.write_only = flag("writeOnly");
    schema_.unique_items = flag("uniqueItems");
    schema_.length_min = count("minLength");
    schema_.length_max = count("maxLength");
    schema_.items_min = count("minItems");
    schema_.items_max = count("maxItems");
    schema_.fields_min = count("minProperties");
    schema_.fields_max = count("maxProperties");
    schema_.minimum = bound("minimum", "exclusiveMinimum");
    schema_.maximum = bound("maximum", "exclusiveMaximum");
    fill_choices();
    fill_pattern();
    fill_properties();
    if (Value const* items = find_member(node_, "items")) schema_.items = part(*items, "items");
    if (schema_.type == SchemaType::array && schema_.items == nullptr) {
      fault(where_, "an array needs items");
    }
    schema_.all_of = parts("allOf");
    schema_.any_of = parts("anyOf");
    schema_.one_of = parts("oneOf");
    fill_discriminator();
  }

  [[nodiscard]] SchemaType read_type() const {
    Value const* type = find_member(node_, "type");
    if (type == nullptr) return SchemaType::any;
    if (!type->IsString()) fault(where_, "type must be one string");
    std::string_view const name = text_of(*type);
    if (name == "object") return SchemaType::object;
    if (name == "array") return SchemaType::array;
    if (name == "string") return SchemaType::string;
    if (name == "integer") return SchemaType::integer;
    if (name == "number") return SchemaType::number;
    if (name == "boolean") return SchemaType::boolean;
    fault(where_, "unknown type");
  }

  [[nodiscard]] bool flag(std::string_view name) const {
    Value const* value = find_member(node_, name);
    if (value == nullptr) return false;
    if (!value->IsBool()) fault(where_, fmt::format("{} must be true or false", name));
    return value->GetBool();
  }

  [[nodiscard]] std::optional<std::size_t> count(std::string_view name) const {
    Value const* value = find_member(node_, name);
    if (value == nullptr) return std::nullopt;
    if (!value->IsUint64()) fault(where_, fmt::format("{} must be a count", name));
    return static_cast<std::size_t>(value->GetUint64());
  }

  [[nodiscard]] Schema::Bound bound(std::string_view name, std::string_view exclusive) const {
    Value const* value = find_member(node_, name);
    bool const is_exclusive = flag(exclusive);
    if (value == nullptr) return {};
    if (!value->IsNumber()) fault(where_, fmt::format("{} must be a number", name));
    return {value, is_exclusive};
  }

  void fill_choices() {
    Value const* choices = find_member(node_, "enum");
    if (choices == nullptr) return;
    if (!choices->IsArray() || choices->Empty()) fault(where_, "enum must be a list");
    schema_.choices = choices;
    for (auto const& choice : choices->GetArray()) {
      if (!schema_.choices_text.empty()) schema_.choices_text += ", ";
      schema_.choices_text += choice.IsString() ? std::string{text_of(choice)} : to_text(choice);
    }
  }

  void fill_pattern() {
    Value const* pattern = find_member(node_, "pattern");
    if (pattern == nullptr) return;
    if (!pattern->IsString()) fault(where_, "pattern must be a string");
    auto compiled = Pattern::compile(text_of(*pattern));
    if (!compiled) fault(where_, "pattern: " + compiled.error());
    schema_.pattern = std::move(*compiled);
  }

  void fill_properties() {
    if (Value const* properties = find_member(node_, "properties")) {
      if (!properties->IsObject()) fault(where_, "properties must be an object");
      for (auto const& member : properties->GetObject()) {
        schema_.properties.push_back({std::string{text_of(member.name)},
                                      part(member.value, std::string{text_of(member.name)})});
      }
    }
    if (Value const* required = find_member(node_, "required")) {
      if (!required->IsArray()) fault(where_, "required must be a list");
      for (auto const& name : required->GetArray()) {
        if (!name.IsString()) fault(where_, "required must list names");
        require(text_of(name));
      }
    }
    std::sort(schema_.properties.begin(), schema_.properties.end(),
              [](auto const& a, auto const& b) { return a.name < b.name; });
    if (Value const* additional = find_member(node_, "additionalProperties")) {
      if (additional->IsBool()) {
        schema_.additional =
            additional->GetBool() ? Schema::Additional::allowed : Schema::Additional::refused;
      } else {
        schema_.additional = Schema::Additional::checked;
        schema_.additional_schema = part(*additional, "additionalProperties");
      }
    }
  }

  void require(std::string_view name) {
    auto const known = std::find_if(schema_.properties.begin(), schema_.properties.end(),
                                    [name](auto const& property) { return property.name == name; });
    if (known != schema_.properties.end()) {
      known->required = true;
    } else {
      schema_.properties.push_back({std::string{name}, nullptr, true});
    }
  }

  void fill_discriminator() {
    Value const* discriminator = find_member(node_, "discriminator");
    if (discriminator == nullptr) return;
    Value const* name =
        discriminator->IsObject() ? find_member(*discriminator, "propertyName") : nullptr;
    if (name == nullptr || !name->IsString()) fault(where_, "discriminator needs propertyName");
    // Without a mapping the values are the names of the referred schemas.
    for (std::string_view const list : {"oneOf", "anyOf"}) {
      Value const* nodes = find_member(node_, list);
      if (nodes == nullptr) continue;
      for (auto const& node : nodes->GetArray()) {
        Value const* ref = find_member(node, "$ref");
        if (ref == nullptr) fault(where_, "branches under a discriminator must be $ref");
        std::string_view const path = text_of(*ref);
        schema_.branches.emplace(path.substr(path.rfind('/') + 1), part(node, "branch"));
      }
    }
    if (schema_.branches.empty()) return;  // an annotation on a base schema
    schema_.discriminator = text_of(*name);
    Value const* mapping = find_member(*discriminator, "mapping");
    if (mapping == nullptr) return;
    std::map<std::string, Schema const*, std::less<>> mapped;
    for (auto const& member : mapping->GetObject()) {
      std::string_view const path = member.value.IsString() ? text_of(member.value) : "";
      auto const branch = schema_.branches.find(path.substr(path.rfind('/') + 1));
      if (branch == schema_.branches.end()) fault(where_, "mapping names no branch");
      mapped.emplace(text_of(member.name), branch->second);
    }
    schema_.branches = std::move(mapped);
  }

  [[nodiscard]] Schema const* part(Value const& node, std::string const& name) {
    return build(set_, node, where_ + "/" + name);
  }

  [[nodiscard]] std::vector<Schema const*> parts(std::string const& name) {
    std::vector<Schema const*> list;
    Value const* nodes = find_member(node_, name);
    if (nodes == nullptr) return list;
    if (!nodes->IsArray() || nodes->Empty()) fault(where_, name + " must be a list");
    for (auto const& node : nodes->GetArray()) list.push_back(part(node, name));
    return list;
  }

  SchemaSet& set_;
  Value const& node_;
  Schema& schema_;
  std::string where_;
};

namespace {

/// Whether `schema` comes back to itself through allOf, anyOf, oneOf alone: a check would not end.
[[nodiscard]] bool circles(Schema const& schema, std::set<Schema const*>& open,
                           std::set<Schema const*>& done) {
  if (done.contains(&schema)) return false;
  if (!open.insert(&schema).second) return true;
  for (auto const* list : {&schema.all_of, &schema.any_of, &schema.one_of}) {
    for (Schema const* part : *list) {
      if (circles(*part, open, done)) return true;
    }
  }
  open.erase(&schema);
  done.insert(&schema);
  return false;
}

}  // namespace

Result<Schema const*, std::string> SchemaSet::compile(Value const& node, std::string const& where) {
  std::size_t const compiled_before = schemas_.size();
  try {
    Schema const* schema = SchemaBuilder::build(*this, node, where);
    std::set<Schema const*> open;
    std::set<Schema const*> done;
    for (std::size_t i = compiled_before; i < schemas_.size(); ++i) {
      if (circles(*schemas_[i], open, done))
        return refuse(where + ": a schema is composed of itself");
    }
    return schema;
  } catch (SchemaFault const& found) {
    return refuse(found.sentence);
  }
}

Result<Value const*, std::string> SchemaSet::resolve(Value const& node,
                                                     std::string const& where) const {
  Value const* at = &node;
  for (int length = 0; length < 16; ++length) {
    Value const* ref = at->IsObject() ? find_member(*at, "$ref") : nullptr;
    if (ref == nullptr) return at;
    if (!ref->IsString() || !text_of(*ref).starts_with("#/")) {
      return refuse(where + ": only local $ref are supported");
    }
    for (auto const& member : at->GetObject()) {
      std::string_view const name = text_of(member.name);
      if (name != "$ref" && name != "description" && name != "summary") {
        return refuse(fmt::format("{}: {} beside $ref has no effect in OpenAPI 3.0", where, name));
      }
    }
    std::string_view path = text_of(*ref).substr(1);
    at = root_;
    while (!path.empty()) {
      path.remove_prefix(1);
      std::size_t const end = std::min(path.find('/'), path.size());
      at = at->IsObject() ? find_member(*at, unescape(path.substr(0, end))) : nullptr;
      if (at == nullptr) return refuse(fmt::format("{}: no {}", where, text_of(*ref)));
      path.remove_prefix(end);
    }
  }
  return refuse(where + ": $ref runs in a circle");
}

}  // namespace leadex::json
