#pragma once
// The least that a lead can score of which only a part is told yet: what a ping's promises rest on.
// Pure; any thread.

#include "matching/quality/score_table.hpp"

namespace leadex::quality {

/// At most the score of any lead with these attributes, this vehicle and these facts, whatever else
/// is known of it when it comes, whenever it was captured and whatever it touched: rules that may
/// still take points have taken them, those that may give some have given none.
/// @param told  facts.known: what is sure already; its other facts, touchpoints and times count for
///              nothing. @return 0 … kScoreMax @cost as score_lead
[[nodiscard]] std::int64_t least_score(ScoreTable const& table, ScoredLead const& told);

}  // namespace leadex::quality
