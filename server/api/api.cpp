#include "server/api/api.hpp"

#include "server/api/v1/delivery.hpp"
#include "server/api/v1/intake_services.hpp"
#include "server/api/v1/staff.hpp"
#include "server/api/v1/trade.hpp"

namespace leadex::api {

void register_api(http::Router& router, ApiContext& context) {
  register_staff(router, context);
  register_trade(router, context);
  register_intake(router, context);
  register_delivery(router, context);
}

}  // namespace leadex::api
