#pragma once
// A market's definition as JSON: read from requests, written as it is stored and shown. Pure; any
// thread.

#include <string>

#include "server/app/market_definition.hpp"
#include "server/json/field_error.hpp"
#include "server/json/value.hpp"
#include "server/json/writer.hpp"
#include "server/storage/markets.hpp"

namespace leadex::api {

/// Puts what `body` says over `definition`; what it leaves out stays. `body` has passed the
/// contract; faults of amounts and names go to `errors`.
void read_market_definition(json::Value const& body, app::MarketDefinition& definition,
                            json::FieldErrors& errors);

/// All of it, in the order of the contract.
[[nodiscard]] std::string market_definition_text(app::MarketDefinition const& definition);

/// The definition of a stored market. Throws when the text is not one of ours.
[[nodiscard]] app::MarketDefinition stored_definition(storage::CatalogMarket const& market);

/// The market as the API shows it.
/// `staff`: others are not told which buyer's campaign takes what nobody took.
void write_market(json::JsonWriter& writer, storage::CatalogMarket const& market, bool staff);

}  // namespace leadex::api
