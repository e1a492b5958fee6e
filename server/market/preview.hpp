#pragma once
// preview: what a lead would be sold for if it were offered now, with fees. Reads only; on the
// actor's strand, inside MarketActor::view.

#include <optional>
#include <vector>

#include "server/market/market_actor.hpp"

namespace leadex::market {

/// Nothing when the market does not know the lead's version.
[[nodiscard]] std::optional<std::vector<SoldShare>> preview(EngineView const& view,
                                                            OfferLead const& lead);

}  // namespace leadex::market
