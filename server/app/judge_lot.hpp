#pragma once
// What the checks of a lot say by now, in the words of the pure room. Pure; any thread.

#include <span>

#include "matching/quality/lot_verdict.hpp"
#include "server/storage/inspection.hpp"

namespace leadex::app {

/// Verifiers work on it.
[[nodiscard]] bool is_waiting(storage::Batch const& batch);

/// @param batch   its upload is at its end.  @param checks  all of them, in draw order.
/// @param plan    what was stored with it; none for lots from before: the fixed plan of the batch.
[[nodiscard]] quality::LotVerdict judge(storage::Batch const& batch,
                                        std::optional<storage::LotPlan> const& plan,
                                        std::span<storage::SpotCheck const> checks,
                                        BasisPoints unreachable_max);

/// How many rows beyond the unbroken prefix may be open: all of a fixed sample, since every row of
/// it is needed.
[[nodiscard]] std::int64_t open_ahead(quality::PlanMethod method,
                                      quality::StoppingPlan const& steps);

}  // namespace leadex::app
