#include "server/app/change_bank_details.hpp"

#include "server/app/approval_effects.hpp"
#include "server/app/approvals.hpp"

namespace leadex::app {

namespace {

constexpr std::string_view kTable = "tenant";
constexpr std::string_view kColumn = "bank_sealed";
constexpr std::size_t kFields = 4;

}  // namespace

std::string seal_bank_of(privacy::KeyRing const& ring, std::int64_t tenant_no,
                         BankDetails const& bank) {
  auto const row = privacy::row_key(tenant_no);
  return seal_bank_details(ring, {kTable, 0, row, kColumn}, bank);
}

AppResult<BankDetails> open_bank_of(privacy::KeyRing const& ring, storage::Tenant const& tenant) {
  if (!tenant.bank_sealed) return fail(AppCode::not_found, "There are no bank details.");
  auto const row = privacy::row_key(tenant.tenant_no);
  return open_bank_details(ring, {kTable, 0, row, kColumn}, *tenant.bank_sealed);
}

AppResult<BankChange> change_bank_details(AppTools const& tools, PlatformTx& tx,
                                          Principal const& actor, std::int64_t tenant_no,
                                          BankDetails const& bank) {
  auto const tenant = tx.tenants().find_locked(tenant_no);
  bool const own = tenant_no == actor.tenant_no;
  if (!tenant || (!own && actor.role != storage::Role::admin)) {
    return fail(AppCode::not_found, "There is no such account.");
  }
  auto faults = check_bank_details(bank, "/bank");
  if (storage::is_staff(tenant->role)) {
    faults = {{"/bank", "not_allowed", "staff accounts have no bank details"}};
  }
  if (!faults.empty()) {
    return fail(AppCode::validation_failed, "The bank details have faults.", std::move(faults));
  }
  BankChange change;
  if (tenant->bank_sealed) {
    change.approval_no =
        request_approval(tools, tx, actor,
                         {"bank_details", tenant_no, tenant_no,
                          pack_fields({bank.iban, bank.bic, bank.name, bank.town})});
  } else {
    tx.tenants().set_bank(tenant_no, seal_bank_of(tools.ring, tenant_no, bank), tx.now(),
                          std::nullopt);
    audit(tx, actor.principal_no, "bank_details.set", {tenant_no, "account", tenant_no}, {});
  }
  return change;
}

AppResult<void> confirm_bank_details(AppTools const& tools, PlatformTx& tx,
                                     storage::Approval const& approval,
                                     std::string const& payload) {
  auto const fields = unpack_fields(payload, kFields);
  auto const tenant = tx.tenants().find_locked(approval.subject_no);
  if (!fields || !tenant) {
    return fail(AppCode::internal_invariant, "This approval cannot be carried out.");
  }
  BankDetails const bank{(*fields)[0], (*fields)[1], (*fields)[2], (*fields)[3]};
  tx.tenants().set_bank(tenant->tenant_no, seal_bank_of(tools.ring, tenant->tenant_no, bank),
                        tx.now(), tx.now() + tools.settings.bank_cooling);
  audit(tx, approval.requested_by, "bank_details.changed",
        {tenant->tenant_no, "account", tenant->tenant_no},
        AuditPayload().add("approval", approval.approval_no));
  return {};
}

}  // namespace leadex::app
