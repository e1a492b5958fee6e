#pragma once
// Signatures of Standard Webhooks 1.0.0, scheme v1: HMAC-SHA256 over `id.timestamp.body`, secrets
// as `whsec_` + base64. Any thread. The body is the raw bytes sent, never rendered again.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "server/crypto/hash.hpp"

namespace leadex::crypto {

inline constexpr std::size_t kWebhookSecretBytesMin = 24;
inline constexpr std::size_t kWebhookSecretBytesMax = 64;

class WebhookSecret {
 public:
  static WebhookSecret generate();  // 32 random bytes
  /// Nothing unless the text is `whsec_` and strict base64 of 24…64 bytes.
  static std::optional<WebhookSecret> parse(std::string_view text);

  /// `whsec_…`, to be shown once and to be kept sealed.
  [[nodiscard]] Secret text() const;

  /// The value of one signature, `v1,<base64>`. While a secret is being changed, the header
  /// carries the old and the new one's with a space between.
  /// @param id  the webhook-id header, without '.'.   @param timestamp_s  Unix seconds of this try.
  [[nodiscard]] std::string sign(std::string_view id, std::int64_t timestamp_s,
                                 std::string_view body) const;

  /// True when one of the header's space-separated signatures is ours. The caller judges the age
  /// of the timestamp. Looks at 16 signatures at most.
  [[nodiscard]] bool matches(std::string_view id, std::int64_t timestamp_s, std::string_view body,
                             std::string_view header) const;

 private:
  explicit WebhookSecret(Secret bytes) : bytes_(bytes.clone()), key_(std::move(bytes)) {}
  Secret bytes_;
  HmacKey key_;
};

}  // namespace leadex::crypto
