#include "server/app/create_account.hpp"

#include <algorithm>

#include "server/app/approval_effects.hpp"
#include "server/app/approvals.hpp"
#include "server/app/change_bank_details.hpp"

namespace leadex::app {

namespace {

constexpr std::size_t kNameBytesMax = 200;
constexpr std::int64_t kAdminsWithoutConfirmation = 2;

std::vector<FieldFault> check(NewAccount const& account) {
  std::vector<FieldFault> faults;
  if (!plain_text(account.name, kNameBytesMax)) {
    faults.push_back({"/name", "text_invalid", "must have 1 to 200 bytes of plain text"});
  }
  auto const& country = account.country;
  bool const letters =
      !country || (country->size() == 2 &&
                   std::ranges::all_of(*country, [](char c) { return c >= 'A' && c <= 'Z'; }));
  if (!letters) faults.push_back({"/country", "country_invalid", "is no ISO 3166 code"});
  if (account.bank && storage::is_staff(account.role)) {
    faults.push_back({"/bank", "not_allowed", "staff accounts have no bank details"});
  } else if (account.bank) {
    std::ranges::move(check_bank_details(*account.bank, "/bank"), std::back_inserter(faults));
  }
  return faults;
}

}  // namespace

bool staff_needs_confirmation(PlatformTx& tx, storage::Role role) {
  if (!storage::is_staff(role)) return false;
  auto const admins = tx.tenants().count_admins_locked();
  return role == storage::Role::admin ? admins >= kAdminsWithoutConfirmation
                                      : admins > kAdminsWithoutConfirmation;
}

bool staff_key_needs_confirmation(PlatformTx& tx, storage::Role role) {
  return storage::is_staff(role) && tx.tenants().count_admins_locked() > kAdminsWithoutConfirmation;
}

AppResult<CreatedAccount> create_account(AppTools const& tools, PlatformTx& tx,
                                         Principal const& actor, NewAccount const& account) {
  if (auto allowed = require_admin(actor); !allowed) return refuse(allowed.error());
  if (auto faults = check(account); !faults.empty()) {
    return fail(AppCode::validation_failed, "The account has faults.", std::move(faults));
  }
  bool const waits = staff_needs_confirmation(tx, account.role);
  CreatedAccount created;
  auto& tenant = created.tenant;
  tenant.tenant_no = tx.next_number(0, storage::NumberKind::tenant);
  tenant.role = account.role;
  tenant.name = account.name;
  tenant.country = account.country;
  tenant.status = waits ? storage::TenantStatus::pending : storage::TenantStatus::active;
  tenant.created_at = tx.now();
  tenant.created_by = actor.principal_no;
  if (account.role == storage::Role::buyer) tenant.name_key = account.name_key;
  if (account.bank) {
    tenant.bank_sealed = seal_bank_of(tools.ring, tenant.tenant_no, *account.bank);
    tenant.bank_changed_at = tx.now();
  }
  tx.tenants().insert(tenant);
  auto const principal_no = tx.next_number(0, storage::NumberKind::principal);
  tx.tenants().insert(
      storage::PrincipalRow{principal_no, tenant.tenant_no, account.name, actor.principal_no});
  audit(tx, actor.principal_no, "account.created", {tenant.tenant_no, "account", tenant.tenant_no},
        AuditPayload()
            .add("role", storage::text(account.role))
            .add("principal", principal_no)
            .add("status", storage::text(tenant.status))
            .add("bank", account.bank ? "given" : "none"));
  if (waits) {
    created.approval_no = request_approval(
        tools, tx, actor, {"staff_account", tenant.tenant_no, tenant.tenant_no, ""});
  }
  return created;
}

AppResult<void> confirm_staff_account(AppTools const& /*tools*/, PlatformTx& tx,
                                      storage::Approval const& approval,
                                      std::string const& /*payload*/) {
  auto const tenant = tx.tenants().find_locked(approval.subject_no);
  if (!tenant) return fail(AppCode::not_found, "There is no such account.");
  if (tenant->status != storage::TenantStatus::pending) {
    return fail(AppCode::wrong_state, "The account does not wait any more.");
  }
  (void)tx.tenants().count_admins_locked();
  tx.tenants().set_status(tenant->tenant_no, storage::TenantStatus::active);
  tx.api_keys().notify_changed();
  return {};
}

}  // namespace leadex::app
