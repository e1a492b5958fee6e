#pragma once
// What is stored in the open of a checked lead's source, beside its vehicle and reason. Uploads and
// posted leads both go through here. Pure; any thread.

#include <cstdint>
#include <optional>

#include "server/intake/contact/lead_check.hpp"
#include "server/storage/lead_sources.hpp"

namespace leadex::intake {

/// Nothing when nothing was told and no taxonomy was in force.
/// @param rules  those the lead was checked by
[[nodiscard]] std::optional<storage::LeadSource> source_row(CheckedLead const& lead,
                                                            MarketRules const& rules,
                                                            std::int64_t lead_no);

}  // namespace leadex::intake
