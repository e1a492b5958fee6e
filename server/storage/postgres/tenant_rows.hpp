#pragma once
// TenantRows over tables tenant, principal and environment. One database job.

#include <pqxx/transaction_base>

#include "server/storage/tenants.hpp"

namespace leadex::storage::postgres {

class PostgresTenantRows final : public TenantRows {
 public:
  explicit PostgresTenantRows(pqxx::transaction_base& tx) : tx_(tx) {}
  void insert(Tenant const& tenant) override;
  void insert(PrincipalRow const& principal) override;
  [[nodiscard]] std::optional<Tenant> find(std::int64_t tenant_no) override;
  [[nodiscard]] std::optional<Tenant> find_locked(std::int64_t tenant_no) override;
  [[nodiscard]] std::vector<Tenant> list(TenantFilter const& filter) override;
  [[nodiscard]] std::optional<PrincipalRow> principal_of(std::int64_t tenant_no) override;
  void set_status(std::int64_t tenant_no, TenantStatus status) override;
  void set_bank(std::int64_t tenant_no, std::string const& sealed, Timestamp changed_at,
                std::optional<Timestamp> cool_until) override;
  [[nodiscard]] std::int64_t count_admins_locked() override;
  [[nodiscard]] bool issued(std::int64_t issuer, std::int64_t principal_no) override;
  [[nodiscard]] std::optional<EnvironmentRow> environment() override;
  void insert_environment(EnvironmentRow const& row) override;

 private:
  pqxx::transaction_base& tx_;
};

}  // namespace leadex::storage::postgres
