#pragma once
// The log behind a lead's score, made again from what is kept of the lead. Pure; any thread.

#include "matching/quality/score_table.hpp"
#include "server/app/app_error.hpp"
#include "server/market/settings.hpp"
#include "server/storage/lead_stories.hpp"

namespace leadex::app {

struct ScoreLog {
  quality::Score score;
  std::int64_t scored_us{};
};

/// Nothing for a lead without a score.
/// @param settings  of the version that the lead keeps
/// @errors internal_invariant: what is kept cannot be read, or does not sum to the stored score
[[nodiscard]] AppResult<std::optional<ScoreLog>> score_log(market::MarketSettings const& settings,
                                                           storage::ScoredLeadRow const& lead);

}  // namespace leadex::app
