#include "matching/quality/lot_verdict.hpp"

#include <algorithm>

#include "billing/values/check.hpp"

namespace leadex::quality {
namespace {

/// Checks until the lot is accepted if no more bad rows come.
std::int64_t checks_if_good(StoppingPlan const& plan, std::int64_t bad) {
  return plan.accept_from[static_cast<std::size_t>(std::min(bad, plan.acceptance_number()))];
}

LotState state_after(StoppingPlan const& plan, LotVerdict const& so_far,
                     BasisPoints unreachable_max) {
  switch (stop_after(plan, so_far.checked, so_far.bad)) {
    case Stop::accept:
      return LotState::accepted;
    case Stop::reject:
      return LotState::rejected;
    case Stop::not_yet:
      break;
  }
  // At most checks_max + unreachable rows will have been tried at the end, so this share can only
  // rise from here: the question never comes too early.
  auto const tried = plan.checks_max() + so_far.unreachable;
  if (so_far.unreachable * kBasisPointsWhole > tried * unreachable_max.bp) {
    return LotState::needs_admin;
  }
  if (checks_if_good(plan, so_far.bad) + so_far.unreachable > plan.lot_size) {
    return LotState::needs_admin;
  }
  return LotState::pending;
}

}  // namespace

LotVerdict judge_lot(StoppingPlan const& plan, std::span<RowVerdict const> verdicts,
                     BasisPoints unreachable_max, std::int64_t open_ahead) {
  LEADEX_CHECK(static_cast<std::int64_t>(verdicts.size()) <= plan.lot_size);
  LotVerdict lot;
  lot.state = state_after(plan, lot, unreachable_max);
  for (auto const verdict : verdicts) {
    if (lot.state != LotState::pending || verdict == RowVerdict::pending) break;
    if (verdict == RowVerdict::unreachable) {
      ++lot.unreachable;
    } else {
      ++lot.checked;
      lot.bad += verdict == RowVerdict::bad ? 1 : 0;
    }
    lot.state = state_after(plan, lot, unreachable_max);
  }
  auto const given_up = std::ranges::count(verdicts, RowVerdict::unreachable);
  // In slices, so that not every verdict opens a row: between a half of it and all of it is ahead.
  auto const slice = std::max<std::int64_t>(1, open_ahead / 2);
  auto const open = std::min(checks_if_good(plan, lot.bad), (lot.checked / slice + 2) * slice);
  lot.rows_needed = std::min(plan.lot_size, open + given_up);
  return lot;
}

LotVerdict judge_lot(SpotCheckPlan const& plan, std::span<RowVerdict const> verdicts,
                     BasisPoints unreachable_max) {
  return judge_lot(stopping_plan_of(plan), verdicts, unreachable_max, 2 * plan.sample_size);
}

}  // namespace leadex::quality
