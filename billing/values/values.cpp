#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <numeric>

#include "billing/values/check.hpp"
#include "billing/values/money.hpp"

namespace leadex {

void check_failed(char const* expression, char const* file, int line) noexcept {
  std::fprintf(stderr, "LEADEX_CHECK failed: %s at %s:%d\n", expression, file, line);
  std::abort();
}

namespace {

using Wide = __int128;

Result<Money, MoneyError> narrow(Wide value) {
  if (value > std::numeric_limits<std::int64_t>::max() ||
      value < std::numeric_limits<std::int64_t>::min()) {
    return refuse(MoneyError::overflow);
  }
  return Money{static_cast<std::int64_t>(value)};
}

Wide divide(Wide value, Wide divisor, Rounding rounding) {
  Wide quotient = value / divisor;
  Wide remainder = value % divisor;
  if (remainder < 0) {  // C++ truncates; bring it to the floor first
    quotient -= 1;
    remainder += divisor;
  }
  if (rounding == Rounding::floor) return quotient;
  Wide const twice = remainder * 2;
  bool const up = twice > divisor || (twice == divisor && (quotient % 2 != 0));
  return up ? quotient + 1 : quotient;
}

}  // namespace

Result<Money, MoneyError> add(Money a, Money b) { return narrow(Wide{a.micros} + b.micros); }

Result<Money, MoneyError> subtract(Money a, Money b) { return narrow(Wide{a.micros} - b.micros); }

Result<Money, MoneyError> multiply(Money a, std::int64_t n) { return narrow(Wide{a.micros} * n); }

Result<Money, MoneyError> share(Money m, BasisPoints bp, Rounding rounding) {
  return scale(m, bp.bp, kBasisPointsWhole, rounding);
}

Result<Money, MoneyError> scale(Money m, std::int64_t numerator, std::int64_t denominator,
                                Rounding rounding) {
  LEADEX_CHECK(denominator > 0);
  return narrow(divide(Wide{m.micros} * numerator, denominator, rounding));
}

std::vector<Money> split_largest_remainder(Money whole, std::span<std::int64_t const> weights) {
  LEADEX_CHECK(whole.micros >= 0 && !weights.empty());
  Wide total = 0;
  for (auto const weight : weights) {
    LEADEX_CHECK(weight >= 0);
    total += weight;
  }
  LEADEX_CHECK(total > 0);
  std::vector<Money> parts(weights.size());
  std::vector<Wide> remainders(weights.size());
  std::int64_t left = whole.micros;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    Wide const product = Wide{whole.micros} * weights[i];
    parts[i].micros = static_cast<std::int64_t>(product / total);
    remainders[i] = product % total;
    left -= parts[i].micros;
  }
  std::vector<std::size_t> order(weights.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](auto a, auto b) { return remainders[a] > remainders[b]; });
  for (std::int64_t i = 0; i < left; ++i) parts[order[static_cast<std::size_t>(i)]].micros += 1;
  return parts;
}

}  // namespace leadex
