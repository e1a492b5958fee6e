#pragma once
// The present second, as leads tell when they were captured.

#include <chrono>
#include <string>

#include "server/json/time_text.hpp"

namespace leadex::e2e {

[[nodiscard]] inline std::string now_text() {
  return json::format_timestamp(
      std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now()));
}

}  // namespace leadex::e2e
