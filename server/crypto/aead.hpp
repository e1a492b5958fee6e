#pragma once
// AES-256-GCM with random 96-bit nonces and 128-bit tags. Any thread: keys are immutable, cipher
// contexts are kept per thread (each holds the schedule of the key used last until the next use).

#include <cstddef>
#include <cstdint>

#include "billing/values/result.hpp"
#include "server/crypto/bytes.hpp"

namespace leadex::crypto {

inline constexpr std::size_t kAeadKeyBytes = 32;
inline constexpr std::size_t kAeadNonceBytes = 12;
inline constexpr std::size_t kAeadTagBytes = 16;
inline constexpr std::size_t kAeadOverheadBytes = kAeadNonceBytes + kAeadTagBytes;
inline constexpr std::size_t kAeadPlainBytesMax = std::size_t{64} << 20;

enum class AeadError : std::uint8_t {
  malformed,      // shorter than nonce and tag, or beyond the limit
  not_authentic,  // another key, other associated data, or changed bytes
};

/// A 256-bit key for seal and open. One key must not seal more than 2^32 values (random nonces).
class AeadKey {
 public:
  /// @param key  exactly 32 bytes.
  explicit AeadKey(Secret key);
  static AeadKey generate();

  [[nodiscard]] Secret const& secret() const { return key_; }

 private:
  Secret key_;
};

/// Appends nonce | ciphertext | tag to `out`. `plain` at most kAeadPlainBytesMax.
void aead_seal_to(Bytes& out, AeadKey const& key, ByteView associated, ByteView plain);
[[nodiscard]] Bytes aead_seal(AeadKey const& key, ByteView associated, ByteView plain);

/// Opens nonce | ciphertext | tag. Nothing of the plain text is given out unless the tag fits.
[[nodiscard]] Result<Secret, AeadError> aead_open(AeadKey const& key, ByteView associated,
                                                  ByteView sealed);

}  // namespace leadex::crypto
