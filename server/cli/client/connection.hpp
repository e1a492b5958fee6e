#pragma once
// Where the server is and with which key: flags, then environment, then the development server of
// this machine. Reads files; one thread.

#include <map>
#include <string>

#include "server/cli/client/api.hpp"
#include "server/cli/command.hpp"

namespace leadex::cli {

using Environment = std::map<std::string, std::string>;

/// The var folder of this machine: LEADEX_VAR or the settings' default.
[[nodiscard]] std::string var_folder(Environment const& environment);

/// base_url: flag, LEADEX_BASE_URL, https://127.0.0.1:<LEADEX_PORT or 8443>. ca_file: flag,
/// LEADEX_CA_FILE, the development authority for a server on this machine, else the system's. The
/// key stays empty.
[[nodiscard]] ApiAccess find_server(ConnectOptions const& options, Environment const& environment);

/// As find_server(), with the key from a flag, a file or LEADEX_KEY.
/// Throws Failure: kNotAllowed without a key, kUsage when its file cannot be read.
[[nodiscard]] ApiAccess find_access(ConnectOptions const& options, Environment const& environment);

/// The text of a small file without the white space around it. Throws Failure (kUsage).
[[nodiscard]] std::string read_small_file(std::string const& path);

}  // namespace leadex::cli
