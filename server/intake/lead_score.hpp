#pragma once
// The score a lead arrives with: from a checked lead to the facts that the market's points table
// sees, and to its points. Pure; any thread.

#include <optional>
#include <string>

#include "matching/quality/score_table.hpp"
#include "server/intake/contact/lead_check.hpp"
#include "server/market/settings.hpp"

namespace leadex::intake {

/// What is known of the contact and the capture, without telling any of it.
[[nodiscard]] quality::ScoreFacts score_facts(CheckedLead const& lead, Timestamp arrived_at);

struct LeadScore {
  std::int64_t value{};  ///< 0 … quality::kScoreMax
  std::string facts;     ///< codec bytes; empty for a ping
};

/// Nothing when the market has no points table. @cost a microsecond or two
[[nodiscard]] std::optional<LeadScore> score_of(market::MarketSettings const& settings,
                                                CheckedLead const& lead, Timestamp arrived_at);
/// Of a ping: what its attributes and its vehicle bring. Neither its person nor the capture are
/// known, so rules about them give it nothing, for or against.
[[nodiscard]] std::optional<LeadScore> score_of_ping(market::MarketSettings const& settings,
                                                     CheckedLead const& lead);

}  // namespace leadex::intake
