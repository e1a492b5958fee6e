#include "server/privacy/key_ring.hpp"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <utility>

#include "billing/values/check.hpp"
#include "server/privacy/epoch_keys.hpp"
#include "server/privacy/key_unavailable.hpp"
#include "server/privacy/root_key.hpp"

namespace leadex::privacy {
namespace {

using crypto::AeadKey;
using crypto::Ed25519Key;
using crypto::HmacKey;
using crypto::Secret;

constexpr int kYearMin = 2000;
constexpr int kYearMax = 2999;

// Separates these keys from anything else that might one day be derived from the same root.
constexpr crypto::ByteView kSalt = "leadex key ring v1";

Secret checked(Secret root) {
  LEADEX_CHECK(root.size() == kRootKeyBytes);
  return root;
}

std::string kek_name(KekId id) { return "contact-kek/" + epoch_name(id); }

// What cannot be read now must not be taken for what is gone: it would be dropped for good.
KeyRingError destroyed_or_throw(EpochError error) {
  if (error == EpochError::destroyed) return KeyRingError::destroyed_key;
  throw KeyUnavailable(describe(error));
}

}  // namespace

KekId kek_id_of(Timestamp at) {
  using namespace std::chrono;
  // Bounded before it becomes a date: year_month_day wraps silently far outside.
  constexpr Timestamp kFirst = sys_days{year{kYearMin} / January / 1};
  constexpr Timestamp kLast = sys_days{year{kYearMax} / December / 31};
  year_month_day const day{floor<days>(std::clamp(at, kFirst, kLast))};
  return static_cast<int>(day.year()) * 100 +
         static_cast<std::int32_t>(static_cast<unsigned>(day.month()));
}

bool is_kek_id(KekId id) {
  if (is_epoch_kek(id)) id -= kEpochKeks;
  auto const year = id / 100;
  auto const month = id % 100;
  return year >= kYearMin && year <= kYearMax && month >= 1 && month <= 12;
}

KeyRing::KeyRing(Secret root)
    : root_(checked(std::move(root))),
      blind_email_(derive("blind-index/email")),
      blind_phone_(derive("blind-index/phone")),
      blind_email_loose_(derive("blind-index/email-loose")),
      api_key_pepper_(derive("api-key-pepper")),
      body_fingerprint_(derive("body-fingerprint")),
      visitor_(derive("visitor")),
      holdout_(derive("holdout")),
      secret_box_(derive("secret-box/1")),
      token_(derive("token/1")),
      id_key_(derive("public-id")),
      audit_signing_(Ed25519Key::from_seed(derive("audit-signing/1"))),
      check_value_(derive("root-check", 16)) {}

Secret KeyRing::derive(crypto::ByteView name, std::size_t size) const {
  return crypto::hkdf_sha256(root_, kSalt, name, size);
}

KeyRing::~KeyRing() = default;

void KeyRing::keep_epochs(std::unique_ptr<EpochKeys> epochs) { epochs_ = std::move(epochs); }

Result<std::shared_ptr<AeadKey const>, KeyRingError> KeyRing::contact_kek(KekId id) const {
  if (!is_kek_id(id)) return refuse(KeyRingError::unknown_key);
  if (is_epoch_kek(id)) {
    if (!epochs_) return refuse(KeyRingError::no_key);
    auto key = epochs_->of(id - kEpochKeks);
    if (!key) return refuse(destroyed_or_throw(key.error()));
    return std::move(*key);
  }
  {
    std::shared_lock const reading(keks_guard_);
    if (auto const found = keks_.find(id); found != keks_.end()) return found->second;
  }
  auto key = std::make_shared<AeadKey const>(derive(kek_name(id)));
  std::unique_lock const writing(keks_guard_);
  return keks_.try_emplace(id, std::move(key)).first->second;
}

SealingKek KeyRing::sealing_kek(Timestamp captured_at) const {
  if (!epochs_) {
    auto const id = kek_id_of(captured_at);
    return {id, contact_kek(id).value()};
  }
  auto current = epochs_->current();
  if (!current) throw KeyUnavailable(describe(current.error()));
  return {kEpochKeks + current->month, std::move(current->key)};
}

HmacKey const& KeyRing::blind_index(BlindField field) const {
  switch (field) {
    case BlindField::email:
      return blind_email_;
    case BlindField::phone:
      return blind_phone_;
    case BlindField::email_loose:
      break;
  }
  return blind_email_loose_;
}

}  // namespace leadex::privacy
