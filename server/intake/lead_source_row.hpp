#pragma once
// What is stored in the open of a checked lead's source, beside its vehicle and reason. Uploads and
// posted leads both go through here. Pure; any thread.

#include <memory>

#include "server/intake/contact/lead_check.hpp"
#include "server/storage/lead_sources.hpp"

namespace leadex::intake {

/// Null when nothing was told and no taxonomy was in force.
/// @param taxonomy  by which the lead was checked; null: none
[[nodiscard]] std::shared_ptr<storage::LeadSource const> source_row(
    CheckedLead const& lead, storage::TaxonomyVersion const* taxonomy);

}  // namespace leadex::intake
