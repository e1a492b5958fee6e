#include "matching/quality/stopping_plan.hpp"

#include <algorithm>
#include <boost/multiprecision/cpp_int.hpp>
#include <limits>

#include "billing/values/check.hpp"

namespace leadex::quality {
namespace {

using Integer = boost::multiprecision::cpp_int;

std::size_t at(std::int64_t index) { return static_cast<std::size_t>(index); }

Side side_of(Integer const& difference) {
  if (difference == 0) return Side::at;
  return difference < 0 ? Side::below : Side::above;
}

/// Walks through all courses of verdicts at once. `weight(checked, bad, found)` is what a course
/// gains by one more check that finds a bad row or a good one; `ended(checked, bad, stop, value)`
/// sees the sum of the courses that end there, `waits(value)` those that go on.
template <class Number, class Weight, class Ended, class Waits>
void walk(StoppingPlan const& plan, Weight weight, Ended ended, Waits waits) {
  if (stop_after(plan, 0, 0) == Stop::accept) {
    ended(0, 0, Stop::accept, Number{1});
    return;
  }
  auto const most = plan.acceptance_number();
  std::vector<Number> value(at(most + 1), Number{0});
  value[0] = 1;
  std::int64_t low = 0;   // fewer bad rows are accepted by now
  std::int64_t high = 0;  // no more bad rows are found by now
  for (std::int64_t n = 0; n < plan.checks_max(); ++n) {
    for (auto d = high; d >= low; --d) {
      auto& here = value[at(d)];
      if (here == 0) continue;
      waits(here);
      Number const found = here * weight(n, d, true);
      here *= weight(n, d, false);
      if (stop_after(plan, n + 1, d + 1) == Stop::not_yet) {
        value[at(d + 1)] += found;
        high = std::max(high, d + 1);
      } else if (found != 0) {
        ended(n + 1, d + 1, stop_after(plan, n + 1, d + 1), found);
      }
    }
    // Rows d and d + 1 both lead to d + 1: whoever ends there is seen in two parts.
    for (auto d = low; d <= high; ++d) {
      auto const stop = stop_after(plan, n + 1, d);
      if (stop == Stop::not_yet) continue;
      if (value[at(d)] != 0) ended(n + 1, d, stop, value[at(d)]);
      value[at(d)] = 0;
      if (d == low && low < most) ++low;
    }
  }
}

}  // namespace

bool is_sound(StoppingPlan const& plan) {
  auto const& accept = plan.accept_from;
  auto const& reject = plan.reject_until;
  if (accept.empty() || reject.size() != accept.size() + 1 || reject.front() != 0) return false;
  if (!std::ranges::is_sorted(accept) || !std::ranges::is_sorted(reject)) return false;
  if (accept.front() < 0 || accept.back() > plan.lot_size) return false;
  if (reject.back() != accept.back()) return false;
  if (accept.front() == 0) return plan.lot_size == 0;
  for (std::size_t d = 0; d < accept.size(); ++d) {
    if (reject[d] >= accept[d]) return false;
  }
  return true;
}

Stop stop_after(StoppingPlan const& plan, std::int64_t checked, std::int64_t bad) {
  if (bad > plan.acceptance_number()) return Stop::reject;
  if (bad > 0 && checked <= plan.reject_until[at(bad)]) return Stop::reject;
  return checked >= plan.accept_from[at(bad)] ? Stop::accept : Stop::not_yet;
}

StoppingPlan stopping_plan_of(SpotCheckPlan const& plan) {
  StoppingPlan stopping{.lot_size = plan.lot_size, .accept_from = {}, .reject_until = {}};
  stopping.accept_from.assign(at(plan.acceptance_number + 1), plan.sample_size);
  stopping.reject_until.assign(at(plan.acceptance_number + 2), 0);
  stopping.reject_until.back() = plan.sample_size;
  return stopping;
}

std::vector<std::int64_t> accept_at(StoppingPlan const& plan) {
  std::vector<std::int64_t> bounds;
  std::int64_t bound = -1;
  for (std::int64_t n = 0; n <= plan.checks_max(); ++n) {
    while (bound < plan.acceptance_number() && plan.accept_from[at(bound + 1)] <= n) ++bound;
    bounds.push_back(bound);
  }
  return bounds;
}

std::vector<std::int64_t> reject_at(StoppingPlan const& plan) {
  std::vector<std::int64_t> bounds;
  std::int64_t bound = 1;
  for (std::int64_t n = 0; n <= plan.checks_max(); ++n) {
    while (bound <= plan.acceptance_number() && plan.reject_until[at(bound)] < n) ++bound;
    bounds.push_back(bound);
  }
  return bounds;
}

PlanCourse course_of(StoppingPlan const& plan, std::int64_t bad) {
  LEADEX_CHECK(0 <= bad && bad <= plan.lot_size);
  PlanCourse course;
  auto const lot = plan.lot_size;
  auto const weight = [lot, bad](std::int64_t n, std::int64_t d, bool found) {
    auto const left =
        found ? std::max<std::int64_t>(0, bad - d) : std::max<std::int64_t>(0, lot - bad - (n - d));
    return static_cast<long double>(left) / static_cast<long double>(lot - n);
  };
  auto const ended = [&](std::int64_t, std::int64_t, Stop stop, long double value) {
    (stop == Stop::accept ? course.accept : course.reject) += value;
  };
  walk<long double>(plan, weight, ended, [&](long double value) { course.checks += value; });
  return course;
}

long double course_error(StoppingPlan const& plan) {
  // All terms are positive: three roundings a check, and one for each sum they enter, all of them
  // relative. Twice that is the margin.
  constexpr auto kEpsilon = std::numeric_limits<long double>::epsilon();
  auto const terms = static_cast<long double>(plan.checks_max() + plan.acceptance_number() + 8);
  return 12 * terms * kEpsilon;
}

Side compare_stop_in_integers(StoppingPlan const& plan, std::int64_t bad, Stop stop,
                              BasisPoints limit) {
  // Orders of verdicts are counted instead of weighed by chances: the chances of a check are a
  // count of rows, and the rows left to draw from are the same for all, N − n. What ends early
  // could go on in as many ways as there are rows left.
  auto const lot = plan.lot_size;
  auto const weight = [lot, bad](std::int64_t n, std::int64_t d, bool found) {
    auto const left = found ? bad - d : lot - bad - (n - d);
    return Integer{std::max<std::int64_t>(0, left)};
  };
  std::vector<Integer> by_checks(at(plan.checks_max() + 1), Integer{0});
  auto const ended = [&](std::int64_t n, std::int64_t, Stop how, Integer const& value) {
    if (how == stop) by_checks[at(n)] += value;
  };
  walk<Integer>(plan, weight, ended, [](Integer const&) {});
  Integer total = 0;
  Integer all = 1;
  for (std::int64_t n = 0; n <= plan.checks_max(); ++n) {
    total += by_checks[at(n)];
    if (n == plan.checks_max()) break;
    total *= lot - n;
    all *= lot - n;
  }
  return side_of(total * kBasisPointsWhole - all * limit.bp);
}

namespace {

Side against(StoppingPlan const& plan, std::int64_t bad, Stop stop, BasisPoints limit) {
  auto const course = course_of(plan, bad);
  auto const value = stop == Stop::accept ? course.accept : course.reject;
  auto const difference =
      value - static_cast<long double>(limit.bp) / static_cast<long double>(kBasisPointsWhole);
  auto const margin = std::max(1e-12L, course_error(plan));
  if (difference > margin) return Side::above;
  if (difference < -margin) return Side::below;
  return compare_stop_in_integers(plan, bad, stop, limit);
}

}  // namespace

Side accept_against(StoppingPlan const& plan, std::int64_t bad, BasisPoints limit) {
  return against(plan, bad, Stop::accept, limit);
}

Side reject_against(StoppingPlan const& plan, std::int64_t bad, BasisPoints limit) {
  return against(plan, bad, Stop::reject, limit);
}

bool keeps_risks(StoppingPlan const& plan, SpotCheckSettings const& settings) {
  auto const edges = edges_of(plan.lot_size, settings);
  return accept_against(plan, edges.rejectable, settings.buyer_risk) != Side::above &&
         reject_against(plan, edges.acceptable, settings.seller_risk) != Side::above;
}

}  // namespace leadex::quality
