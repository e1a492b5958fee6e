// Health and the contract itself.

#include "server/api/v1/staff.hpp"

namespace leadex::api {

namespace {

http::Response health(int status, std::string_view word) {
  json::JsonWriter writer;
  {
    auto const whole = writer.object();
    writer.field("status", word);
  }
  return answer(status, writer);
}

}  // namespace

Answered livez(ApiCall& /*call*/) { co_return health(200, "ok"); }

Answered readyz(ApiCall& call) {
  constexpr int kNotReady = 503;
  if (call.ctx.draining && call.ctx.draining()) co_return health(kNotReady, "draining");
  auto const environment = co_await call.ctx.database.transact(
      [](storage::PlatformTx& tx) { return tx.tenants().environment().has_value(); });
  std::int64_t ready = 0;
  std::int64_t waiting = 0;
  for (auto const& market : call.ctx.markets.all()) ++(market->ready() ? ready : waiting);
  // Markets of other processes wait here for ever, so some that wait are no fault of this one.
  bool const serving = environment && *environment && (ready > 0 || waiting == 0);
  json::JsonWriter writer;
  {
    auto const whole = writer.object();
    writer.field("status", serving ? "ok" : "unavailable");
    writer.field("database", environment && *environment ? "ok" : "unavailable");
    auto const markets = writer.object("markets");
    writer.field("ready", ready);
    writer.field("waiting", waiting);
  }
  co_return answer(serving ? 200 : kNotReady, writer);
}

Answered openapi(ApiCall& call) {
  auto response = http::make_response(200, "application/json", call.ctx.contract.openapi_json());
  response.headers.add("Cache-Control", "max-age=300");
  co_return response;
}

}  // namespace leadex::api
