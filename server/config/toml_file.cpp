#include "server/config/toml_file.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <filesystem>
#include <fstream>
#include <optional>

namespace leadex::config {

namespace {

std::optional<std::string> read_whole(std::string const& path) {
  std::error_code fault;
  if (!std::filesystem::is_regular_file(path, fault)) return std::nullopt;
  std::ifstream in{path, std::ios::binary};
  std::string content(kFileBytesMax + 1, '\0');
  in.read(content.data(), static_cast<std::streamsize>(content.size()));
  if (in.bad() || !in.is_open()) return std::nullopt;
  content.resize(static_cast<std::size_t>(in.gcount()));
  return content;
}

}  // namespace

Result<KeysAndValues, std::string> read_toml_file(std::string const& path) {
  auto const content = read_whole(path);
  if (!content) return refuse(fmt::format("{} cannot be read", path));
  if (content->size() > kFileBytesMax) {
    return refuse(fmt::format("{} is larger than {} bytes", path, kFileBytesMax));
  }
  KeysAndValues found;
  try {
    auto const table = toml::parse(*content);
    for (auto const& [key, value] : table) {
      if (auto const* const words = value.as_string()) {
        found.emplace_back(key.str(), words->get());
      } else if (auto const* const number = value.as_integer()) {
        found.emplace_back(key.str(), std::to_string(number->get()));
      } else {
        return refuse(fmt::format("{} line {}: {} must be a string or a whole number", path,
                                  value.source().begin.line, key.str()));
      }
    }
  } catch (toml::parse_error const& fault) {
    // The description names what the grammar wanted; it can quote the line, which may hold a
    // secret, so only the place is told.
    return refuse(fmt::format("{} line {} column {}: not valid TOML", path,
                              fault.source().begin.line, fault.source().begin.column));
  }
  return found;
}

bool readable_by_others(std::string const& path) {
  std::error_code fault;
  auto const status = std::filesystem::status(path, fault);
  using std::filesystem::perms;
  return !fault && (status.permissions() & perms::others_read) != perms::none;
}

}  // namespace leadex::config
