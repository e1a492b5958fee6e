#pragma once
// Ed25519 signatures. Any thread; keys are immutable. Signing costs about 60 microseconds: for
// heads and documents, not for each row.

#include <openssl/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "server/crypto/bytes.hpp"

namespace leadex::crypto {

using Ed25519Signature = std::array<std::uint8_t, 64>;
inline constexpr std::size_t kEd25519KeyBytes = 32;

class Ed25519PublicKey {
 public:
  /// @param raw  32 bytes; anything else gives nothing.
  static std::optional<Ed25519PublicKey> from_raw(ByteView raw);
  static std::optional<Ed25519PublicKey> from_hex(std::string_view hex);

  /// False for a signature of any other length, over another message or by another key.
  [[nodiscard]] bool verify(ByteView message, ByteView signature) const;

  [[nodiscard]] Bytes raw() const;
  [[nodiscard]] std::string hex() const { return hex_encode(raw()); }
  /// SubjectPublicKeyInfo, as `openssl pkeyutl -verify -pubin` takes it.
  [[nodiscard]] std::string pem() const;

 private:
  friend class Ed25519Key;
  explicit Ed25519PublicKey(std::shared_ptr<EVP_PKEY> pkey) : pkey_(std::move(pkey)) {}
  std::shared_ptr<EVP_PKEY> pkey_;
};

class Ed25519Key {
 public:
  /// @param seed  exactly 32 bytes; the same seed gives the same key.
  static Ed25519Key from_seed(Secret const& seed);

  [[nodiscard]] Ed25519Signature sign(ByteView message) const;
  [[nodiscard]] Ed25519PublicKey public_key() const;

 private:
  explicit Ed25519Key(std::shared_ptr<EVP_PKEY> pkey) : pkey_(std::move(pkey)) {}
  std::shared_ptr<EVP_PKEY> pkey_;
};

}  // namespace leadex::crypto
