#include "server/app/claw_back.hpp"

#include "billing/values/check.hpp"
#include "server/app/approval_effects.hpp"
#include "server/app/approvals.hpp"
#include "server/privacy/sealed_value.hpp"

namespace leadex::app {

namespace {

constexpr std::size_t kReasonBytesMax = 2000;

privacy::SealPlace place_of(storage::ClawBackOrder const& order, crypto::Bytes const& row) {
  return {"claw_back", order.sale.market, row, "reason_sealed"};
}

/// Whether the sale still has that much to give. Nothing but claw-backs changes a settled sale, and
/// there is one at a time: what is checked here holds until the market carries the order out.
AppResult<void> check(storage::ClawBackSale const& sale, Money amount) {
  if (sale.state != market::SaleState::settled) {
    return fail(AppCode::wrong_state, "Only a settled sale can be clawed back.");
  }
  if (sale.order_open) {
    return fail(AppCode::wrong_state, "A claw-back of this sale is on its way.");
  }
  if (amount.micros <= 0 || amount.micros > sale.gross.micros - sale.credited.micros) {
    return fail(AppCode::validation_failed, "The claw-back has faults.",
                {{"/amount/amount", "amount_too_large", "is more than the sale has left"}});
  }
  return {};
}

void audit_order(PlatformTx& tx, std::int64_t principal_no, std::string_view action,
                 storage::ClawBackOrder const& order, std::int64_t generator_no) {
  AuditPayload payload;
  payload.add("market", std::int64_t{order.sale.market})
      .add("lead", order.sale.lead_no)
      .add("slot", std::int64_t{order.sale.slot})
      .add("amount", order.amount.micros);
  if (order.approval_no) payload.add("approval", *order.approval_no);
  audit(tx, principal_no, action, {generator_no, "claw_back", order.order_no}, std::move(payload));
}

AppResult<ClawBackOutcome> place_order(AppTools const& tools, PlatformTx& tx,
                                       Principal const& actor, NewClawBack const& wanted) {
  if (wanted.reason.empty() || wanted.reason.size() > kReasonBytesMax) {
    return fail(AppCode::validation_failed, "The claw-back has faults.",
                {{"/reason", "text_invalid", "must have 1 to 2000 bytes"}});
  }
  auto const sale = tx.claw_backs().sale_locked(wanted.sale);
  if (!sale) return fail(AppCode::not_found, "There is no such sale.");
  auto const amount = wanted.amount.value_or(Money{sale->gross.micros - sale->credited.micros});
  if (auto fits = check(*sale, amount); !fits) return refuse(fits.error());

  ClawBackOutcome outcome;
  auto& order = outcome.order;
  order.order_no = tx.next_number(0, storage::NumberKind::claw_back);
  order.sale = wanted.sale;
  order.amount = amount;
  order.ordered_by = actor.principal_no;
  order.ordered_at = tx.now();
  auto const row = privacy::row_key(order.order_no);
  order.reason_sealed = privacy::SecretBox(tools.ring).seal(place_of(order, row), wanted.reason);
  if (amount > tools.settings.deposit_limit) {
    outcome.approval_no =
        request_approval(tools, tx, actor,
                         {std::string{kClawBackApproval}, order.order_no, sale->generator_no,
                          pack_fields({std::to_string(order.order_no)})});
    order.approval_no = outcome.approval_no;
  }
  tx.claw_backs().insert(order, !order.approval_no);
  if (!order.approval_no) {
    audit_order(tx, actor.principal_no, "claw_back.ordered", order, sale->generator_no);
  }
  return outcome;
}

}  // namespace

AppResult<ClawBackOutcome> order_claw_back(AppTools const& tools, PlatformTx& tx,
                                           Principal const& actor, NewClawBack const& wanted) {
  if (auto allowed = require_admin(actor); !allowed) return refuse(allowed.error());
  return place_order(tools, tx, actor, wanted);
}

AppResult<ClawBackOutcome> claw_back_found_bad(AppTools const& tools, PlatformTx& tx, SaleId sale,
                                               std::string reason) {
  return place_order(tools, tx, Principal{}, {sale, std::nullopt, std::move(reason)});
}

AppResult<void> confirm_claw_back(AppTools const& /*tools*/, PlatformTx& tx,
                                  storage::Approval const& approval,
                                  std::string const& /*payload*/) {
  auto const order = tx.claw_backs().find(approval.subject_no);
  if (!order || order->approval_no != approval.approval_no) {
    return fail(AppCode::internal_invariant, "This approval cannot be carried out.");
  }
  auto const sale = tx.claw_backs().sale_locked(order->sale);
  if (!sale) return fail(AppCode::internal_invariant, "This approval cannot be carried out.");
  if (auto fits = check(*sale, order->amount); !fits) {
    return fail(AppCode::wrong_state, "The sale has moved on since this was asked for.");
  }
  tx.claw_backs().approve(order->order_no, *approval.decided_by);
  audit_order(tx, approval.requested_by, "claw_back.ordered", *order, sale->generator_no);
  return {};
}

std::string claw_back_reason(privacy::KeyRing const& ring, storage::ClawBackOrder const& order) {
  auto const row = privacy::row_key(order.order_no);
  auto const opened = privacy::SecretBox(ring).open(place_of(order, row), order.reason_sealed);
  LEADEX_CHECK(opened.has_value());
  return std::string{opened->view()};
}

}  // namespace leadex::app
