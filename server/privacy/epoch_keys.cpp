#include "server/privacy/epoch_keys.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

#include "server/crypto/hash.hpp"
#include "server/privacy/key_ring.hpp"

namespace leadex::privacy {
namespace {

using crypto::AeadKey;
using crypto::Secret;

constexpr crypto::ByteView kSalt = "leadex key ring v1";
constexpr std::size_t kCheckBytes = 16;

}  // namespace

EpochKeys::EpochKeys(Secret root, EpochFiles files, Clock now, std::chrono::nanoseconds trust)
    : root_(std::move(root)), files_(std::move(files)), now_(std::move(now)), trust_(trust) {}

EpochMonth EpochKeys::month_in(std::chrono::seconds ahead) const {
  return kek_id_of(now_() + ahead);
}

// Both are needed: whoever has the backups and the root key, but not the epoch, has nothing.
Secret EpochKeys::derive(Secret const& epoch, std::string const& name, std::size_t size) const {
  Secret mixed(root_.size() + epoch.size());
  auto const at = std::ranges::copy(root_.view(), mixed.data()).out;
  std::ranges::copy(epoch.view(), at);
  return crypto::hkdf_sha256(mixed, kSalt, name, size);
}

EpochKeys::Key EpochKeys::kept(EpochMonth month) const {
  auto const now = Steady::now();
  {
    std::shared_lock const reading(guard_);
    auto const found = kept_.find(month);
    if (found == kept_.end()) return nullptr;
    if (now - found->second.looked_at < trust_) return found->second.key;
  }
  bool const usable = files_.is_usable(month);
  std::unique_lock const writing(guard_);
  auto const found = kept_.find(month);
  if (found == kept_.end()) return nullptr;
  if (!usable) {
    kept_.erase(found);
    return nullptr;
  }
  found->second.looked_at = now;
  return found->second.key;
}

Result<EpochKeys::Key, EpochError> EpochKeys::of(EpochMonth month) const {
  if (auto key = kept(month)) return key;
  auto const epoch = files_.load(month);
  if (!epoch) return refuse(epoch.error());
  auto const check = check_of(*epoch, month);
  auto const name = "contact-kek/epoch/" + epoch_name(month);
  auto key = std::make_shared<AeadKey const>(derive(*epoch, name, crypto::kAeadKeyBytes));
  std::unique_lock const writing(guard_);
  auto const noted = noted_.find(month);
  if (noted != noted_.end() && noted->second != check) return refuse(EpochError::other_file);
  return kept_.try_emplace(month, Kept{std::move(key), Steady::now()}).first->second.key;
}

Result<EpochKeys::Current, EpochError> EpochKeys::current() const {
  auto const month = month_in();
  auto key = of(month);
  if (!key) return refuse(key.error());
  return Current{month, std::move(*key)};
}

std::string EpochKeys::check_of(Secret const& epoch, EpochMonth month) const {
  return std::string{derive(epoch, "epoch-check/" + epoch_name(month), kCheckBytes).view()};
}

Result<std::string, EpochError> EpochKeys::check_value(EpochMonth month) const {
  auto const epoch = files_.load(month);
  if (!epoch) return refuse(epoch.error());
  return check_of(*epoch, month);
}

void EpochKeys::note(EpochMonth month, std::string check_value) const {
  std::unique_lock const writing(guard_);
  auto const [at, fresh] = noted_.try_emplace(month, check_value);
  if (!fresh && at->second == check_value) return;
  at->second = std::move(check_value);
  kept_.erase(month);  // it was taken without that knowledge
}

Result<void, EpochError> EpochKeys::prepare(EpochMonth month) const {
  auto const made = files_.load_or_create(month);
  if (!made) return refuse(made.error());
  return {};
}

void EpochKeys::forget_destroyed() const {
  std::unique_lock const writing(guard_);
  std::erase_if(kept_, [this](auto const& of) { return !files_.is_usable(of.first); });
}

}  // namespace leadex::privacy
