#pragma once
// Reads a flat TOML file into keys and values. The only user of toml++; any thread.

#include <string>
#include <utility>
#include <vector>

#include "billing/values/result.hpp"

namespace leadex::config {

inline constexpr std::size_t kFileBytesMax = 1 << 20;

using KeysAndValues = std::vector<std::pair<std::string, std::string>>;

/// Keys in the file's order with their values as text: strings and whole numbers only, as every
/// setting is one of them. @errors a sentence for the operator, naming file and line
[[nodiscard]] Result<KeysAndValues, std::string> read_toml_file(std::string const& path);

/// Whether users other than owner and group may read the file.
[[nodiscard]] bool readable_by_others(std::string const& path);

}  // namespace leadex::config
