#include "server/json/object_reader.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace leadex::json {

std::string child_pointer(std::string_view pointer, std::string_view token) {
  constexpr std::size_t kTokenBytesMax = 64;
  bool const cut = token.size() > kTokenBytesMax;
  if (cut) {
    std::size_t length = kTokenBytesMax;
    while (length > 0 && (static_cast<unsigned char>(token[length]) & 0xC0U) == 0x80U) --length;
    token = token.substr(0, length);
  }
  std::string child{pointer};
  child += '/';
  for (char const c : token) {
    if (c == '~') {
      child += "~0";
    } else if (c == '/') {
      child += "~1";
    } else {
      child += c;
    }
  }
  if (cut) child += "...";
  return child;
}

ObjectReader::ObjectReader(Value const& object, FieldErrors& errors, std::string pointer)
    : object_{object.IsObject() ? &object : nullptr},
      errors_{errors},
      pointer_{std::move(pointer)} {
  if (object_ == nullptr && errors.size() < kFieldErrorsMax) {
    errors.push_back({pointer_, "wrong_type", "Must be an object."});
  }
}

std::string ObjectReader::pointer_to(std::string_view name) const {
  return child_pointer(pointer_, name);
}

void ObjectReader::fail(std::string_view name, std::string_view code, std::string_view detail) {
  // A faulty object has been noted already; its fields stay silent.
  if (object_ == nullptr || errors_.get().size() >= kFieldErrorsMax) return;
  errors_.get().push_back({pointer_to(name), std::string{code}, std::string{detail}});
}

bool ObjectReader::has(std::string_view name) const {
  return object_ != nullptr && find_member(*object_, name) != nullptr;
}

Value const* ObjectReader::find(std::string_view name) {
  asked_.push_back(name);
  return object_ == nullptr ? nullptr : find_member(*object_, name);
}

Value const* ObjectReader::take(std::string_view name, Need need) {
  if (object_ == nullptr) return nullptr;
  Value const* value = find(name);
  if (value != nullptr && !value->IsNull()) return value;
  if (need == Need::required) fail(name, "missing_field", "This field is required.");
  return nullptr;
}

std::optional<std::string> ObjectReader::read_string(std::string_view name, Need need) {
  Value const* value = take(name, need);
  if (value == nullptr) return std::nullopt;
  if (!value->IsString()) {
    fail(name, "wrong_type", "Must be a string.");
    return std::nullopt;
  }
  if (text_of(*value).find('\0') != std::string_view::npos) {
    fail(name, "invalid_character", "Must not hold the character NUL.");
    return std::nullopt;
  }
  return std::string{text_of(*value)};
}

std::optional<std::int64_t> ObjectReader::read_int(std::string_view name, IntRange range,
                                                   Need need) {
  Value const* value = take(name, need);
  if (value == nullptr) return std::nullopt;
  if (!value->IsInt64()) {
    if (value->IsUint64()) {
      fail(name, "too_big", "The integer is out of range.");
    } else {
      fail(name, "wrong_type", "Must be an integer without fraction or exponent.");
    }
    return std::nullopt;
  }
  std::int64_t const number = value->GetInt64();
  if (number < range.min) {
    fail(name, "too_small", fmt::format("Must be at least {}.", range.min));
    return std::nullopt;
  }
  if (number > range.max) {
    fail(name, "too_big", fmt::format("Must be at most {}.", range.max));
    return std::nullopt;
  }
  return number;
}

std::optional<bool> ObjectReader::read_bool(std::string_view name, Need need) {
  Value const* value = take(name, need);
  if (value == nullptr) return std::nullopt;
  if (!value->IsBool()) {
    fail(name, "wrong_type", "Must be true or false.");
    return std::nullopt;
  }
  return value->GetBool();
}

Value const* ObjectReader::read_array(std::string_view name, Need need) {
  Value const* value = take(name, need);
  if (value == nullptr || value->IsArray()) return value;
  fail(name, "wrong_type", "Must be an array.");
  return nullptr;
}

std::string ObjectReader::require_string(std::string_view name) {
  return read_string(name, Need::required).value_or(std::string{});
}
std::int64_t ObjectReader::require_int(std::string_view name, IntRange range) {
  return read_int(name, range, Need::required).value_or(0);
}
bool ObjectReader::require_bool(std::string_view name) {
  return read_bool(name, Need::required).value_or(false);
}
Value const* ObjectReader::require_array(std::string_view name) {
  return read_array(name, Need::required);
}

ObjectReader ObjectReader::require_object(std::string_view name) {
  Value const* value = take(name, Need::required);
  if (value != nullptr) return {*value, errors_.get(), pointer_to(name)};
  // The fault is noted already: the reader of a missing object stays silent.
  ObjectReader silent = *this;
  silent.object_ = nullptr;
  silent.pointer_ = pointer_to(name);
  silent.asked_.clear();
  return silent;
}

std::optional<std::string> ObjectReader::optional_string(std::string_view name) {
  return read_string(name, Need::optional);
}
std::optional<std::int64_t> ObjectReader::optional_int(std::string_view name, IntRange range) {
  return read_int(name, range, Need::optional);
}
std::optional<bool> ObjectReader::optional_bool(std::string_view name) {
  return read_bool(name, Need::optional);
}
Value const* ObjectReader::optional_array(std::string_view name) {
  return read_array(name, Need::optional);
}

std::optional<ObjectReader> ObjectReader::optional_object(std::string_view name) {
  Value const* value = take(name, Need::optional);
  if (value == nullptr) return std::nullopt;
  return ObjectReader{*value, errors_.get(), pointer_to(name)};
}

void ObjectReader::refuse_unknown_fields() {
  if (object_ == nullptr) return;
  for (auto const& member : object_->GetObject()) {
    std::string_view const name = text_of(member.name);
    if (std::find(asked_.begin(), asked_.end(), name) == asked_.end()) {
      fail(name, "unknown_field", "This field is not known here.");
    }
  }
}

}  // namespace leadex::json
