#pragma once
// API keys at rest: the keyed digest and what a key may do, never the key. Rows are used inside one
// database job; KeyMinter makes new keys (server/auth), any thread.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "billing/values/time.hpp"
#include "server/storage/principal.hpp"
#include "server/storage/tenants.hpp"

namespace leadex::storage {

using KeyDigest = std::array<std::uint8_t, 32>;

struct ApiKeyRow {
  std::int64_t key_no{};
  std::int64_t tenant_no{};
  std::int64_t principal_no{};
  KeyDigest digest{};
  KeyKind kind{};
  std::string shown_first;
  std::string shown_last;
  std::vector<std::string> scopes;
  std::optional<std::int64_t> issued_by;
  Timestamp created_at{};
  std::optional<Timestamp> expires_at;
  std::optional<Timestamp> revoked_at;
  std::optional<Timestamp> last_used_at;
  std::optional<std::int64_t> pending_approval;  ///< not usable until that approval is given
};

/// What authentication has to know about a key, its principal and its account at one instant.
struct KeyHolder {
  ApiKeyRow key;
  Role role{};
  TenantStatus tenant_status{};
  std::optional<std::int64_t> principal_issued_by;
};

class ApiKeyRows {
 public:
  virtual ~ApiKeyRows() = default;
  virtual void insert(ApiKeyRow const& key) = 0;
  [[nodiscard]] virtual std::optional<KeyHolder> find_by_digest(KeyDigest const& digest) = 0;
  [[nodiscard]] virtual std::optional<ApiKeyRow> find_locked(std::int64_t key_no) = 0;
  [[nodiscard]] virtual std::vector<ApiKeyRow> list(std::int64_t tenant_no) = 0;
  /// @return whether it was not revoked before. Tells all processes (notify_changed).
  virtual bool revoke(std::int64_t key_no, Timestamp at) = 0;
  virtual void clear_pending(std::int64_t key_no) = 0;
  /// Usable keys of active admins at `now`; for the guard against locking everyone out.
  [[nodiscard]] virtual std::int64_t count_admin_keys(Timestamp now) = 0;
  virtual void set_last_used(std::int64_t key_no, Timestamp at) = 0;
  /// Makes every process forget what it cached of keys, once this job has committed.
  virtual void notify_changed() = 0;
};

/// A key as it is shown once; the text is wiped by whoever renders it.
struct MintedKey {
  std::string text;
  KeyDigest digest{};
  std::string shown_first;
  std::string shown_last;
};

class KeyMinter {
 public:
  virtual ~KeyMinter() = default;
  [[nodiscard]] virtual MintedKey mint(KeyKind kind) const = 0;
};

}  // namespace leadex::storage
