#include "matching/quality/hypergeometric.hpp"

#include <algorithm>
#include <boost/multiprecision/cpp_bin_float.hpp>
#include <boost/multiprecision/cpp_int.hpp>
#include <cmath>
#include <limits>

#include "billing/values/check.hpp"

namespace leadex::quality {
namespace {

using Wide = boost::multiprecision::cpp_bin_float_100;
using Integer = boost::multiprecision::cpp_int;

// Ratio of P(X = c) at n + 1 to that at n, as numerator and denominator.
struct Ratio {
  std::int64_t numerator;
  std::int64_t denominator;
};

// Products of two numbers up to 10^7 stay far inside int64.
Ratio after_draw(std::int64_t lot, std::int64_t bad, std::int64_t n, std::int64_t c) {
  return {(n + 1) * (lot - bad - n + c), (n + 1 - c) * (lot - n)};
}
Ratio after_bearing(std::int64_t lot, std::int64_t bad, std::int64_t n, std::int64_t c) {
  return {(bad - c) * (n - c), (c + 1) * (lot - bad - n + c + 1)};
}

Side side_of(Integer const& difference) {
  if (difference == 0) return Side::at;
  return difference < 0 ? Side::below : Side::above;
}

// C(n, k); every division is exact.
Integer choose(std::int64_t n, std::int64_t k) {
  if (k < 0 || k > n) return 0;
  k = std::min(k, n - k);
  Integer result = 1;
  for (std::int64_t i = 1; i <= k; ++i) result = result * (n - k + i) / i;
  return result;
}

// P(X ≤ c) with a hundred digits: P(X = low), then upwards by ratios. `low` is the fewest bad rows
// that n draws can hold; from n = 0 the walk raises c whenever the good rows are used up.
Wide wide_at_most(std::int64_t lot, std::int64_t bad, std::int64_t drawn, std::int64_t borne) {
  auto const low = std::max<std::int64_t>(0, drawn - (lot - bad));
  if (borne < low) return 0;
  Wide exactly = 1;
  if (low == 0) {
    for (std::int64_t n = 0; n < drawn; ++n) {
      auto const ratio = after_draw(lot, bad, n, 0);
      exactly = exactly * ratio.numerator / ratio.denominator;
    }
  } else {
    // All good rows are drawn: P = C(D, low) / C(N, N - n).
    auto const left = lot - drawn;  // = D - low, rows not drawn, all bad
    for (std::int64_t i = 0; i < left; ++i) exactly = exactly * (bad - i) / (lot - i);
  }
  Wide total = exactly;
  for (auto c = low; c < std::min({borne, bad, drawn}); ++c) {
    auto const ratio = after_bearing(lot, bad, drawn, c);
    exactly = exactly * ratio.numerator / ratio.denominator;
    total += exactly;
  }
  return total;
}

}  // namespace

void HypergeometricWalk::draw_one_more() {
  LEADEX_CHECK(drawn_ < lot_size_);
  ++steps_;
  auto const good_left = lot_size_ - bad_ - (drawn_ - borne_);
  auto const lost = exactly_ * static_cast<long double>(bad_ - borne_) /
                    static_cast<long double>(lot_size_ - drawn_);
  at_most_ -= lost;
  moved_ += lost;
  if (good_left == 0) {
    LEADEX_CHECK(exactly_ > 0);
    last_exactly_ = exactly_;
    exactly_ = 0;
    at_most_ = 0;
  } else {
    auto const ratio = after_draw(lot_size_, bad_, drawn_, borne_);
    exactly_ *=
        static_cast<long double>(ratio.numerator) / static_cast<long double>(ratio.denominator);
  }
  ++drawn_;
}

void HypergeometricWalk::bear_one_more() {
  LEADEX_CHECK(borne_ < drawn_);
  ++steps_;
  auto const good = lot_size_ - bad_;
  if (drawn_ - borne_ > good) {
    // c lay just under the fewest bad rows possible; c + 1 is that fewest, so P(≤ c+1) = P(= c+1),
    // which is to P(= c) one draw earlier as (good + c + 1) is to (c + 1).
    LEADEX_CHECK(drawn_ - borne_ == good + 1);
    exactly_ = last_exactly_ * static_cast<long double>(good + borne_ + 1) /
               static_cast<long double>(borne_ + 1);
    at_most_ = exactly_;
  } else {
    auto const ratio = after_bearing(lot_size_, bad_, drawn_, borne_);
    exactly_ *=
        static_cast<long double>(ratio.numerator) / static_cast<long double>(ratio.denominator);
    at_most_ += exactly_;
  }
  moved_ += exactly_;
  ++borne_;
}

std::optional<Side> HypergeometricWalk::clearly_against(BasisPoints limit) const {
  // P(X = c) rounds four times a step at most, so after all steps it is wrong by 4 × steps ×
  // epsilon of itself, and at_most_ by that share of all that was ever added to it or taken from
  // it, plus its own roundings. Twice that is the margin; 1e-12 is the least we ever trust.
  constexpr auto kEpsilon = std::numeric_limits<long double>::epsilon();
  auto const margin =
      std::max(1e-12L, 8 * kEpsilon * static_cast<long double>(steps_ + 4) * (moved_ + 1));
  auto const difference =
      at_most_ - static_cast<long double>(limit.bp) / static_cast<long double>(kBasisPointsWhole);
  if (difference > margin) return Side::above;
  if (difference < -margin) return Side::below;
  return std::nullopt;
}

Side HypergeometricWalk::exactly_against(BasisPoints limit) const {
  if (auto const side = clearly_against(limit)) return *side;
  return compare_exactly(lot_size_, bad_, drawn_, borne_, limit);
}

Side compare_exactly(std::int64_t lot_size, std::int64_t bad, std::int64_t drawn,
                     std::int64_t borne, BasisPoints limit) {
  // At most 4·10^7 roundings of 10^-100 each: an error far below 10^-80.
  Wide const difference =
      wide_at_most(lot_size, bad, drawn, borne) - Wide(limit.bp) / kBasisPointsWhole;
  Wide const doubt("1e-80");
  if (difference > doubt) return Side::above;
  if (difference < -doubt) return Side::below;
  return compare_in_integers(lot_size, bad, drawn, borne, limit);
}

Side compare_in_integers(std::int64_t lot_size, std::int64_t bad, std::int64_t drawn,
                         std::int64_t borne, BasisPoints limit) {
  auto const low = std::max<std::int64_t>(0, drawn - (lot_size - bad));
  Integer ways = choose(bad, low) * choose(lot_size - bad, drawn - low);
  Integer total = borne < low ? Integer(0) : ways;
  for (auto c = low; c < std::min({borne, bad, drawn}); ++c) {
    auto const ratio = after_bearing(lot_size, bad, drawn, c);
    ways = ways * ratio.numerator / ratio.denominator;
    total += ways;
  }
  return side_of(total * kBasisPointsWhole - choose(lot_size, drawn) * limit.bp);
}

}  // namespace leadex::quality
