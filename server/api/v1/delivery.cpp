#include "server/api/v1/delivery.hpp"

#include "billing/values/check.hpp"
#include "server/api/v1/webhook_endpoints.hpp"

namespace leadex::api {

void register_delivery(http::Router& router, ApiContext& context) {
  LEADEX_CHECK(context.delivery != nullptr);
  add(router, context, "list_events", list_events);
  add(router, context, "create_webhook_endpoint", create_webhook_endpoint);
  add(router, context, "list_webhook_endpoints", list_webhook_endpoints);
  add(router, context, "get_webhook_endpoint", get_webhook_endpoint);
  add(router, context, "delete_webhook_endpoint", delete_webhook_endpoint);
  add(router, context, "test_webhook_endpoint", test_webhook_endpoint);
  add(router, context, "list_webhook_deliveries", list_webhook_deliveries);
  add(router, context, "resend_webhook_delivery", resend_webhook_delivery);
}

}  // namespace leadex::api
