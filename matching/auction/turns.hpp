#pragma once
// Orders inside a tier that are not by price: weight, round robin, waterfall, hybrid. Working parts
// of run_auction() alone. Pure.

#include "matching/auction/placing.hpp"

namespace leadex::auction {

/// The route's outcome under AuctionInput::routing, which is not Routing::price.
[[nodiscard]] RouteResult take_turns(Book const& book);

}  // namespace leadex::auction
