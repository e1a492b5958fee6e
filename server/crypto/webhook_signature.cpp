#include "server/crypto/webhook_signature.hpp"

#include <algorithm>
#include <utility>

#include "billing/values/check.hpp"
#include "server/crypto/random.hpp"

namespace leadex::crypto {
namespace {

constexpr std::string_view kSecretPrefix = "whsec_";
constexpr std::string_view kSignaturePrefix = "v1,";
constexpr std::size_t kGeneratedBytes = 32;
constexpr int kSignaturesMax = 16;

}  // namespace

WebhookSecret WebhookSecret::generate() { return WebhookSecret(random_secret(kGeneratedBytes)); }

std::optional<WebhookSecret> WebhookSecret::parse(std::string_view text) {
  if (!text.starts_with(kSecretPrefix)) return std::nullopt;
  auto bytes = base64_decode(text.substr(kSecretPrefix.size()));
  if (!bytes) return std::nullopt;
  auto secret = Secret::take(*std::move(bytes));
  if (secret.size() < kWebhookSecretBytesMin || secret.size() > kWebhookSecretBytesMax) {
    return std::nullopt;
  }
  return WebhookSecret(std::move(secret));
}

Secret WebhookSecret::text() const {
  auto encoded = base64_encode(bytes_.view());
  auto text = std::string(kSecretPrefix) + encoded;
  wipe(encoded);
  return Secret::take(std::move(text));
}

std::string WebhookSecret::sign(std::string_view id, std::int64_t timestamp_s,
                                std::string_view body) const {
  LEADEX_CHECK(!id.empty() && id.find('.') == std::string_view::npos);
  auto const tag = key_.sign({id, ".", std::to_string(timestamp_s), ".", body});
  return std::string(kSignaturePrefix) + base64_encode(view_of(tag));
}

bool WebhookSecret::matches(std::string_view id, std::int64_t timestamp_s, std::string_view body,
                            std::string_view header) const {
  if (id.empty() || id.find('.') != std::string_view::npos) return false;
  auto const own = sign(id, timestamp_s, body);
  for (int seen = 0; seen < kSignaturesMax && !header.empty(); ++seen) {
    auto const end = std::min(header.find(' '), header.size());
    if (constant_time_equal(header.substr(0, end), own)) return true;
    header.remove_prefix(std::min(end + 1, header.size()));
  }
  return false;
}

}  // namespace leadex::crypto
