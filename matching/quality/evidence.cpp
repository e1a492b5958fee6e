#include "matching/quality/evidence.hpp"

#include <algorithm>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <numbers>

#include "billing/values/check.hpp"

namespace leadex::quality {
namespace {

double share_of(std::int64_t ppm) {
  return static_cast<double>(ppm) / static_cast<double>(kMillion);
}

// x ln y, also where both are zero.
double times_log(double x, double y) { return x == 0 ? 0 : x * std::log(y); }

// Of the beta(½, ½) mixture against the rate q.
double log_against(double q, double seen, double missed) {
  auto const mixture = boost::math::lgamma(seen + 0.5) + boost::math::lgamma(missed + 0.5) -
                       boost::math::lgamma(seen + missed + 1) - std::log(std::numbers::pi);
  return mixture - times_log(seen, q) - times_log(missed, 1 - q);
}

// Where log_against falls to the limit between `outside`, an end of the unit interval, and
// `inside`.
double border(double outside, double inside, double seen, double missed, double limit) {
  for (int step = 0; step < 60; ++step) {
    auto const middle = (outside + inside) / 2;
    (log_against(middle, seen, missed) < limit ? inside : outside) = middle;
  }
  return outside;
}

}  // namespace

void MixtureEvidence::add(std::array<double, kAlternatives.size()> const& log_ratios) {
  for (std::size_t i = 0; i < logs_.size(); ++i) logs_[i] += log_ratios[i];
  log_highest_ = std::max(log_highest_, log_now());
}

double MixtureEvidence::log_now() const {
  auto const highest = *std::ranges::max_element(logs_);
  double sum = 0;
  for (auto const log : logs_) sum += std::exp(log - highest);
  return highest + std::log(sum / static_cast<double>(logs_.size()));
}

bool MixtureEvidence::ever_reached(std::int64_t false_alarms_ppm) const {
  // The margin is far above all rounding of a lifetime's sums.
  return log_highest_ >= -std::log(share_of(false_alarms_ppm)) + 1e-6;
}

RateInterval interval_at_any_time(std::int64_t seen, std::int64_t counted,
                                  std::int64_t confidence_ppm) {
  LEADEX_CHECK(seen >= 0 && seen <= counted);
  LEADEX_CHECK(confidence_ppm > 0 && confidence_ppm < kMillion);
  if (counted == 0) return {};
  auto const limit = -std::log(share_of(kMillion - confidence_ppm));
  auto const yes = static_cast<double>(seen);
  auto const no = static_cast<double>(counted - seen);
  auto const rate = yes / static_cast<double>(counted);
  RateInterval interval;
  if (seen > 0) interval.low = border(0, rate, yes, no, limit);
  if (seen < counted) interval.high = border(1, rate, yes, no, limit);
  return interval;
}

RateInterval exact_interval(std::int64_t seen, std::int64_t counted, std::int64_t confidence_ppm) {
  LEADEX_CHECK(seen >= 0 && seen <= counted);
  LEADEX_CHECK(confidence_ppm > 0 && confidence_ppm < kMillion);
  if (counted == 0) return {};
  using Binomial = boost::math::binomial_distribution<double>;
  auto const tail = share_of(kMillion - confidence_ppm) / 2;
  auto const n = static_cast<double>(counted);
  auto const x = static_cast<double>(seen);
  return {Binomial::find_lower_bound_on_p(n, x, tail), Binomial::find_upper_bound_on_p(n, x, tail)};
}

std::int64_t to_ppm(double share) { return std::llround(share * static_cast<double>(kMillion)); }

std::int64_t to_evidence_milli(double natural_log) {
  return std::llround(natural_log / std::numbers::ln10 * 1000);
}

}  // namespace leadex::quality
