#include "server/app/deposit.hpp"

#include "server/app/approval_effects.hpp"
#include "server/app/approvals.hpp"
#include "server/storage/currency.hpp"

namespace leadex::app {

namespace {

constexpr std::size_t kReferenceBytesMax = 140;
constexpr std::size_t kFields = 3;

std::vector<FieldFault> check(NewDeposit const& wanted, storage::Role role) {
  std::vector<FieldFault> faults;
  if (role != storage::Role::buyer) {
    faults.push_back({"/account_id", "role_wrong", "only buyers have wallets"});
  }
  if (wanted.amount.micros <= 0) {
    faults.push_back({"/amount/amount", "too_small", "must be more than zero"});
  } else if (wanted.amount > kAmountMax) {
    faults.push_back({"/amount/amount", "amount_too_large", "is beyond the limit"});
  }
  if (!storage::currency_number(wanted.currency)) {
    faults.push_back({"/amount/currency", "currency_unknown", "is no ISO 4217 code"});
  }
  if (!plain_text(wanted.reference, kReferenceBytesMax)) {
    faults.push_back({"/reference", "text_invalid", "must have 1 to 140 plain characters"});
  }
  return faults;
}

AppResult<storage::PlatformBatch> book(PlatformTx& tx, NewDeposit const& wanted,
                                       std::int64_t principal_no, std::int64_t approval_no) {
  auto batch =
      tx.ledger().deposit(wanted.tenant_no, wanted.currency, wanted.amount, wanted.reference);
  if (!batch) return refuse(app_error(batch.error()));
  AuditPayload payload;
  payload.add("currency", wanted.currency).add("amount", wanted.amount.micros);
  if (approval_no != 0) payload.add("approval", approval_no);
  audit(tx, principal_no, "deposit.booked", {wanted.tenant_no, "deposit", batch->seq},
        std::move(payload));
  return *batch;
}

}  // namespace

AppResult<DepositOutcome> deposit(AppTools const& tools, PlatformTx& tx, Principal const& actor,
                                  NewDeposit const& wanted) {
  if (auto allowed = require_admin(actor); !allowed) return refuse(allowed.error());
  auto const tenant = tx.tenants().find_locked(wanted.tenant_no);
  if (!tenant) return fail(AppCode::not_found, "There is no such account.");
  if (auto faults = check(wanted, tenant->role); !faults.empty()) {
    return fail(AppCode::validation_failed, "The deposit has faults.", std::move(faults));
  }
  if (tenant->status != storage::TenantStatus::active) {
    return fail(AppCode::wrong_state, "The account is not active.");
  }
  DepositOutcome outcome;
  if (wanted.amount > tools.settings.deposit_limit) {
    outcome.approval_no = request_approval(
        tools, tx, actor,
        {"deposit", wanted.tenant_no, wanted.tenant_no,
         pack_fields({wanted.currency, std::to_string(wanted.amount.micros), wanted.reference})});
    return outcome;
  }
  auto batch = book(tx, wanted, actor.principal_no, 0);
  if (!batch) return refuse(batch.error());
  outcome.batch = *batch;
  return outcome;
}

AppResult<void> confirm_deposit(AppTools const& /*tools*/, PlatformTx& tx,
                                storage::Approval const& approval, std::string const& payload) {
  auto const fields = unpack_fields(payload, kFields);
  if (!fields) return fail(AppCode::internal_invariant, "This approval cannot be carried out.");
  auto const tenant = tx.tenants().find_locked(approval.subject_no);
  if (!tenant || tenant->status != storage::TenantStatus::active) {
    return fail(AppCode::wrong_state, "The account is not active.");
  }
  NewDeposit const wanted{tenant->tenant_no, (*fields)[0], Money{std::stoll((*fields)[1])},
                          (*fields)[2]};
  auto const batch = book(tx, wanted, approval.requested_by, approval.approval_no);
  if (!batch) return refuse(batch.error());
  return {};
}

}  // namespace leadex::app
