#include "server/app/suspend_account.hpp"

namespace leadex::app {

AppResult<storage::Tenant> suspend_account(PlatformTx& tx, Principal const& actor,
                                           std::int64_t tenant_no) {
  if (auto allowed = require_admin(actor); !allowed) return refuse(allowed.error());
  if (tenant_no == actor.tenant_no) {
    return fail(AppCode::wrong_state, "An admin cannot suspend its own account.");
  }
  (void)tx.tenants().count_admins_locked();  // two admins that suspend each other: one at a time
  auto tenant = tx.tenants().find_locked(tenant_no);
  if (!tenant) return fail(AppCode::not_found, "There is no such account.");
  if (tenant->status == storage::TenantStatus::suspended) return std::move(*tenant);
  tenant->status = storage::TenantStatus::suspended;
  tx.tenants().set_status(tenant_no, tenant->status);
  if (tx.api_keys().count_admin_keys(tx.now()) == 0) {
    return fail(AppCode::last_admin_key, "No admin could act any more.");
  }
  tx.api_keys().notify_changed();
  audit(tx, actor.principal_no, "account.suspended", {tenant_no, "account", tenant_no}, {});
  return std::move(*tenant);
}

}  // namespace leadex::app
