#pragma once
// Checks one attribute against the market's schema. CSV text is read into the attribute's type;
// JSON values have to be of that type already. Intake only; pure, any thread.

#include <optional>

#include "server/intake/contact/market_rules.hpp"
#include "server/intake/contact/raw_lead.hpp"

namespace leadex::intake {

/// The typed value, or nullopt when the schema does not allow it. CSV booleans are true, false,
/// yes, no, 1, 0 in any case; CSV integers decimal digits with an optional minus.
[[nodiscard]] std::optional<AttributeValue> check_attribute(RawScalar const& raw,
                                                            AttributeRule const& rule);

}  // namespace leadex::intake
