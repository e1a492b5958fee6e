#pragma once
// The operations of persons' rights: erasures, opt-outs, the exchange's own list. Handlers run on
// the connection's thread.

#include "server/api/operation.hpp"
#include "server/api/v1/privacy_services.hpp"

namespace leadex::api {

[[nodiscard]] asio::awaitable<ApiResult> request_erasure(ApiCall& call,
                                                         PrivacyServices const& services);
[[nodiscard]] asio::awaitable<ApiResult> record_opt_out(ApiCall& call,
                                                        PrivacyServices const& services);
[[nodiscard]] asio::awaitable<ApiResult> get_lead_consent(ApiCall& call,
                                                          PrivacyServices const& services);
/// Both want services.do_not_call.
[[nodiscard]] asio::awaitable<ApiResult> put_do_not_call(ApiCall& call,
                                                         PrivacyServices const& services);
[[nodiscard]] asio::awaitable<ApiResult> list_do_not_call(ApiCall& call,
                                                          PrivacyServices const& services);
/// On the exchange's own list, whose owner has number 0.
[[nodiscard]] asio::awaitable<ApiResult> bar_persons(ApiCall& call);
[[nodiscard]] asio::awaitable<ApiResult> get_barred_persons(ApiCall& call);

}  // namespace leadex::api
