#pragma once
// A list of states as one text parameter, for `any(string_to_array($1, ','))`. Inside this room
// only; pure.

#include <optional>
#include <string>
#include <vector>

namespace leadex::storage::postgres {

/// "open,used"; nothing for an empty list, which means all.
template <class Enum>
[[nodiscard]] std::optional<std::string> words_of(std::vector<Enum> const& values) {
  if (values.empty()) return std::nullopt;
  std::string words;
  for (auto const value : values) {
    if (!words.empty()) words += ',';
    words += text(value);
  }
  return words;
}

}  // namespace leadex::storage::postgres
