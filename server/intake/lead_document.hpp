#pragma once
// A Lead as JSON, taken apart for the row check. One line of an NDJSON upload or the body of a
// posted lead. Pure; any thread.

#include <vector>

#include "billing/values/result.hpp"
#include "server/intake/contact/market_rules.hpp"
#include "server/intake/contact/raw_lead.hpp"
#include "server/intake/contact/row_fault.hpp"
#include "server/json/value.hpp"

namespace leadex::intake {

/// Fields outside the Lead that may stand at its top: `market` of a posted lead, `bid_ids` of one
/// behind a ping. Of a ping only attributes, source, consent and addresses of pages are read.
enum class LeadFields : std::uint8_t { lead, lead_and_market, lead_and_bids, ping };

/// The views look into `document`, which outlives the result.
/// @errors  malformed_row for each field that is unknown or of a wrong type, never empty. A wrong
///          value is no error here: that is the row check's.
[[nodiscard]] Result<RawLead, std::vector<RowFault>> read_lead_document(
    json::Value const& document, MarketRules const& rules, LeadFields fields = LeadFields::lead);

}  // namespace leadex::intake
