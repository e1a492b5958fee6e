#pragma once
// register_api: every operation this program serves. Runs once, before the server starts.

#include "server/api/api_context.hpp"
#include "server/http/router.hpp"

namespace leadex::api {

/// Adds all routes. `context` outlives the router, and its trade, intake and delivery are set.
void register_api(http::Router& router, ApiContext& context);

}  // namespace leadex::api
