#pragma once
// Shares in millionths as English text. Pure; any thread.

#include <cstdint>
#include <string>

namespace leadex::quality {

/// 123'456 ppm is "12.35 %", halves up. @pre not negative
[[nodiscard]] inline std::string percent(std::int64_t ppm) {
  auto const hundredths = (ppm + 50) / 100;
  auto const rest = hundredths % 100;
  return std::to_string(hundredths / 100) + (rest < 10 ? ".0" : ".") + std::to_string(rest) + " %";
}

}  // namespace leadex::quality
