#pragma once
// Every key of the exchange, derived from one root key by HKDF-SHA256 under a name of its own. Made
// once at start, then shared read-only: any thread. The names are for ever; see
// docs/decisions/0002-keys-and-ids.md.

#include <cstdint>
#include <map>
#include <shared_mutex>
#include <string>

#include "billing/values/result.hpp"
#include "billing/values/time.hpp"
#include "server/crypto/aead.hpp"
#include "server/crypto/ed25519.hpp"
#include "server/crypto/hash.hpp"

namespace leadex::privacy {

/// Which contact key wraps a lead's data key: year * 100 + month, e.g. 202611.
using KekId = std::int32_t;

/// The key id of the UTC month of `at`. Instants outside the years 2000…2999 take the nearest month
/// inside: the id is stored with what it wrapped, so it only has to exist.
[[nodiscard]] KekId kek_id_of(Timestamp at);
[[nodiscard]] bool is_kek_id(KekId id);

/// A field that people are found by. One key each, so that equal values in two fields do not meet.
enum class BlindField : std::uint8_t { email, phone, email_loose };

enum class KeyRingError : std::uint8_t { unknown_key };

class KeyRing {
 public:
  /// @param root  exactly 32 bytes.
  explicit KeyRing(crypto::Secret root);

  /// The key that wraps data keys of one month; derived at first use, then kept. The reference
  /// lives as long as the ring.
  /// @errors unknown_key: no year and month (a tampered row, never a value of ours)
  [[nodiscard]] Result<crypto::AeadKey const*, KeyRingError> contact_kek(KekId id) const;

  [[nodiscard]] crypto::HmacKey const& blind_index(BlindField field) const;
  [[nodiscard]] crypto::HmacKey const& api_key_pepper() const { return api_key_pepper_; }
  [[nodiscard]] crypto::HmacKey const& body_fingerprint() const { return body_fingerprint_; }
  /// Visitors of placements are known by what it makes of their address and user agent.
  [[nodiscard]] crypto::HmacKey const& visitor() const { return visitor_; }
  /// Which sales belong to the holdout; nobody outside can tell.
  [[nodiscard]] crypto::HmacKey const& holdout() const { return holdout_; }
  [[nodiscard]] crypto::AeadKey const& secret_box() const { return secret_box_; }
  /// Seals what goes out and comes back: ping, click and page tokens.
  [[nodiscard]] crypto::AeadKey const& token() const { return token_; }
  /// For crypto::PublicIdCodec.
  [[nodiscard]] crypto::Secret const& id_key() const { return id_key_; }
  [[nodiscard]] crypto::Ed25519Key const& audit_signing() const { return audit_signing_; }

  /// 16 bytes that tell one root key from another and nothing more: kept in the database, so that a
  /// server with the wrong key file stops at its start instead of at the first sealed value.
  [[nodiscard]] crypto::ByteView check_value() const { return check_value_.view(); }

 private:
  [[nodiscard]] crypto::Secret derive(crypto::ByteView name, std::size_t size = 32) const;

  crypto::Secret root_;
  crypto::HmacKey blind_email_;
  crypto::HmacKey blind_phone_;
  crypto::HmacKey blind_email_loose_;
  crypto::HmacKey api_key_pepper_;
  crypto::HmacKey body_fingerprint_;
  crypto::HmacKey visitor_;
  crypto::HmacKey holdout_;
  crypto::AeadKey secret_box_;
  crypto::AeadKey token_;
  crypto::Secret id_key_;
  crypto::Ed25519Key audit_signing_;
  crypto::Secret check_value_;

  mutable std::shared_mutex keks_guard_;
  mutable std::map<KekId, crypto::AeadKey> keks_;  // at most one per month of the years allowed
};

}  // namespace leadex::privacy
