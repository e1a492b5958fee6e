#pragma once
// DeliveryServices: what the handlers of events and webhooks need beside the context. Built by
// main, read by every thread.

#include <functional>

#include "server/http/client.hpp"

namespace leadex::api {

struct DeliveryServices {
  http::ClientOptions url_rules;    ///< loopback only where the database's environment is `dev`
  std::function<void()> due;        ///< called when a delivery was made; may be empty
  std::int64_t endpoints_max = 50;  ///< of one account
};

}  // namespace leadex::api
