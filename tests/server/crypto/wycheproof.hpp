#pragma once
// Reads the shared test vectors (Wycheproof and Standard Webhooks), which are not kept in the
// repository. For tests of server/crypto only.

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <functional>
#include <iostream>
#include <iterator>
#include <optional>
#include <string>

#include "server/crypto/bytes.hpp"
#include "server/json/rapidjson.hpp"

namespace leadex::crypto::vectors {

inline std::optional<std::string> read_shared(std::string const& name) {
  char const* const folder = std::getenv("LEADEX_SHARED_DATA");  // NOLINT(concurrency-mt-unsafe)
  std::ifstream file((folder != nullptr ? std::string(folder) : "../shared/data") + "/" + name,
                     std::ios::binary);
  if (!file) {
    std::cerr << "\n*** SHARED DATA MISSING: " << name
              << " (set LEADEX_SHARED_DATA); its vectors are NOT checked ***\n";
    return std::nullopt;
  }
  return std::string(std::istreambuf_iterator<char>(file), {});
}

inline Bytes hex_of(rapidjson::Value const& object, char const* name) {
  auto const bytes = hex_decode(object[name].GetString());
  EXPECT_TRUE(bytes.has_value()) << name;
  return bytes.value_or(Bytes{});
}

/// Calls `check(group, test, valid)` for every vector of a Wycheproof file.
/// @return how many there were; nothing when the file is absent.
inline std::optional<int> for_each_vector(
    std::string const& name,
    std::function<void(rapidjson::Value const&, rapidjson::Value const&, bool)> const& check) {
  auto const text = read_shared("crypto/wycheproof/" + name);
  if (!text) return std::nullopt;
  rapidjson::Document document;
  document.Parse(text->c_str());
  EXPECT_FALSE(document.HasParseError());
  int count = 0;
  for (auto const& group : document["testGroups"].GetArray()) {
    for (auto const& test : group["tests"].GetArray()) {
      SCOPED_TRACE(name + " tcId " + std::to_string(test["tcId"].GetInt()));
      check(group, test, std::string(test["result"].GetString()) == "valid");
      ++count;
    }
  }
  return count;
}

}  // namespace leadex::crypto::vectors
