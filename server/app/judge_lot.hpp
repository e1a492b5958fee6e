#pragma once
// What the checks of a lot say by now, in the words of the pure room. Pure; any thread.

#include <span>

#include "matching/quality/lot_verdict.hpp"
#include "server/storage/lots.hpp"

namespace leadex::app {

/// Verifiers work on it.
[[nodiscard]] bool is_waiting(storage::Batch const& batch);

/// @param batch   its upload is at its end.  @param checks  all of them, in draw order.
[[nodiscard]] quality::LotVerdict judge(storage::Batch const& batch,
                                        std::span<storage::SpotCheck const> checks,
                                        BasisPoints unreachable_max);

}  // namespace leadex::app
