#include "matching/quality/sequential_plan.hpp"

#include <algorithm>
#include <array>

#include "billing/values/check.hpp"

namespace leadex::quality {
namespace {

std::size_t at(std::int64_t index) { return static_cast<std::size_t>(index); }

/// Lots that the number of checks is counted for, and how much each counts: one just acceptable,
/// one just rejectable, one four times as bad.
struct Case {
  std::int64_t bad{};
  long double weight{};
};
using Cases = std::array<Case, 3>;
constexpr std::int64_t kFarTimes = 4;

Cases cases_of(std::int64_t lot, SpotCheckSettings const& settings) {
  auto const edges = edges_of(lot, settings);
  auto const far = std::min(lot, edges.rejectable * kFarTimes);
  return {{{edges.acceptable, 0.6L}, {edges.rejectable, 0.1L}, {far, 0.3L}}};
}

long double mean_checks(StoppingPlan const& plan, Cases const& cases) {
  long double sum = 0;
  for (auto const& one : cases) sum += one.weight * course_of(plan, one.bad).checks;
  return sum;
}

/// Plans by backward induction: at each state the cheapest of accepting, rejecting and checking
/// one row more, when a check costs 1, rejecting an acceptable lot `reject_cost` and accepting a
/// rejectable one `accept_cost`. Nothing here decides whether risks are kept; that is tested
/// exactly afterwards.
class Induction {
 public:
  Induction(std::int64_t lot, Cases const& cases, std::int64_t checks_max, std::int64_t bad_max)
      : lot_(lot), checks_max_(checks_max), bad_max_(bad_max), width_(at(bad_max + 2)) {
    auto const size = at(checks_max + 1) * width_;
    acceptable_ = orders(cases[0].bad, size);
    rejectable_ = orders(cases[1].bad, size);
    auto const far = orders(cases[2].bad, size);
    check_.resize(size);
    for (std::size_t i = 0; i < size; ++i) {
      check_[i] = cases[0].weight * acceptable_[i] + cases[1].weight * rejectable_[i] +
                  cases[2].weight * far[i];
    }
    stops_.resize(size);
  }

  StoppingPlan plan(long double accept_cost, long double reject_cost) {
    std::vector<long double> later(width_);
    for (auto n = checks_max_; n >= 0; --n) {
      for (std::int64_t d = 0; d <= std::min(n, bad_max_ + 1); ++d) {
        auto const i = at(n) * width_ + at(d);
        auto const accept = accept_cost * rejectable_[i];
        auto const reject = reject_cost * acceptable_[i];
        auto& stop = stops_[i];
        stop = accept <= reject ? Stop::accept : Stop::reject;
        auto best = std::min(accept, reject);
        if (d > bad_max_) {
          stop = Stop::reject;
          best = reject;
        } else if (n < checks_max_) {
          auto const go_on = check_[i] + later[at(d)] + later[at(d + 1)];
          if (go_on < best) {
            stop = Stop::not_yet;
            best = go_on;
          }
        }
        // later[d] is read by states d and d − 1 of this n, of which d − 1 came before.
        later[at(d)] = best;
      }
    }
    return steps();
  }

 private:
  /// Chance of each one order of verdicts that leads to a state.
  std::vector<long double> orders(std::int64_t bad, std::size_t size) const {
    std::vector<long double> chance(size, 0.0L);
    chance[0] = 1;
    for (std::int64_t n = 0; n < checks_max_; ++n) {
      auto const left = static_cast<long double>(lot_ - n);
      for (std::int64_t d = 0; d <= std::min(n, bad_max_); ++d) {
        auto const here = chance[at(n) * width_ + at(d)];
        auto const good_left = std::max<std::int64_t>(0, lot_ - bad - (n - d));
        auto const bad_left = std::max<std::int64_t>(0, bad - d);
        chance[at(n + 1) * width_ + at(d)] = here * static_cast<long double>(good_left) / left;
        chance[at(n + 1) * width_ + at(d + 1)] = here * static_cast<long double>(bad_left) / left;
      }
    }
    return chance;
  }

  Stop stop(std::int64_t n, std::int64_t d) const { return stops_[at(n) * width_ + at(d)]; }

  /// Empty when nothing accepts.
  StoppingPlan steps() const {
    StoppingPlan plan{.lot_size = lot_, .accept_from = {}, .reject_until = {0}};
    for (std::int64_t d = 0; d <= bad_max_ && stop(checks_max_, d) == Stop::accept; ++d) {
      auto from = checks_max_;
      while (from > d && stop(from - 1, d) == Stop::accept) --from;
      auto until = from - 1;
      while (until >= d && stop(until, d) != Stop::reject) --until;
      if (until < d || d == 0) until = 0;
      if (d > 0) {
        from = std::max(from, plan.accept_from.back());
        until = std::max(until, plan.reject_until.back());
        plan.reject_until.push_back(until);
      }
      plan.accept_from.push_back(std::max<std::int64_t>(from, 1));
    }
    if (!plan.accept_from.empty()) plan.reject_until.push_back(plan.checks_max());
    return plan;
  }

