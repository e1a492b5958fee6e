#include "server/app/judge_lot.hpp"

#include <vector>

#include "billing/values/check.hpp"

namespace leadex::app {
namespace {

quality::RowVerdict verdict_of(storage::SpotCheck const& check) {
  if (check.status != storage::CheckStatus::done) return quality::RowVerdict::pending;
  LEADEX_CHECK(check.verdict.has_value());
  switch (*check.verdict) {
    case storage::CheckVerdict::good:
      return quality::RowVerdict::good;
    case storage::CheckVerdict::bad:
      return quality::RowVerdict::bad;
    case storage::CheckVerdict::unreachable:
      break;
  }
  return quality::RowVerdict::unreachable;
}

}  // namespace

bool is_waiting(storage::Batch const& batch) {
  return batch.status == storage::BatchStatus::checking &&
         batch.decision == storage::LotDecision::pending && batch.mode != storage::LotMode::stopped;
}

std::int64_t open_ahead(quality::PlanMethod method, quality::StoppingPlan const& steps) {
  bool const fixed = method == quality::PlanMethod::fixed;
  return fixed ? 2 * steps.checks_max() : quality::kOpenAhead;
}

quality::LotVerdict judge(storage::Batch const& batch, std::optional<storage::LotPlan> const& plan,
                          std::span<storage::SpotCheck const> checks, BasisPoints unreachable_max) {
  LEADEX_CHECK(batch.sample_size && batch.acceptance_number);
  std::vector<quality::RowVerdict> verdicts;
  for (auto const& check : checks) verdicts.push_back(verdict_of(check));
  if (plan) {
    return quality::judge_lot(plan->steps, verdicts, unreachable_max,
                              open_ahead(plan->method, plan->steps));
  }
  return quality::judge_lot({.lot_size = batch.counts.accepted,
                             .sample_size = *batch.sample_size,
                             .acceptance_number = *batch.acceptance_number},
                            verdicts, unreachable_max);
}

}  // namespace leadex::app
