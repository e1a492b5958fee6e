#pragma once
// Opened: settings and keys of this machine, as every local verb needs them. Main's thread.

#include <memory>
#include <optional>
#include <string>

#include "server/cli/command.hpp"
#include "server/config/settings.hpp"
#include "server/privacy/key_ring.hpp"

namespace leadex::program {

/// Settings by file, environment and flags; empty after telling the faults on stderr.
[[nodiscard]] std::optional<LoadedSettings> open_settings(cli::LocalOptions const& options);

/// The key ring under the root key file, with its epochs; null after telling why on stderr.
[[nodiscard]] std::unique_ptr<privacy::KeyRing> open_keys(Settings const& settings);

[[nodiscard]] std::string root_key_path(Settings const& settings);
[[nodiscard]] std::string audit_heads_path(Settings const& settings);
[[nodiscard]] Timestamp wall_clock();

}  // namespace leadex::program
