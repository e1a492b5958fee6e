#include "matching/quality/agreement.hpp"

#include <algorithm>
#include <cmath>

namespace leadex::quality {
namespace {

constexpr std::size_t kWords = 3;
constexpr double kMillion = 1e6;
constexpr double kNormal975 = 1.959963984540054;

std::int64_t ppm(double value) {
  return static_cast<std::int64_t>(std::llround(std::clamp(value, -1.0, 1.0) * kMillion));
}

}  // namespace

Agreement agreement_of(OpinionTable const& table) {
  Agreement result;
  std::array<double, kWords> first{};
  std::array<double, kWords> second{};
  for (std::size_t i = 0; i < kWords; ++i) {
    result.agreed += table[i][i];
    for (std::size_t j = 0; j < kWords; ++j) {
      result.rows += table[i][j];
      first[i] += static_cast<double>(table[i][j]);
      second[j] += static_cast<double>(table[i][j]);
    }
  }
  if (result.rows == 0) return result;
  auto const rows = static_cast<double>(result.rows);
  double by_chance = 0;
  for (std::size_t i = 0; i < kWords; ++i) {
    first[i] /= rows;
    second[i] /= rows;
    by_chance += first[i] * second[i];
  }
  // Both used one word alone: nothing can be told from chance.
  if (by_chance >= 1) return result;
  auto const seen = static_cast<double>(result.agreed) / rows;
  auto const kappa = (seen - by_chance) / (1 - by_chance);
  double spread = 0;
  for (std::size_t i = 0; i < kWords; ++i) {
    for (std::size_t j = 0; j < kWords; ++j) {
      auto const share = static_cast<double>(table[i][j]) / rows;
      auto const pull =
          i == j ? 1 - (first[i] + second[i]) * (1 - kappa) : -(second[i] + first[j]) * (1 - kappa);
      spread += share * pull * pull;
    }
  }
  auto const centre = kappa - by_chance * (1 - kappa);
  auto const variance = (spread - centre * centre) / (rows * (1 - by_chance) * (1 - by_chance));
  auto const reach = kNormal975 * std::sqrt(std::max(0.0, variance));
  result.defined = true;
  result.kappa_ppm = ppm(kappa);
  result.low_ppm = ppm(kappa - reach);
  result.high_ppm = ppm(kappa + reach);
  return result;
}

}  // namespace leadex::quality
