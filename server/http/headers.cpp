#include "server/http/headers.hpp"

#include <algorithm>

#include "billing/values/check.hpp"

namespace leadex::http {

namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

}  // namespace

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return lower(x) == lower(y); });
}

void Headers::add(std::string name, std::string value) {
  fields_.emplace_back(std::move(name), std::move(value));
}

void Headers::set(std::string name, std::string value) {
  erase(name);
  add(std::move(name), std::move(value));
}

void Headers::erase(std::string_view name) {
  std::erase_if(fields_,
                [name](Field const& field) { return equals_ignoring_case(field.first, name); });
}

std::optional<std::string_view> Headers::find(std::string_view name) const {
  for (auto const& [field, value] : fields_) {
    if (equals_ignoring_case(field, name)) return value;
  }
  return std::nullopt;
}

std::size_t Headers::count(std::string_view name) const {
  auto const n = std::count_if(fields_.begin(), fields_.end(), [name](Field const& field) {
    return equals_ignoring_case(field.first, name);
  });
  return static_cast<std::size_t>(n);
}

void PathParams::add(std::string name, std::string value) {
  values_.emplace_back(std::move(name), std::move(value));
}

std::optional<std::string_view> PathParams::find(std::string_view name) const {
  for (auto const& [known, value] : values_) {
    if (known == name) return value;
  }
  return std::nullopt;
}

std::string_view PathParams::at(std::string_view name) const {
  auto const value = find(name);
  LEADEX_CHECK(value.has_value());
  return *value;
}

}  // namespace leadex::http
