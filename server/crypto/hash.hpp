#pragma once
// SHA-256, HMAC-SHA256 and HKDF-SHA256 over OpenSSL. Any thread: keys are immutable, prepared
// contexts live per thread. Streaming objects belong to one thread at a time.

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>

#include "server/crypto/bytes.hpp"

namespace leadex::crypto {

using Digest = std::array<std::uint8_t, 32>;

[[nodiscard]] Digest sha256(ByteView message);

/// SHA-256 of a message that comes in parts.
class Sha256 {
 public:
  Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  ~Sha256();

  Sha256& update(ByteView part);
  /// The digest of all parts so far; the object then starts afresh.
  [[nodiscard]] Digest finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// A key for HMAC-SHA256. Shared between threads; the first use in a thread prepares a context
/// there, later ones reuse it (about a quarter of the cost).
class HmacKey {
 public:
  /// @param key  not empty.
  explicit HmacKey(Secret key);

  [[nodiscard]] Digest sign(ByteView message) const { return sign({message}); }
  /// HMAC of the parts laid end to end; no part is copied.
  [[nodiscard]] Digest sign(std::initializer_list<ByteView> parts) const;
  /// Compares in constant time with a full-length tag.
  [[nodiscard]] bool matches(ByteView message, ByteView tag) const;

 private:
  friend class HmacStream;
  Secret key_;
  std::uint64_t serial_;
};

[[nodiscard]] inline Digest hmac_sha256(HmacKey const& key, ByteView message) {
  return key.sign(message);
}

/// HMAC-SHA256 of a message that comes in parts, e.g. a body while it streams.
class HmacStream {
 public:
  explicit HmacStream(HmacKey const& key);  // copies what it needs of the key
  HmacStream(HmacStream&&) noexcept;
  HmacStream& operator=(HmacStream&&) noexcept;
  ~HmacStream();

  HmacStream& update(ByteView part);
  /// The tag of all parts so far; the object then starts afresh under the same key.
  [[nodiscard]] Digest finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

inline constexpr std::size_t kHkdfBytesMax = 255 * 32;

/// RFC 5869 extract and expand. @param key not empty  @param length 1…kHkdfBytesMax
[[nodiscard]] Secret hkdf_sha256(Secret const& key, ByteView salt, ByteView info,
                                 std::size_t length);

}  // namespace leadex::crypto
