#pragma once
// The table of settings: key, type, limits and help of each, with the way to set and print it. Used
// by settings.cpp only; any thread.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "server/config/settings.hpp"

namespace leadex::config {

enum class Kind : std::uint8_t { number, bytes, seconds, money, text, choice, address };

struct Setting {
  std::string_view key;
  Kind kind{};
  std::string_view help;
  bool secret = false;
  std::int64_t min = 0;        ///< number, bytes, seconds; for text the least length
  std::int64_t max = 0;        ///< likewise the most
  std::string_view choices{};  ///< choice: the words with | between

  void (*set_number)(Settings&, std::int64_t) = nullptr;
  std::int64_t (*get_number)(Settings const&) = nullptr;
  std::string Settings::*text = nullptr;
};

[[nodiscard]] std::span<Setting const> setting_table();

/// Reads `value` as the setting's type into `settings`.
/// @return empty, or what is wrong with it ("must be a number from 1 to 64")
[[nodiscard]] std::string assign(Setting const& setting, std::string_view value,
                                 Settings& settings);

/// The value as it would be written in the environment.
[[nodiscard]] std::string print(Setting const& setting, Settings const& settings);

[[nodiscard]] std::string type_name(Setting const& setting);
[[nodiscard]] std::string environment_name(std::string_view key);  ///< LEADEX_KEY
[[nodiscard]] std::string flag_name(std::string_view key);         ///< --key-with-dashes

}  // namespace leadex::config
