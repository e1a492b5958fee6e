#pragma once
// How one value is sealed for one place in the database: version | key id | nonce | ciphertext |
// tag, bound to table, market, row and column, so that a value moved elsewhere does not open. Any
// thread.

#include <cstdint>
#include <string>
#include <string_view>

#include "billing/values/ids.hpp"
#include "billing/values/result.hpp"
#include "server/crypto/aead.hpp"
#include "server/privacy/key_ring.hpp"

namespace leadex::privacy {

inline constexpr std::size_t kSealedHeaderBytes = 5;  // version, key id
inline constexpr std::size_t kSealedOverheadBytes = kSealedHeaderBytes + crypto::kAeadOverheadBytes;

/// Where a sealed value stands. Views: lives only for the call.
struct SealPlace {
  std::string_view table;
  MarketNo market{};
  crypto::ByteView row;  // row_key(…) of the primary key without the market
  std::string_view column;
};

/// The bytes of a row's number (eight, no allocation).
[[nodiscard]] crypto::Bytes row_key(std::int64_t no);
/// The same for a key of two numbers, or of a number and opaque bytes.
[[nodiscard]] crypto::Bytes row_key(std::int64_t first, std::int64_t second);
[[nodiscard]] crypto::Bytes row_key(std::int64_t first, crypto::ByteView second);

enum class SealError : std::uint8_t {
  malformed,        // too short or beyond the limit
  unknown_version,  // written by a later program, or no sealed value at all
  unknown_key,      // the key id names no key, or not the one given
  not_authentic,    // another key or place, or changed bytes
};

/// @param key_id  ≥ 0, stands in the header and is authenticated; tells open which key to take.
[[nodiscard]] crypto::Bytes seal_value(crypto::AeadKey const& key, std::int32_t key_id,
                                       SealPlace const& place, crypto::ByteView plain);

/// Refusals in the order of SealError.
[[nodiscard]] Result<crypto::Secret, SealError> open_value(crypto::AeadKey const& key,
                                                           std::int32_t key_id,
                                                           SealPlace const& place,
                                                           crypto::ByteView sealed);

/// The key id in the header, not authenticated yet. @errors malformed, unknown_version
[[nodiscard]] Result<std::int32_t, SealError> sealed_key_id(crypto::ByteView sealed);

/// Seals the exchange's own secrets under the secret-box key: webhook secrets, bank details,
/// unrevealed draw secrets, kept answers. Keeps a reference to the ring.
class SecretBox {
 public:
  explicit SecretBox(KeyRing const& ring) : ring_(ring) {}
  [[nodiscard]] crypto::Bytes seal(SealPlace const& place, crypto::ByteView plain) const;
  [[nodiscard]] Result<crypto::Secret, SealError> open(SealPlace const& place,
                                                       crypto::ByteView sealed) const;

 private:
  KeyRing const& ring_;
};

}  // namespace leadex::privacy
