// Checking a value against a compiled Schema.

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "server/json/schema.hpp"
#include "server/json/utf8.hpp"
#include "server/json/writer.hpp"

namespace leadex::json {
namespace {

/// Where a value stands; the text of the pointer is only built for a fault.
struct Place {
  Place const* parent = nullptr;
  std::string_view token;         // of the root: the whole pointer
  std::optional<std::size_t> no;  // in an array

  [[nodiscard]] std::string pointer() const {
    if (parent == nullptr) return std::string{token};
    std::string const above = parent->pointer();
    return no ? fmt::format("{}/{}", above, *no) : child_pointer(above, token);
  }
};

/// Whether an unknown field is a fault of this schema or is left to the schema composed of it.
enum class Role : std::uint8_t { whole, part };

[[nodiscard]] bool names_fields(Schema const& schema) {
  return !schema.properties.empty() ||
         std::any_of(schema.all_of.begin(), schema.all_of.end(), [](Schema const* part) {
           return names_fields(*part) || !part->any_of.empty() || !part->one_of.empty();
         });
}

[[nodiscard]] Schema::Property const* find_property(Schema const& schema, std::string_view name) {
  auto const at = std::lower_bound(schema.properties.begin(), schema.properties.end(), name,
                                   [](Schema::Property const& property, std::string_view wanted) {
                                     return property.name < wanted;
                                   });
  return at != schema.properties.end() && at->name == name ? &*at : nullptr;
}

[[nodiscard]] bool knows(Schema const& schema, std::string_view name) {
  if (find_property(schema, name) != nullptr) return true;
  if (schema.additional == Schema::Additional::allowed ||
      schema.additional == Schema::Additional::checked) {
    return true;
  }
  for (auto const* list : {&schema.all_of, &schema.any_of, &schema.one_of}) {
    for (Schema const* part : *list) {
      if (knows(*part, name)) return true;
    }
  }
  return false;
}

[[nodiscard]] bool has_type(SchemaType type, Value const& value) {
  switch (type) {
    case SchemaType::any:
      return true;
    case SchemaType::object:
      return value.IsObject();
    case SchemaType::array:
      return value.IsArray();
    case SchemaType::string:
      return value.IsString();
    case SchemaType::integer:
      return value.IsInt64() || value.IsUint64();
    case SchemaType::number:
      return value.IsNumber();
    case SchemaType::boolean:
      return value.IsBool();
  }
  return false;
}

[[nodiscard]] std::string_view type_sentence(SchemaType type) {
  switch (type) {
    case SchemaType::object:
      return "Must be an object.";
    case SchemaType::array:
      return "Must be an array.";
    case SchemaType::string:
      return "Must be a string.";
    case SchemaType::integer:
      return "Must be an integer without fraction or exponent.";
    case SchemaType::number:
      return "Must be a number.";
    case SchemaType::boolean:
      return "Must be true or false.";
    case SchemaType::any:
      break;
  }
  return "Has a wrong type.";
}

/// -1, 0, 1; exact for integers of 64 bits.
[[nodiscard]] int compare(Value const& a, Value const& b) {
  auto const order = [](auto x, auto y) { return x < y ? -1 : x > y ? 1 : 0; };
  if (a.IsInt64() && b.IsInt64()) return order(a.GetInt64(), b.GetInt64());
  if (a.IsUint64() && b.IsUint64()) return order(a.GetUint64(), b.GetUint64());
  return order(a.GetDouble(), b.GetDouble());
}

/// Branches tried inside branches multiply; past this much work on them a value is refused unseen.
/// Work outside of branches grows with the value alone and is not counted.
constexpr std::size_t kBranchStepsMax = 500'000;
constexpr std::size_t kStepsOfFault = 10;  // its texts cost more than a step

class Checker {
 public:
  Checker(Direction direction, FieldErrors& errors, std::size_t& branch_steps, bool in_branch)
      : direction_{direction},
        errors_{errors},
        branch_steps_{branch_steps},
        in_branch_{in_branch} {}

  void check(Schema const& schema, Value const& value, Place const& place, Role role) {
    if (in_branch_) ++branch_steps_;
    if (branch_steps_ > kBranchStepsMax) return;
    if (value.IsNull() && (schema.nullable || accepts_null_below(schema))) return;
    if (!has_type(schema.type, value)) {
      return fail(place, "wrong_type", type_sentence(schema.type));
    }
    if (schema.choices != nullptr) check_choices(schema, value, place);
    if (value.IsNumber()) check_number(schema, value, place);
    if (value.IsString()) check_string(schema, text_of(value), place);
    if (value.IsArray()) check_array(schema, value, place);
    if (value.IsObject()) check_object(schema, value, place, role);
    for (Schema const* part : schema.all_of) check(*part, value, place, Role::part);
    Role const branch_role = names_fields(schema) ? Role::part : role;
    if (!schema.one_of.empty()) check_one_of(schema, value, place, branch_role);
    if (!schema.any_of.empty()) check_any_of(schema, value, place, branch_role);
  }

