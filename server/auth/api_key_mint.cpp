#include "server/auth/api_key_mint.hpp"

#include "server/crypto/api_key.hpp"

namespace leadex::auth {

namespace {

crypto::ApiKeyKind crypto_kind(storage::KeyKind kind) {
  switch (kind) {
    case storage::KeyKind::live:
      return crypto::ApiKeyKind::live;
    case storage::KeyKind::dev:
      return crypto::ApiKeyKind::dev;
    case storage::KeyKind::test:
      break;
  }
  return crypto::ApiKeyKind::test;
}

}  // namespace

storage::MintedKey ApiKeyMint::mint(storage::KeyKind kind) const {
  auto const key = crypto::generate_api_key(crypto_kind(kind));
  auto const hint = crypto::api_key_hint(key.view());
  return {std::string(key.view()), crypto::api_key_digest(pepper_, key.view()), hint.first12,
          hint.last4};
}

}  // namespace leadex::auth
