#include "server/config/settings.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "server/config/setting_table.hpp"
#include "server/config/toml_file.hpp"

namespace leadex {

namespace {

using config::Setting;

constexpr std::array<std::string_view, 4> kOriginTexts{"default", "file", "environment", "flag"};

Setting const* find_setting(std::string_view key) {
  auto const table = config::setting_table();
  auto const at = std::ranges::find(table, key, &Setting::key);
  return at == table.end() ? nullptr : &*at;
}

/// Collects values in rising order of rank, and every fault on the way.
class Loader {
 public:
  void take(std::string_view key, std::string_view value, Origin origin, std::string_view place) {
    auto const* const setting = find_setting(key);
    if (setting == nullptr) {
      faults_.push_back(fmt::format("{}: no such setting", place));
      return;
    }
    auto const fault = config::assign(*setting, value, loaded_.settings);
    if (!fault.empty()) faults_.push_back(fmt::format("{} {}", place, fault));
    origins_[setting->key] = origin;
  }

  void take_file(std::string const& path) {
    auto const read = config::read_toml_file(path);
    if (!read) {
      faults_.push_back(read.error());
      return;
    }
    bool holds_secret = false;
    for (auto const& [key, value] : *read) {
      take(key, value, Origin::file, fmt::format("{} in {}", key, path));
      auto const* const setting = find_setting(key);
      holds_secret = holds_secret || (setting != nullptr && setting->secret);
    }
    if (holds_secret && config::readable_by_others(path)) {
      faults_.push_back(fmt::format("{} holds a secret and others may read it: chmod 640", path));
    }
    loaded_.config_file = path;
  }

  Result<LoadedSettings, SettingsError> finish() {
    if (!faults_.empty()) return refuse(SettingsError{std::move(faults_)});
    fill_in_places();
    for (auto const& setting : config::setting_table()) loaded_.info.push_back(describe(setting));
    return std::move(loaded_);
  }

 private:
  void fill_in_places() {
    auto& settings = loaded_.settings;
    std::filesystem::path const var{settings.var};
    auto const place = [&var](std::string& path, char const* standard) {
      if (path.empty()) path = (var / standard).string();
    };
    place(settings.tls_certificate, "tls/server.crt");
    place(settings.tls_key, "tls/server.key");
    place(settings.root_key_file, "keys/root.key");
    if (settings.epochs_folder.empty()) settings.epochs_folder = settings.root_key_file + ".epochs";
  }

  [[nodiscard]] SettingInfo describe(Setting const& setting) const {
    auto const shown = [&setting](Settings const& settings) {
      auto value = config::print(setting, settings);
      if (setting.secret) value = value.empty() ? "(not set)" : "(set)";
      return value;
    };
    auto const origin = origins_.find(setting.key);
    return {std::string{setting.key},
            config::environment_name(setting.key),
            config::flag_name(setting.key),
            config::type_name(setting),
            shown(Settings{}),
            std::string{setting.help},
            shown(loaded_.settings),
            origin == origins_.end() ? Origin::standard : origin->second,
            setting.secret};
  }

  LoadedSettings loaded_;
  std::map<std::string_view, Origin> origins_;
  std::vector<std::string> faults_;
};

/// An empty variable counts as not set, as a shell leaves it behind.
std::string variable(std::map<std::string, std::string> const& environment,
                     std::string const& name) {
  auto const at = environment.find(name);
  return at == environment.end() ? std::string{} : at->second;
}

}  // namespace

std::string_view text(Origin origin) { return kOriginTexts.at(static_cast<std::size_t>(origin)); }

Result<LoadedSettings, SettingsError> load_settings(SettingSources const& sources) {
  Loader loader;
  auto const file = sources.config_file.empty() ? variable(sources.environment, "LEADEX_CONFIG")
                                                : sources.config_file;
  if (!file.empty()) loader.take_file(file);
  for (auto const& setting : config::setting_table()) {
    auto const name = config::environment_name(setting.key);
    auto const value = variable(sources.environment, name);
    if (!value.empty()) loader.take(setting.key, value, Origin::environment, name);
  }
  for (auto const& [key, value] : sources.flags) {
    loader.take(key, value, Origin::flag, config::flag_name(key));
  }
  return loader.finish();
}

std::map<std::string, std::string> leadex_environment() {
  std::map<std::string, std::string> found;
  for (char** at = environ; at != nullptr && *at != nullptr; ++at) {
    std::string_view const entry{*at};
    auto const equals = entry.find('=');
    if (!entry.starts_with("LEADEX_") || equals == std::string_view::npos) continue;
    found.emplace(entry.substr(0, equals), entry.substr(equals + 1));
  }
  return found;
}

std::string show(LoadedSettings const& loaded) {
  std::size_t key_width = 0;
  std::size_t value_width = 0;
  for (auto const& info : loaded.info) {
    key_width = std::max(key_width, info.key.size());
    value_width = std::max(value_width, std::min<std::size_t>(info.value.size(), 40));
  }
  std::string text_made =
      loaded.config_file.empty() ? "" : fmt::format("# file: {}\n", loaded.config_file);
  for (auto const& info : loaded.info) {
    text_made += fmt::format("{:{}} = {:{}}  # {}\n", info.key, key_width, info.value, value_width,
                             text(info.origin));
  }
  return text_made;
}

}  // namespace leadex
