#include "server/cli/client/connection.hpp"

#include <array>
#include <filesystem>
#include <fstream>

#include "server/config/settings.hpp"

namespace leadex::cli {

namespace {

constexpr std::streamsize kSmallFileMax = 64 * 1024;

std::string variable(Environment const& environment, std::string const& name) {
  auto const found = environment.find(name);
  return found == environment.end() ? std::string{} : found->second;
}

std::string first_of(std::string const& a, std::string const& b, std::string const& c) {
  return !a.empty() ? a : !b.empty() ? b : c;
}

bool on_this_machine(std::string_view base_url) {
  return base_url.starts_with("https://127.0.0.1") || base_url.starts_with("https://localhost") ||
         base_url.starts_with("https://[::1]");
}

}  // namespace

std::string var_folder(Environment const& environment) {
  return first_of(variable(environment, "LEADEX_VAR"), "", Settings{}.var);
}

ApiAccess find_server(ConnectOptions const& options, Environment const& environment) {
  auto const port =
      first_of(variable(environment, "LEADEX_PORT"), "", std::to_string(Settings{}.port));
  ApiAccess access;
  access.base_url = first_of(options.base_url, variable(environment, "LEADEX_BASE_URL"),
                             "https://127.0.0.1:" + port);
  access.ca_file = first_of(options.ca_file, variable(environment, "LEADEX_CA_FILE"), "");
  auto const development = std::filesystem::path(var_folder(environment)) / "dev" / "ca.pem";
  std::error_code ignored;
  if (access.ca_file.empty() && on_this_machine(access.base_url) &&
      std::filesystem::exists(development, ignored)) {
    access.ca_file = development.string();
  }
  return access;
}

ApiAccess find_access(ConnectOptions const& options, Environment const& environment) {
  auto access = find_server(options, environment);
  auto const from_file = options.key_file.empty() ? "" : read_small_file(options.key_file);
  access.key = first_of(options.key, from_file, variable(environment, "LEADEX_KEY"));
  if (access.key.empty()) {
    throw Failure(kNotAllowed, "no API key: set LEADEX_KEY or give --key-file");
  }
  return access;
}

std::string read_small_file(std::string const& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw Failure(kUsage, path + " cannot be read");
  std::string text(static_cast<std::size_t>(kSmallFileMax), '\0');
  file.read(text.data(), kSmallFileMax);
  text.resize(static_cast<std::size_t>(file.gcount()));
  auto const first = text.find_first_not_of(" \t\r\n");
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

}  // namespace leadex::cli
