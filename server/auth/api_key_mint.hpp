#pragma once
// ApiKeyMint: makes new API keys and what is stored of them. Any thread.

#include "server/crypto/hash.hpp"
#include "server/storage/api_keys.hpp"

namespace leadex::auth {

class ApiKeyMint final : public storage::KeyMinter {
 public:
  /// @param pepper  of the key ring; it outlives this.
  explicit ApiKeyMint(crypto::HmacKey const& pepper) : pepper_(pepper) {}
  [[nodiscard]] storage::MintedKey mint(storage::KeyKind kind) const override;

 private:
  crypto::HmacKey const& pepper_;
};

}  // namespace leadex::auth
