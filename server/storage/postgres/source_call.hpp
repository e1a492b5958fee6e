#pragma once
// The prepared insert of table lead_source, with the leads it speaks of. Used by
// market_statements.cpp; any thread.

#include <span>
#include <string>
#include <vector>

#include "server/storage/postgres/market_statements.hpp"

namespace leadex::storage::postgres {

extern Statement const kLeadSources;

/// Leads of which something was told.
[[nodiscard]] std::vector<NewLead const*> sourced(std::span<NewLead const> leads);
/// The statement's parameters behind the market's number, binary. @param leads  of sourced()
[[nodiscard]] std::vector<std::string> source_columns(std::vector<NewLead const*> const& leads);

}  // namespace leadex::storage::postgres
