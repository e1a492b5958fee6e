#include "tests/e2e/marker/scan.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <stdexcept>

#include "server/crypto/bytes.hpp"
#include "server/storage/postgres/market_chain.hpp"

namespace leadex::e2e {

namespace {

namespace fs = std::filesystem;

std::string setting(char const* name) {
  char const* const value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
  if (value == nullptr) throw std::runtime_error(std::string{name} + " is not set");
  return value;
}

std::string bytes_of(fs::path const& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw std::runtime_error(path.string() + " cannot be read");
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return std::move(bytes).str();
}

std::string output_of(std::string const& command) {
  std::unique_ptr<FILE, int (*)(FILE*)> const pipe{popen(command.c_str(), "r"), pclose};
  if (!pipe) throw std::runtime_error("cannot run " + command);
  std::string out;
  std::array<char, 65536> piece{};
  for (std::size_t n = 0; (n = fread(piece.data(), 1, piece.size(), pipe.get())) > 0;) {
    out.append(piece.data(), n);
  }
  return out;
}

/// The bodies of all commits, which the database holds packed.
std::vector<std::string> unpacked(std::string const& hex_lines) {
  std::vector<std::string> bodies;
  std::istringstream lines(hex_lines);
  for (std::string line; std::getline(lines, line);) {
    auto const packed = crypto::hex_decode(line);
    if (!packed) throw std::runtime_error("a commit's body is no hex");
    auto body = storage::postgres::open_body(*packed);
    if (!body) throw std::runtime_error("a commit's body does not unpack");
    bodies.push_back(std::move(body->body));
  }
  return bodies;
}

}  // namespace

std::vector<std::string> Scan::of(std::string const& part) const {
  std::vector<std::string> found;
  for (auto const& hit : hits) {
    if (hit.starts_with(part + ": ")) found.push_back(hit);
  }
  return found;
}

std::string Scan::summary() const {
  std::string text;
  std::uint64_t bytes = 0;
  for (auto const& [part, scanned] : parts) {
    text += fmt::format("  {:<28}{:>6} files or texts {:>12} bytes\n", part, scanned.files,
                        scanned.bytes);
    bytes += scanned.bytes;
  }
  return text + fmt::format("  {} bytes in all, {} hits\n", bytes, hits.size());
}

Scanner::Scanner() : forms_(all_forms()) {}

void Scanner::text(Scan& scan, std::string const& part, std::string const& name,
                   std::string_view bytes) const {
  auto& scanned = scan.parts[part];
  ++scanned.files;
  scanned.bytes += bytes.size();
  for (auto const& what : found_in(bytes, forms_)) {
    scan.hits.push_back(part + ": " + name + ": " + what);
  }
}

void Scanner::folder(Scan& scan, std::string const& part, std::string const& path) const {
  for (auto const& entry : fs::recursive_directory_iterator(path)) {
    if (!entry.is_regular_file()) continue;
    auto const below = entry.path().lexically_relative(path);
    auto const name = part.empty() ? "database " + below.begin()->string() : part;
    std::error_code gone;
    if (!fs::exists(entry.path(), gone)) continue;  // a file of the database that has ended
    text(scan, name, below.string(), bytes_of(entry.path()));
  }
}

std::string Scanner::database(std::string const& verb) {
  auto const script = setting("LEADEX_MARKER_SCRIPT");
  auto out = output_of("'" + script + "' " + verb + " && echo done");
  constexpr std::string_view kDone = "done\n";
  if (!out.ends_with(kDone)) throw std::runtime_error("marker_database.sh " + verb + " failed");
  out.resize(out.size() - kDone.size());
  return out;
}

Scan Scanner::everything() const {
  Scan scan;
  database("checkpoint");
  text(scan, "pg_dump", "all tables", database("dump"));
  for (auto const& body : unpacked(database("bodies"))) text(scan, "commit bodies", "body", body);
  auto places = database("places");
  auto const line = places.find('\n');
  auto const data = places.substr(0, line);
  folder(scan, "", data);
  folder(scan, "PostgreSQL's log", places.substr(line + 1, places.find('\n', line + 1) - line - 1));
  auto const var = setting("LEADEX_VAR");
  for (auto const& entry : fs::directory_iterator(var)) {
    auto const name = entry.path().filename().string();
    if (entry.is_directory() && name != "pg") folder(scan, "var/" + name, entry.path());
    if (entry.is_regular_file()) text(scan, "var", name, bytes_of(entry.path()));
  }
  text(
      scan, "metrics", "/metrics",
      output_of("curl -sS --fail http://127.0.0.1:" + setting("LEADEX_METRICS_PORT") + "/metrics"));
  return scan;
}

}  // namespace leadex::e2e
