#include "server/api/v1/verifier_request.hpp"

#include <chrono>

#include "server/crypto/webhook_signature.hpp"

namespace leadex::api {

namespace {

std::optional<crypto::WebhookSecret> open_secret(privacy::KeyRing const& keys,
                                                 storage::CheckVerifier const& verifier) {
  if (!verifier.secret_sealed) return std::nullopt;
  auto const row = privacy::row_key(verifier.market);
  auto const plain = privacy::SecretBox{keys}.open(verifier_secret_place(verifier.market, row),
                                                   *verifier.secret_sealed);
  if (!plain) return std::nullopt;
  return crypto::WebhookSecret::parse(plain->view());
}

}  // namespace

std::optional<http::ClientRequest> verifier_request(ApiContext const& context,
                                                    storage::CheckVerifier const& verifier,
                                                    std::string const& id, std::string body) {
  auto const secret = open_secret(context.keys, verifier);
  if (!secret || !verifier.url) return std::nullopt;
  auto const now = std::chrono::floor<std::chrono::seconds>(context.now());
  auto const at = now.time_since_epoch().count();
  http::ClientRequest request;
  request.url = *verifier.url;
  request.body = std::move(body);
  request.headers = {{"content-type", "application/json"},
                     {"user-agent", "Leadex"},
                     {"webhook-id", id},
                     {"webhook-timestamp", std::to_string(at)},
                     {"webhook-signature", secret->sign(id, at, request.body)}};
  return request;
}

}  // namespace leadex::api
