#pragma once
// The body of a webhook, rendered when it is sent: {"type","timestamp","data"}. The only place
// where a contact goes into one. Any thread.

#include <optional>
#include <string>

#include "server/crypto/public_id.hpp"
#include "server/privacy/key_ring.hpp"
#include "server/storage/deliveries.hpp"

namespace leadex::delivery {

/// Bytes that may hold a contact: wiped when they go.
class Body {
 public:
  explicit Body(std::string text) : text_(std::move(text)) {}
  Body(Body&& other) noexcept : text_(std::exchange(other.text_, {})) {}
  Body(Body const&) = delete;
  Body& operator=(Body const&) = delete;
  Body& operator=(Body&&) = delete;
  ~Body();
  [[nodiscard]] std::string const& text() const { return text_; }

 private:
  std::string text_;
};

/// Nothing when the contact that belongs into it does not open (a broken row: told to the log).
[[nodiscard]] std::optional<Body> render_body(crypto::PublicIdCodec const& ids,
                                              privacy::KeyRing const& keys,
                                              storage::ClaimedDelivery const& claimed);

/// evt_…, the webhook-id of all attempts.
[[nodiscard]] std::string event_id(crypto::PublicIdCodec const& ids, storage::EventKey const& key);

}  // namespace leadex::delivery