 private:
  /// A lone allOf around a nullable $ref is how 3.0 annotates a reference.
  [[nodiscard]] static bool accepts_null_below(Schema const& schema) {
    return schema.type == SchemaType::any && schema.all_of.size() == 1 && schema.any_of.empty() &&
           schema.one_of.empty() && schema.all_of.front()->nullable;
  }

  void fail(Place const& place, std::string_view code, std::string_view detail) {
    if (errors_.size() >= kFieldErrorsMax || branch_steps_ > kBranchStepsMax) return;
    if (in_branch_) branch_steps_ += kStepsOfFault;
    errors_.push_back({place.pointer(), std::string{code}, std::string{detail}});
  }

  void check_choices(Schema const& schema, Value const& value, Place const& place) {
    for (auto const& choice : schema.choices->GetArray()) {
      if (choice == value) return;
    }
    fail(place, "not_in_enum", fmt::format("Must be one of: {}.", schema.choices_text));
  }

  void check_number(Schema const& schema, Value const& value, Place const& place) {
    if (schema.minimum.limit != nullptr) {
      int const order = compare(value, *schema.minimum.limit);
      if (order < 0 || (order == 0 && schema.minimum.exclusive)) {
        fail(place, "too_small",
             fmt::format("Must be {} {}.", schema.minimum.exclusive ? "more than" : "at least",
                         to_text(*schema.minimum.limit)));
      }
    }
    if (schema.maximum.limit != nullptr) {
      int const order = compare(value, *schema.maximum.limit);
      if (order > 0 || (order == 0 && schema.maximum.exclusive)) {
        fail(place, "too_big",
             fmt::format("Must be {} {}.", schema.maximum.exclusive ? "less than" : "at most",
                         to_text(*schema.maximum.limit)));
      }
    }
  }

  void check_string(Schema const& schema, std::string_view text, Place const& place) {
    // No column of text can hold it.
    if (direction_ == Direction::request && text.find('\0') != std::string_view::npos) {
      return fail(place, "invalid_character", "Must not hold the character NUL.");
    }
    if (schema.length_min || schema.length_max) {
      std::size_t const length = count_code_points(text);
      if (schema.length_min && length < *schema.length_min) {
        return fail(place, "too_short",
                    fmt::format("Must have at least {} characters.", *schema.length_min));
      }
      if (schema.length_max && length > *schema.length_max) {
        return fail(place, "too_long",
                    fmt::format("Must have at most {} characters.", *schema.length_max));
      }
    }
    if (schema.pattern && !schema.pattern->matches(text)) {
      fail(place, "pattern_mismatch", "Does not have the wanted form.");
    }
  }

  void check_array(Schema const& schema, Value const& value, Place const& place) {
    if (schema.items_min && value.Size() < *schema.items_min) {
      fail(place, "too_few", fmt::format("Must have at least {} items.", *schema.items_min));
    }
    if (schema.items_max && value.Size() > *schema.items_max) {
      return fail(place, "too_many", fmt::format("Must have at most {} items.", *schema.items_max));
    }
    std::set<std::string> seen;
    for (rapidjson::SizeType i = 0; i < value.Size() && errors_.size() < kFieldErrorsMax; ++i) {
      Place const item{.parent = &place, .token = {}, .no = i};
      if (schema.items != nullptr) check(*schema.items, value[i], item, Role::whole);
      if (schema.unique_items && !seen.insert(to_text(value[i])).second) {
        fail(item, "duplicate_item", "Stands in the list twice.");
      }
    }
  }

  [[nodiscard]] bool is_hidden(Schema const* schema) const {
    if (schema == nullptr) return false;
    return direction_ == Direction::request ? schema->read_only : schema->write_only;
  }

