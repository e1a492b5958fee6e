#pragma once
// Keyed hash of a request for idempotency, computed while the body streams: tells whether a retry
// carries the same bytes, and shows nothing of them. One thread at a time.

#include <string_view>

#include "server/crypto/hash.hpp"
#include "server/privacy/key_ring.hpp"

namespace leadex::privacy {

class RequestFingerprint {
 public:
  /// @param target  what else must be the same for a retry, e.g. the canonical query string; kept
  ///                apart from the body by its length.
  explicit RequestFingerprint(KeyRing const& ring, std::string_view target = {});

  RequestFingerprint& update(crypto::ByteView body_part);
  /// Column body_hash. Call once, after the last part.
  [[nodiscard]] crypto::Digest finish() { return stream_.finish(); }

 private:
  crypto::HmacStream stream_;
};

}  // namespace leadex::privacy