  std::int64_t lot_;
  std::int64_t checks_max_;
  std::int64_t bad_max_;
  std::size_t width_;
  std::vector<long double> acceptable_, rejectable_, check_;
  std::vector<Stop> stops_;
};

/// The lightest costs of mistakes under which the plan keeps both risks: whichever risk is not
/// kept makes its mistake dearer. Empty when even the heaviest do not.
std::optional<StoppingPlan> lightest(std::int64_t lot, SpotCheckSettings const& settings,
                                     Cases const& cases, SpotCheckPlan const& fixed) {
  constexpr long double kHeavier = 1.0625L;
  constexpr int kTriesMax = 400;
  auto const checks_max = std::min(lot, fixed.sample_size * 3 / 2);
  auto const bad_max = std::min(checks_max, 2 * fixed.acceptance_number + 6);
  Induction induction(lot, cases, checks_max, bad_max);
  auto accept_cost = static_cast<long double>(fixed.sample_size) / 2;
  auto reject_cost = accept_cost;
  for (int tries = 0; tries < kTriesMax; ++tries) {
    auto plan = induction.plan(accept_cost, reject_cost);
    bool const rejects_good =
        !is_sound(plan) || reject_against(plan, cases[0].bad, settings.seller_risk) == Side::above;
    if (rejects_good) {
      reject_cost *= kHeavier;
      // A plan that accepts nothing, or at once, is cured by either cost.
      if (plan.accept_from.empty()) continue;
    }
    bool const accepts_bad =
        !is_sound(plan) || accept_against(plan, cases[1].bad, settings.buyer_risk) == Side::above;
    if (accepts_bad) accept_cost *= kHeavier;
    if (!rejects_good && !accepts_bad) return plan;
  }
  return std::nullopt;
}

/// Moves one bound after the other as far as the risks allow and checks are saved.
class Polish {
 public:
  Polish(StoppingPlan plan, SpotCheckSettings const& settings, Cases const& cases)
      : plan_(std::move(plan)), settings_(settings), cases_(cases) {
    least_ = mean_checks(plan_, cases_);
  }

  StoppingPlan done() {
    constexpr int kRoundsMax = 8;
    for (int round = 0; round < kRoundsMax && once(); ++round) {
    }
    return plan_;
  }

 private:
  bool once() {
    bool moved = false;
    for (std::int64_t const by : {8, 2, 1}) {
      for (std::size_t d = 0; d < plan_.accept_from.size(); ++d) {
        while (earlier(d, by)) moved = true;
        while (d > 0 && longer(d, by)) moved = true;
      }
    }
    return moved;
  }
  bool earlier(std::size_t d, std::int64_t by) {
    auto tried = plan_;
    tried.accept_from[d] -= by;
    tried.reject_until.back() = tried.checks_max();
    return take(std::move(tried));
  }
  bool longer(std::size_t d, std::int64_t by) {
    auto tried = plan_;
    tried.reject_until[d] += by;
    return take(std::move(tried));
  }
  bool take(StoppingPlan tried) {
    if (!is_sound(tried) || !keeps_risks(tried, settings_)) return false;
    auto const checks = mean_checks(tried, cases_);
    if (checks >= least_) return false;
    least_ = checks;
    plan_ = std::move(tried);
    return true;
  }

  StoppingPlan plan_;
  SpotCheckSettings const& settings_;
  Cases const& cases_;
  long double least_{};
};

}  // namespace

StoppingPlan curtailed(SpotCheckPlan const& plan) {
  auto stopping = stopping_plan_of(plan);
  auto const most = plan.acceptance_number;
  for (std::int64_t d = 0; d <= most; ++d) {
    stopping.accept_from[at(d)] = plan.sample_size - most + d;
  }
  return stopping;
}

Result<StoppingPlan, PlanError> plan_sequential(std::int64_t lot_size,
                                                SpotCheckSettings const& settings) {
  auto const fixed = plan_spot_check(lot_size, settings);
  if (!fixed) return refuse(fixed.error());
  if (lot_size == 0) return stopping_plan_of(*fixed);
  auto plan = curtailed(*fixed);
  // A full check may bear as many bad rows as it has rows; those few accept at once.
  if (plan.accept_from.front() < 1) plan = stopping_plan_of(*fixed);
  auto const states = fixed->sample_size * 3 / 2 * (2 * fixed->acceptance_number + 6);
  if (fixed->sample_size > kSearchedSampleMax || states > kSearchedStatesMax) return plan;
  auto const cases = cases_of(lot_size, settings);
  auto const found = lightest(lot_size, settings, cases, *fixed);
  if (found) {
    auto better = Polish{*found, settings, cases}.done();
    if (mean_checks(better, cases) < mean_checks(plan, cases)) plan = std::move(better);
  }
  LEADEX_CHECK(is_sound(plan));
  return plan;
}

}  // namespace leadex::quality