  void check_object(Schema const& schema, Value const& value, Place const& place, Role role) {
    if (schema.fields_min && value.MemberCount() < *schema.fields_min) {
      fail(place, "too_few", fmt::format("Must have at least {} fields.", *schema.fields_min));
    }
    if (schema.fields_max && value.MemberCount() > *schema.fields_max) {
      return fail(place, "too_many",
                  fmt::format("Must have at most {} fields.", *schema.fields_max));
    }
    for (auto const& property : schema.properties) {
      if (property.required && !is_hidden(property.schema) &&
          find_member(value, property.name) == nullptr) {
        Place const missing{.parent = &place, .token = property.name, .no = {}};
        fail(missing, "missing_field", "This field is required.");
      }
    }
    bool const closed = role == Role::whole &&
                        (schema.additional == Schema::Additional::refused ||
                         (schema.additional == Schema::Additional::unsaid && names_fields(schema)));
    for (auto const& member : value.GetObject()) {
      if (errors_.size() >= kFieldErrorsMax) return;
      Place const field{.parent = &place, .token = text_of(member.name), .no = {}};
      check_field(schema, member.value, field, closed);
    }
  }

  void check_field(Schema const& schema, Value const& value, Place const& field, bool closed) {
    Schema::Property const* property = find_property(schema, field.token);
    if (property != nullptr) {
      if (is_hidden(property->schema)) {
        fail(field, "read_only_field", "This field cannot be given here.");
      } else if (property->schema != nullptr) {
        check(*property->schema, value, field, Role::whole);
      }
    } else if (schema.additional == Schema::Additional::checked) {
      check(*schema.additional_schema, value, field, Role::whole);
    } else if (closed && !knows(schema, field.token)) {
      fail(field, "unknown_field", "This field is not known here.");
    }
  }

  [[nodiscard]] FieldErrors try_branch(Schema const& branch, Value const& value, Place const& place,
                                       Role role) {
    FieldErrors found;
    Checker{direction_, found, branch_steps_, true}.check(branch, value, place, role);
    return found;
  }

  void check_one_of(Schema const& schema, Value const& value, Place const& place, Role role) {
    if (!schema.discriminator.empty()) return check_named_branch(schema, value, place, role);
    check_branches(schema.one_of, value, place, role, true);
  }

  void check_any_of(Schema const& schema, Value const& value, Place const& place, Role role) {
    if (!schema.discriminator.empty() && schema.one_of.empty()) {
      return check_named_branch(schema, value, place, role);
    }
    check_branches(schema.any_of, value, place, role, false);
  }

  /// With a discriminator the faults are those of the branch the client meant.
  void check_named_branch(Schema const& schema, Value const& value, Place const& place, Role role) {
    if (!value.IsObject()) return fail(place, "wrong_type", type_sentence(SchemaType::object));
    Place const field{.parent = &place, .token = schema.discriminator, .no = {}};
    Value const* name = find_member(value, schema.discriminator);
    if (name == nullptr) return fail(field, "missing_field", "This field is required.");
    if (!name->IsString()) return fail(field, "wrong_type", type_sentence(SchemaType::string));
    auto const branch = schema.branches.find(text_of(*name));
    if (branch == schema.branches.end()) {
      return fail(field, "not_in_enum", "Names no known variant.");
    }
    check(*branch->second, value, place, role);
  }

  /// Without one they are those of the branch with the fewest faults among those of fitting type.
  void check_branches(std::vector<Schema const*> const& branches, Value const& value,
                      Place const& place, Role role, bool exactly_one) {
    std::size_t fitting = 0;
    std::optional<FieldErrors> best;
    for (Schema const* branch : branches) {
      FieldErrors found = try_branch(*branch, value, place, role);
      if (found.empty()) {
        ++fitting;
        if (!exactly_one) return;
      } else if (has_type(branch->type, value) && (!best || found.size() < best->size())) {
        best = std::move(found);
      }
    }
    if (fitting == 1) return;
    if (fitting > 1) return fail(place, "ambiguous_variant", "Fits more than one variant.");
    if (!best) return fail(place, "no_variant", "Fits none of the variants.");
    for (auto& error : *best) {
      if (errors_.size() < kFieldErrorsMax) errors_.push_back(std::move(error));
    }
  }

  Direction direction_;
  FieldErrors& errors_;
  std::size_t& branch_steps_;
  bool in_branch_;
};

}  // namespace

void check(Schema const& schema, Value const& value, Direction direction, std::string_view pointer,
           FieldErrors& errors) {
  std::size_t branch_steps = 0;
  Checker{direction, errors, branch_steps, false}.check(schema, value, Place{nullptr, pointer, {}},
                                                        Role::whole);
  if (branch_steps > kBranchStepsMax) {
    errors.assign(1, {std::string{pointer}, "too_complex", "Takes too long to check."});
  }
}

}  // namespace leadex::json
