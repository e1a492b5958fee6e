#include "server/app/check_curve.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace leadex::app {
namespace {

constexpr std::array<std::int32_t, 14> kRates{0,   50,  100,  150,  200,  300,  400,
                                              500, 750, 1000, 1500, 2000, 3000, 5000};

/// The grid with the market's own rates; the rejectable one last of those that are in doubt.
std::vector<std::int32_t> rates_of(quality::SpotCheckSettings const& settings) {
  std::vector<std::int32_t> rates{kRates.begin(), kRates.end()};
  rates.push_back(settings.acceptable_rate.bp);
  rates.push_back(settings.rejectable_rate.bp);
  std::ranges::sort(rates);
  auto const rest = std::ranges::unique(rates);
  rates.erase(rest.begin(), rest.end());
  return rates;
}

std::int64_t scaled(long double value, long double unit) {
  return static_cast<std::int64_t>(std::llround(value * unit));
}

CurvePoint point_of(quality::StoppingPlan const& steps, std::int32_t rate_bp, bool rejectable) {
  constexpr long double kMillion = 1e6L;
  constexpr long double kThousand = 1e3L;
  auto const product = steps.lot_size * rate_bp;
  auto const up = rejectable ? std::int64_t{kBasisPointsWhole} - 1 : 0;
  auto const bad = (product + up) / kBasisPointsWhole;
  auto const course = quality::course_of(steps, bad);
  return {rate_bp, bad, std::clamp<std::int64_t>(scaled(course.accept, kMillion), 0, 1'000'000),
          scaled(course.checks, kThousand)};
}

}  // namespace

std::optional<std::vector<ModeCurve>> check_curve(quality::SpotCheckSettings const& settings,
                                                  quality::PlanMethod method,
                                                  std::int64_t lot_size) {
  using quality::InspectionMode;
  std::vector<ModeCurve> curves;
  for (auto const mode :
       {InspectionMode::normal, InspectionMode::tightened, InspectionMode::reduced}) {
    ModeCurve curve{mode, plan_lot(settings, method, mode, lot_size), {}};
    auto const& steps = curve.planned.steps;
    if (steps.checks_max() > kCurveStatesMax / (steps.acceptance_number() + 1)) return std::nullopt;
    for (auto const rate : rates_of(settings)) {
      // As the plan's own edges: rounded down where lots are to pass, up where they are to fail.
      curve.points.push_back(point_of(steps, rate, rate >= settings.rejectable_rate.bp));
    }
    curves.push_back(std::move(curve));
  }
  return curves;
}

}  // namespace leadex::app
