#include "server/app/approvals.hpp"

#include "billing/values/check.hpp"
#include "server/app/approval_effects.hpp"
#include "server/app/claw_back.hpp"
#include "server/privacy/sealed_value.hpp"

namespace leadex::app {

namespace {

constexpr std::string_view kTable = "approval";
constexpr std::string_view kColumn = "payload_sealed";

AppResult<storage::Approval> find_waiting(PlatformTx& tx, Principal const& actor,
                                          std::int64_t approval_no) {
  if (auto allowed = require_admin(actor); !allowed) return refuse(allowed.error());
  auto approval = tx.approvals().find_locked(approval_no);
  if (!approval) return fail(AppCode::not_found, "There is no such approval.");
  if (approval->state != storage::ApprovalState::waiting) {
    return fail(AppCode::wrong_state, "This approval was decided before.");
  }
  return std::move(*approval);
}

}  // namespace

std::int64_t request_approval(AppTools const& tools, PlatformTx& tx, Principal const& actor,
                              ApprovalRequest const& request) {
  storage::Approval approval;
  approval.approval_no = tx.next_number(0, storage::NumberKind::approval);
  approval.kind = request.kind;
  approval.subject_no = request.subject_no;
  approval.requested_by = actor.principal_no;
  approval.requested_at = tx.now();
  auto const row = privacy::row_key(approval.approval_no);
  approval.payload_sealed =
      privacy::SecretBox(tools.ring).seal({kTable, 0, row, kColumn}, request.payload);
  tx.approvals().insert(approval);
  audit(tx, actor.principal_no, "approval.requested",
        {request.tenant_no, "approval", approval.approval_no},
        AuditPayload().add("kind", request.kind).add("subject", request.subject_no));
  return approval.approval_no;
}

ApprovalEffects::ApprovalEffects() {
  add("staff_account", confirm_staff_account);
  add("staff_key", confirm_staff_key);
  add("bank_details", confirm_bank_details);
  add("deposit", confirm_deposit);
  add(std::string{kClawBackApproval}, confirm_claw_back);
}

void ApprovalEffects::add(std::string kind, ApprovalEffect effect) {
  LEADEX_CHECK(effects_.emplace(std::move(kind), std::move(effect)).second);
}

ApprovalEffect const* ApprovalEffects::find(std::string_view kind) const {
  auto const found = effects_.find(kind);
  return found == effects_.end() ? nullptr : &found->second;
}

AppResult<storage::Approval> approve(AppTools const& tools, ApprovalEffects const& effects,
                                     PlatformTx& tx, Principal const& actor,
                                     std::int64_t approval_no) {
  auto approval = find_waiting(tx, actor, approval_no);
  if (!approval) return approval;
  if (auto other = require_other_person(tx, actor, approval->requested_by); !other) {
    return refuse(other.error());
  }
  auto const* const effect = effects.find(approval->kind);
  auto const row = privacy::row_key(approval_no);
  auto const payload =
      privacy::SecretBox(tools.ring).open({kTable, 0, row, kColumn}, approval->payload_sealed);
  if (effect == nullptr || !payload) {
    return fail(AppCode::internal_invariant, "This approval cannot be carried out.");
  }
  approval->decided_by = actor.principal_no;
  auto const done = (*effect)(tools, tx, *approval, std::string(payload->view()));
  if (!done) return refuse(done.error());
  approval->state = storage::ApprovalState::approved;
  approval->decided_at = tx.now();
  tx.approvals().decide(approval_no, approval->state, approval->decided_by, tx.now());
  audit(tx, actor.principal_no, "approval.approved", {actor.tenant_no, "approval", approval_no},
        AuditPayload()
            .add("kind", approval->kind)
            .add("subject", approval->subject_no)
            .add("requested_by", approval->requested_by));
  return approval;
}

AppResult<storage::Approval> refuse_approval(PlatformTx& tx, Principal const& actor,
                                             std::int64_t approval_no) {
  auto approval = find_waiting(tx, actor, approval_no);
  if (!approval) return approval;
  approval->state = storage::ApprovalState::refused;
  // Taking one's own request back is no decision of a second person; the audit row says who it was.
  if (actor.principal_no != approval->requested_by) approval->decided_by = actor.principal_no;
  approval->decided_at = tx.now();
  tx.approvals().decide(approval_no, approval->state, approval->decided_by, tx.now());
  audit(tx, actor.principal_no, "approval.refused", {actor.tenant_no, "approval", approval_no},
        AuditPayload().add("kind", approval->kind).add("requested_by", approval->requested_by));
  return approval;
}

}  // namespace leadex::app
