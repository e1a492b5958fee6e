#pragma once
// Accounts of the API (table tenant), the principals acting for them, and the environment row.
// Used inside one database job; bank details are sealed before they come here.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "billing/values/time.hpp"
#include "server/storage/principal.hpp"

namespace leadex::storage {

enum class TenantStatus : std::uint8_t { pending, active, suspended };
inline constexpr std::array<std::string_view, 3> kTenantStatusTexts{"pending", "active",
                                                                    "suspended"};
[[nodiscard]] constexpr std::string_view text(TenantStatus status) {
  return kTenantStatusTexts.at(static_cast<std::size_t>(status));
}

struct Tenant {
  std::int64_t tenant_no{};
  Role role{};
  std::string name;
  std::optional<std::string> country;
  TenantStatus status{};
  std::optional<std::string> bank_sealed;
  std::optional<Timestamp> bank_changed_at;
  std::optional<Timestamp> bank_cool_until;
  Timestamp created_at{};
  std::optional<std::int64_t> created_by;  ///< principal; none for the first admin
  /// Buyers: the name as consents are compared with it (intake::company_key). Not read back.
  std::optional<std::string> name_key;
};

struct PrincipalRow {
  std::int64_t principal_no{};
  std::int64_t tenant_no{};
  std::string name;
  std::optional<std::int64_t> issued_by;
};

enum class Environment : std::uint8_t { dev, production };

struct EnvironmentRow {
  Environment name{};
  std::string root_key_check;
};

struct TenantFilter {
  std::optional<Role> role;
  std::optional<std::int64_t> before_no;
  int limit = 50;
};

class TenantRows {
 public:
  virtual ~TenantRows() = default;
  virtual void insert(Tenant const& tenant) = 0;
  virtual void insert(PrincipalRow const& principal) = 0;
  [[nodiscard]] virtual std::optional<Tenant> find(std::int64_t tenant_no) = 0;
  /// As find, and no other job changes the row until this one ends.
  [[nodiscard]] virtual std::optional<Tenant> find_locked(std::int64_t tenant_no) = 0;
  [[nodiscard]] virtual std::vector<Tenant> list(TenantFilter const& filter) = 0;
  /// The principal that acts for an account: the one made with it.
  [[nodiscard]] virtual std::optional<PrincipalRow> principal_of(std::int64_t tenant_no) = 0;
  virtual void set_status(std::int64_t tenant_no, TenantStatus status) = 0;
  virtual void set_bank(std::int64_t tenant_no, std::string const& sealed, Timestamp changed_at,
                        std::optional<Timestamp> cool_until) = 0;
  /// Admins that are not suspended; the answer holds until the job ends.
  [[nodiscard]] virtual std::int64_t count_admins_locked() = 0;
  /// Whether `issuer` made `principal` or ever issued one of its keys.
  [[nodiscard]] virtual bool issued(std::int64_t issuer, std::int64_t principal_no) = 0;

  [[nodiscard]] virtual std::optional<EnvironmentRow> environment() = 0;
  /// Fails with StoreError::conflict when there is one.
  virtual void insert_environment(EnvironmentRow const& row) = 0;
};

}  // namespace leadex::storage
