#include "server/api/api.hpp"

#include "server/api/v1/staff.hpp"

namespace leadex::api {

void register_api(http::Router& router, ApiContext& context) { register_staff(router, context); }

}  // namespace leadex::api
