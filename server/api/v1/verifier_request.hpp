#pragma once
// What is sent to the endpoint of a market's adapter (an HTTP verifier, an SMS provider): one POST,
// signed as webhooks are. Any thread.

#include <optional>
#include <string>

#include "server/api/api_context.hpp"
#include "server/http/client.hpp"
#include "server/privacy/sealed_value.hpp"
#include "server/storage/check_verifiers.hpp"

namespace leadex::api {

/// Where the secret of a market's endpoint is sealed. `row` is privacy::row_key of the market.
[[nodiscard]] inline privacy::SealPlace verifier_secret_place(MarketNo market,
                                                              crypto::ByteView row) {
  return {"check_verifier", market, row, "secret_sealed"};
}

/// @param id    the webhook-id: the same each time that the same thing is asked, without '.'
/// @return      none when the adapter has no endpoint, or its secret does not open
[[nodiscard]] std::optional<http::ClientRequest> verifier_request(
    ApiContext const& context, storage::CheckVerifier const& verifier, std::string const& id,
    std::string body);

}  // namespace leadex::api
