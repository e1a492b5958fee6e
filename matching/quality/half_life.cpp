#include "matching/quality/half_life.hpp"

#include <algorithm>
#include <array>

#include "billing/values/check.hpp"

namespace leadex::quality {
namespace {

using Wide = unsigned __int128;

constexpr int kFractionBits = 20;
static_assert(kHalfLifeParts == std::int64_t{1} << kFractionBits);
constexpr int kInnerBits = 60;
constexpr int kWeightBits = 30;
constexpr std::int64_t kMillion = 1'000'000;

// 2^60 × 2^(−2^−k) for k = 1 … 20, rounded to nearest.
constexpr std::array<std::uint64_t, kFractionBits> kRoots{
    815238614083298888,  969487560292816559,  1057233681222091667, 1104041415199452355,
    1128216774188376116, 1140502249370840087, 1146695063803852933, 1149804069520534666,
    1151361731965541101, 1152141354333077009, 1152531363459347061, 1152726417527650500,
    1152823956940537958, 1152872729741971125, 1152897116916473259, 1152909310697175488,
    1152915407635889989, 1152918456117338161, 1152919980361084987, 1152920742483714086};

// log2(e) × 2^40.
constexpr std::int64_t kLog2E = 1'586'259'972'792;
constexpr int kLog2EBits = 40;
// Beyond this the curve is flat at a millionth's precision.
constexpr std::int64_t kLogitMax = 40 * kMillion;

}  // namespace

std::int64_t half_power(std::int64_t parts) {
  LEADEX_CHECK(parts >= 0);
  auto const whole = parts >> kFractionBits;
  if (whole > kWeightBits) return 0;
  auto const fraction = static_cast<std::uint64_t>(parts & (kHalfLifeParts - 1));
  std::uint64_t product = std::uint64_t{1} << kInnerBits;
  for (int bit = kFractionBits - 1, k = 0; bit >= 0; --bit, ++k) {
    if ((fraction >> bit & 1U) == 0) continue;
    product = static_cast<std::uint64_t>(Wide{product} * kRoots.at(static_cast<std::size_t>(k)) >>
                                         kInnerBits);
  }
  return static_cast<std::int64_t>(product >> (kInnerBits - kWeightBits + whole));
}

std::int64_t decayed(std::int64_t age_us, std::int64_t half_life_us) {
  LEADEX_CHECK(half_life_us > 0);
  auto const age = static_cast<std::uint64_t>(std::max<std::int64_t>(age_us, 0));
  auto const half_life = static_cast<std::uint64_t>(half_life_us);
  if (age / half_life > kWeightBits) return 0;
  return half_power(static_cast<std::int64_t>((Wide{age} << kFractionBits) / half_life));
}

std::int64_t logistic_ppm(std::int64_t logit_micros) {
  auto const size =
      logit_micros < 0 ? -std::max(logit_micros, -kLogitMax) : std::min(logit_micros, kLogitMax);
  // e^−size = 2^(−size × log2 e), in parts of a half-life.
  auto const parts = static_cast<std::int64_t>(
      (Wide{static_cast<std::uint64_t>(size)} * static_cast<std::uint64_t>(kLog2E) >>
       (kLog2EBits - kFractionBits)) /
      static_cast<std::uint64_t>(kMillion));
  auto const power = half_power(parts);
  auto const share = logit_micros < 0 ? power : kWholeWeight;
  return kMillion * share / (kWholeWeight + power);
}

}  // namespace leadex::quality
