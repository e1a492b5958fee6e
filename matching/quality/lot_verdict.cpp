#include "matching/quality/lot_verdict.hpp"

#include <algorithm>

#include "billing/values/check.hpp"

namespace leadex::quality {
namespace {

LotState state_after(SpotCheckPlan const& plan, LotVerdict const& so_far,
                     BasisPoints unreachable_max) {
  if (so_far.bad > plan.acceptance_number) return LotState::rejected;
  if (so_far.checked == plan.sample_size) return LotState::accepted;
  // sample + unreachable rows will have been tried when the sample is full, so this share can only
  // rise from here: the question never comes too early.
  auto const tried = plan.sample_size + so_far.unreachable;
  if (so_far.unreachable * kBasisPointsWhole > tried * unreachable_max.bp) {
    return LotState::needs_admin;
  }
  if (tried > plan.lot_size) return LotState::needs_admin;
  return LotState::pending;
}

}  // namespace

LotVerdict judge_lot(SpotCheckPlan const& plan, std::span<RowVerdict const> verdicts,
                     BasisPoints unreachable_max) {
  LEADEX_CHECK(static_cast<std::int64_t>(verdicts.size()) <= plan.lot_size);
  LotVerdict lot;
  auto const given_up = std::ranges::count(verdicts, RowVerdict::unreachable);
  lot.rows_needed = std::min(plan.lot_size, plan.sample_size + given_up);
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
  return lot;
}

}  // namespace leadex::quality
