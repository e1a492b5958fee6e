#include "matching/estimate/expected_value.hpp"

#include <limits>

#include "billing/values/check.hpp"

namespace leadex::estimate {
namespace {

constexpr auto kCertain = Wide{kWhole} * kWhole;

// Of kCertain.
Wide chance(Odds const& odds) {
  LEADEX_CHECK(odds.billable.ppb >= 0 && odds.billable.ppb <= kWhole);
  LEADEX_CHECK(odds.returned.ppb >= 0 && odds.returned.ppb <= kWhole);
  return Wide{odds.billable.ppb} * (kWhole - odds.returned.ppb);
}

}  // namespace

std::int64_t value_micros(std::int64_t bid_micros, Odds const& odds) {
  LEADEX_CHECK(bid_micros >= 0);
  return static_cast<std::int64_t>(bid_micros * chance(odds) / kCertain);  // below 2^63 × 10^18
}

std::optional<std::int64_t> bid_worth(std::int64_t wanted_micros, Odds const& odds) {
  LEADEX_CHECK(wanted_micros >= 0);
  if (wanted_micros == 0) return 0;
  auto const part = chance(odds);
  if (part == 0) return std::nullopt;
  auto const bid = (wanted_micros * kCertain + part - 1) / part;
  if (bid > std::numeric_limits<std::int64_t>::max()) return std::nullopt;
  return static_cast<std::int64_t>(bid);
}

}  // namespace leadex::estimate
