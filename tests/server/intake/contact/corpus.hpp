#pragma once
// Reads the shared test data (JSON lines) for the contact tests. The data stands beside the
// repository and is no part of it: a test prints that it is absent and skips. Tests only.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "server/json/value.hpp"

namespace leadex::test {

inline std::filesystem::path shared_data() {
  char const* const named = std::getenv("LEADEX_SHARED_DATA");
  return named ? std::filesystem::path{named} : std::filesystem::path{"../shared/data"};
}

/// True when the file is there; says so loudly when it is not.
inline bool has_shared(std::string_view file) {
  auto const path = shared_data() / file;
  if (std::filesystem::exists(path)) return true;
  std::cerr << "\n*** SHARED TEST DATA ABSENT: " << file
            << " (set LEADEX_SHARED_DATA); this test proves nothing now ***\n\n";
  return false;
}

inline std::string read_whole(std::filesystem::path const& path) {
  std::ifstream stream{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{stream}, {}};
}

inline std::vector<json::Document> read_json_lines(std::string_view file) {
  std::ifstream stream{shared_data() / file, std::ios::binary};
  std::vector<json::Document> documents;
  for (std::string line; std::getline(stream, line);) {
    if (line.empty()) continue;
    auto document = json::parse(line);
    // A lone surrogate is no text in any encoding that a lead may come in.
    if (!document && document.error().code == json::JsonErrorCode::lone_surrogate) continue;
    if (!document) std::abort();
    documents.push_back(std::move(*document));
  }
  return documents;
}

inline std::string text_of(json::Value const& value, char const* name) {
  auto const& text = value[name];
  return {text.GetString(), text.GetStringLength()};
}

/// Hostile strings of all lists under strings/.
inline std::vector<std::string> read_hostile_strings() {
  std::vector<std::string> strings;
  for (auto const* file : {"strings/sqli.jsonl", "strings/xss.jsonl", "strings/crlf.jsonl"}) {
    for (auto const& document : read_json_lines(file)) strings.push_back(text_of(document, "s"));
  }
  auto const list = json::parse(read_whole(shared_data() / "strings/blns-half.json"));
  if (!list) std::abort();
  for (auto const& text : list->GetArray()) {
    strings.emplace_back(text.GetString(), text.GetStringLength());
  }
  return strings;
}

}  // namespace leadex::test
