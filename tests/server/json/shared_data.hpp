#pragma once
// Where the shared test data lies: LEADEX_SHARED_DATA, else ../shared/data beside the checkout.
// Tests run in the root of the checkout.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace leadex::test {

inline std::filesystem::path shared_data() {
  char const* named = std::getenv("LEADEX_SHARED_DATA");
  return named != nullptr ? std::filesystem::path{named} : std::filesystem::path{"../shared/data"};
}

inline std::string read_file(std::filesystem::path const& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{}};
}

}  // namespace leadex::test

#define LEADEX_NEED_SHARED_DATA(folder)                                                  \
  if (!std::filesystem::exists(leadex::test::shared_data() / (folder))) {                \
    std::fprintf(stderr, "\n*** SKIPPED: no shared data %s; set LEADEX_SHARED_DATA\n\n", \
                 (folder));                                                              \
    GTEST_SKIP() << "shared data absent";                                                \
  }
