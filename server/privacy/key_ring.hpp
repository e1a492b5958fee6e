#pragma once
// Every key of the exchange, derived from one root key by HKDF-SHA256 under a name of its own,
// those of contacts from a month's epoch as well. Made once at start, then shared read-only: any
// thread. The names are for ever; see docs/decisions/0002-keys-and-ids.md and 0031-key-epochs.md.

#include <cstdint>
#include <map>
#include <memory>
#include <shared_mutex>
#include <string>

#include "billing/values/result.hpp"
#include "billing/values/time.hpp"
#include "server/crypto/aead.hpp"
#include "server/crypto/ed25519.hpp"
#include "server/crypto/hash.hpp"

namespace leadex::privacy {

class EpochKeys;

/// Which contact key wraps a lead's data key: year * 100 + month, e.g. 202611, where the month's
/// key comes from the root key alone; 1,000,000 more where it has an epoch of its own, e.g.
/// 1202611.
using KekId = std::int32_t;
inline constexpr KekId kEpochKeks = 1'000'000;

/// The key id of the UTC month of `at`. Instants outside the years 2000…2999 take the nearest month
/// inside: the id is stored with what it wrapped, so it only has to exist.
[[nodiscard]] KekId kek_id_of(Timestamp at);
/// Of either kind.
[[nodiscard]] bool is_kek_id(KekId id);
[[nodiscard]] constexpr bool is_epoch_kek(KekId id) { return id >= kEpochKeks; }

/// A field that people are found by. One key each, so that equal values in two fields do not meet.
enum class BlindField : std::uint8_t { email, phone, email_loose };

enum class KeyRingError : std::uint8_t {
  unknown_key,    // no year and month: a tampered row, never a value of ours
  destroyed_key,  // its epoch was destroyed
  no_key,         // of an epoch, and the ring keeps none
};

/// What seals a new lead now.
struct SealingKek {
  KekId id{};
  std::shared_ptr<crypto::AeadKey const> key;
};

class KeyRing {
 public:
  /// @param root  exactly 32 bytes.
  explicit KeyRing(crypto::Secret root);
  ~KeyRing();
  KeyRing(KeyRing const&) = delete;
  KeyRing& operator=(KeyRing const&) = delete;

  /// From now on new leads are sealed under epochs; before the ring is shared.
  void keep_epochs(std::unique_ptr<EpochKeys> epochs);
  /// Null where none are kept (tests): months' keys then come from the root key alone.
  [[nodiscard]] EpochKeys const* epochs() const { return epochs_.get(); }
  /// For EpochKeys.
  [[nodiscard]] crypto::Secret root_copy() const { return root_.clone(); }

  /// The key that wraps data keys of one month; derived at first use, then kept. Of an epoch that
  /// was destroyed meanwhile it is refused within a second; do not keep it longer than a use.
  /// @throws std::runtime_error  its epoch's file cannot be read, or is not the one that was noted
  [[nodiscard]] Result<std::shared_ptr<crypto::AeadKey const>, KeyRingError> contact_kek(
      KekId id) const;
  /// The epoch's key of the month it is now, whenever a lead was captured: old months' epochs must
  /// be able to go. Where no epochs are kept, the key of `captured_at`'s month.
  /// @throws std::runtime_error  the epoch's file cannot be read, or is not the one that was noted
  [[nodiscard]] SealingKek sealing_kek(Timestamp captured_at) const;

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
  // At most one per month of the years allowed.
  mutable std::map<KekId, std::shared_ptr<crypto::AeadKey const>> keks_;
  std::unique_ptr<EpochKeys> epochs_;
};

}  // namespace leadex::privacy
