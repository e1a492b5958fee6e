#include "server/api/api.hpp"

#include "billing/values/check.hpp"
#include "server/api/v1/delivery.hpp"
#include "server/api/v1/intake_services.hpp"
#include "server/api/v1/source_services.hpp"
#include "server/api/v1/staff.hpp"
#include "server/api/v1/trade.hpp"

namespace leadex::api {

void register_api(http::Router& router, ApiContext& context) {
  register_staff(router, context);
  register_trade(router, context);
  register_intake(router, context);
  LEADEX_CHECK(context.intake->sources != nullptr);
  register_sources(router, context, *context.intake->sources);
  register_delivery(router, context);
}

}  // namespace leadex::api
