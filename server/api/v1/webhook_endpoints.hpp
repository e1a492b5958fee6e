#pragma once
// Handlers of webhook endpoints and their deliveries. Named coroutines; see operation.hpp.

#include "server/api/operation.hpp"

namespace leadex::api {

[[nodiscard]] asio::awaitable<ApiResult> create_webhook_endpoint(ApiCall& call);
[[nodiscard]] asio::awaitable<ApiResult> list_webhook_endpoints(ApiCall& call);
[[nodiscard]] asio::awaitable<ApiResult> get_webhook_endpoint(ApiCall& call);
[[nodiscard]] asio::awaitable<ApiResult> delete_webhook_endpoint(ApiCall& call);
[[nodiscard]] asio::awaitable<ApiResult> test_webhook_endpoint(ApiCall& call);
[[nodiscard]] asio::awaitable<ApiResult> list_webhook_deliveries(ApiCall& call);
[[nodiscard]] asio::awaitable<ApiResult> resend_webhook_delivery(ApiCall& call);
[[nodiscard]] asio::awaitable<ApiResult> list_events(ApiCall& call);

}  // namespace leadex::api
