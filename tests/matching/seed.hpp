#pragma once
// The seed of a random test, printed so that LEADEX_TEST_SEED can repeat it; LEADEX_TEST_FULL asks
// for long runs. One thread.

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>

namespace leadex {

[[nodiscard]] inline bool full_run() { return std::getenv("LEADEX_TEST_FULL") != nullptr; }

[[nodiscard]] inline std::uint64_t seed_of_run() {
  std::uint64_t seed = std::random_device{}();
  if (char const* given = std::getenv("LEADEX_TEST_SEED")) seed = std::strtoull(given, nullptr, 10);
  std::cout << "seed " << seed << "\n";
  return seed;
}

}  // namespace leadex
