#pragma once
// register_delivery: events, webhook endpoints and their deliveries. Runs once, before the server
// starts.

#include "server/api/api_context.hpp"
#include "server/http/router.hpp"

namespace leadex::api {

/// `context.delivery` is set and outlives the router.
void register_delivery(http::Router& router, ApiContext& context);

}  // namespace leadex::api
