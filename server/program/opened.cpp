#include "server/program/opened.hpp"

#include <cstdio>

#include "server/privacy/epoch_keys.hpp"
#include "server/privacy/root_key.hpp"

namespace leadex::program {

std::optional<LoadedSettings> open_settings(cli::LocalOptions const& options) {
  SettingSources sources;
  sources.config_file = options.config_file;
  sources.environment = leadex_environment();
  sources.flags = options.flags;
  auto loaded = load_settings(sources);
  if (!loaded) {
    for (auto const& fault : loaded.error().faults) std::fprintf(stderr, "%s\n", fault.c_str());
    return std::nullopt;
  }
  return std::move(*loaded);
}

std::string root_key_path(Settings const& settings) {
  return settings.root_key_file.empty() ? settings.var + "/keys/root.key" : settings.root_key_file;
}

std::string audit_heads_path(Settings const& settings) { return settings.var + "/audit/heads.log"; }

std::unique_ptr<privacy::KeyRing> open_keys(Settings const& settings) {
  auto root = privacy::load_root_key_file(root_key_path(settings));
  if (!root) {
    std::fprintf(stderr, "The root key file cannot be used: %s\n", privacy::describe(root.error()));
    return nullptr;
  }
  auto ring = std::make_unique<privacy::KeyRing>(std::move(*root));
  ring->keep_epochs(std::make_unique<privacy::EpochKeys>(
      ring->root_copy(), privacy::EpochFiles{settings.epochs_folder}, wall_clock));
  return ring;
}

Timestamp wall_clock() {
  return std::chrono::time_point_cast<Micros>(std::chrono::system_clock::now());
}

}  // namespace leadex::program
