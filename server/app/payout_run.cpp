#include "server/app/payout_run.hpp"

#include "billing/settlement/payout.hpp"
#include "server/app/change_bank_details.hpp"
#include "server/crypto/public_id.hpp"
#include "server/storage/currency.hpp"

namespace leadex::app {

namespace {

using storage::PayoutStatus;

std::string seal_for_payout(privacy::KeyRing const& ring, std::int64_t payout_no,
                            BankDetails const& bank) {
  auto const row = privacy::row_key(payout_no);
  return seal_bank_details(ring, {"payout", 0, row, "bank_sealed"}, bank);
}

std::vector<storage::PayoutAmount> amounts(storage::PayoutRun const& run) {
  std::vector<storage::PayoutAmount> all;
  for (auto const& payout : run.payouts) {
    all.push_back({payout.payout_no, payout.tenant_no, payout.amount});
  }
  return all;
}

void audit_run(PlatformTx& tx, Principal const& actor, std::string_view action,
               storage::PayoutRun const& run) {
  std::int64_t total = 0;
  for (auto const& payout : run.payouts) total += payout.amount.micros;
  audit(tx, actor.principal_no, action, {actor.tenant_no, "payout_run", run.run_no},
        AuditPayload()
            .add("currency", run.currency)
            .add("payouts", static_cast<std::int64_t>(run.payouts.size()))
            .add("total", total));
}

/// One event for each generator of the run.
void tell(PlatformTx& tx, storage::PayoutRun const& run, storage::OwnEvent event) {
  constexpr auto kKind = static_cast<std::int16_t>(crypto::IdKind::payout);
  for (auto const& payout : run.payouts) {
    tx.webhooks().emit({0, event, payout.tenant_no, kKind, payout.payout_no}, tx.now());
  }
}

AppResult<storage::PayoutRun> find_run(PlatformTx& tx, Principal const& actor,
                                       std::int64_t run_no) {
  if (auto allowed = require_admin(actor); !allowed) return refuse(allowed.error());
  auto run = tx.payouts().find_locked(run_no);
  if (!run) return fail(AppCode::not_found, "There is no such payout run.");
  return std::move(*run);
}

/// The payout a generator gets in this run, or nothing when it has to wait.
AppResult<std::optional<storage::Payout>> payout_for(AppTools const& tools, PlatformTx& tx,
                                                     storage::Earned const& earned, int exponent) {
  auto const amount = payout_amount(earned.available, exponent);
  if (amount.micros == 0) return std::nullopt;
  auto const tenant = tx.tenants().find_locked(earned.tenant_no);
  bool const payable = tenant && tenant->status == storage::TenantStatus::active &&
                       tenant->role == storage::Role::generator && tenant->bank_sealed &&
                       (!tenant->bank_cool_until || *tenant->bank_cool_until <= tx.now());
  if (!payable) return std::nullopt;
  auto const bank = open_bank_of(tools.ring, *tenant);
  if (!bank) return refuse(bank.error());
  storage::Payout payout;
  payout.payout_no = tx.next_number(0, storage::NumberKind::payout);
  payout.tenant_no = earned.tenant_no;
  payout.amount = amount;
  payout.status = PayoutStatus::draft;
  payout.bank_sealed = seal_for_payout(tools.ring, payout.payout_no, *bank);
  return payout;
}

}  // namespace

AppResult<storage::PayoutRun> draft_payout_run(AppTools const& tools, PlatformTx& tx,
                                               Principal const& actor,
                                               std::string const& currency) {
  if (auto allowed = require_admin(actor); !allowed) return refuse(allowed.error());
  auto const exponent = currency_exponent(currency);
  if (!exponent || !storage::currency_number(currency)) {
    return fail(AppCode::validation_failed, "There is no such currency.",
                {{"/currency", "currency_unknown", "is no ISO 4217 code"}});
  }
  storage::PayoutRun run;
  run.currency = currency;
  run.status = PayoutStatus::draft;
  run.drafted_by = actor.principal_no;
  run.created_at = tx.now();
  // Twice as many as fit: those who have to wait do not keep out those behind them for long.
  for (auto const& earned : tx.ledger().earned_locked(currency, 2 * kPayoutsPerRunMax)) {
    if (run.payouts.size() == kPayoutsPerRunMax) break;
    auto payout = payout_for(tools, tx, earned, *exponent);
    if (!payout) return refuse(payout.error());
    if (*payout) run.payouts.push_back(std::move(**payout));
  }
  if (run.payouts.empty()) {
    return fail(AppCode::nothing_to_pay, "Nobody has earnings that can be paid out now.");
  }
  run.run_no = tx.next_number(0, storage::NumberKind::payout_run);
  for (auto& payout : run.payouts) payout.run_no = run.run_no;
  auto const booked = tx.ledger().payouts_drafted(run.run_no, currency, amounts(run));
  if (!booked) return refuse(app_error(booked.error()));
  tx.payouts().insert(run);
  audit_run(tx, actor, "payout_run.drafted", run);
  return run;
}

AppResult<storage::PayoutRun> approve_payout_run(PlatformTx& tx, Principal const& actor,
                                                 std::int64_t run_no) {
  auto run = find_run(tx, actor, run_no);
  if (!run) return run;
  if (run->status != PayoutStatus::draft) {
    return fail(AppCode::wrong_state, "The payout run is no draft any more.");
  }
  if (auto other = require_other_person(tx, actor, run->drafted_by); !other) {
    return refuse(other.error());
  }
  tx.payouts().approve(run_no, actor.principal_no, tx.now());
  audit_run(tx, actor, "payout_run.approved", *run);
  return *tx.payouts().find(run_no);
}

AppResult<ExportedRun> export_payout_run(AppTools const& tools, PlatformTx& tx,
                                         Principal const& actor, std::int64_t run_no) {
  auto run = find_run(tx, actor, run_no);
  if (!run) return refuse(run.error());
  bool const open = run->status == PayoutStatus::approved || run->status == PayoutStatus::exported;
  if (!open) return fail(AppCode::wrong_state, "Only an approved payout run can be exported.");
  ExportedRun exported;
  for (auto const& payout : run->payouts) {
    auto const row = privacy::row_key(payout.payout_no);
    auto bank = open_bank_details(tools.ring, {"payout", 0, row, "bank_sealed"},
                                  payout.bank_sealed.value_or(""));
    if (!bank) return refuse(bank.error());
    exported.lines.push_back({payout.payout_no, payout.tenant_no, payout.amount, std::move(*bank)});
  }
  tx.payouts().set_status(run_no, PayoutStatus::exported, std::nullopt);
  audit_run(tx, actor, "payout_run.exported", *run);
  exported.run = *tx.payouts().find(run_no);
  return exported;
}

AppResult<storage::PayoutRun> pay_payout_run(PlatformTx& tx, Principal const& actor,
                                             std::int64_t run_no) {
  auto run = find_run(tx, actor, run_no);
  if (!run) return run;
  if (run->status != PayoutStatus::exported) {
    return fail(AppCode::wrong_state, "Only an exported payout run can be paid.");
  }
  auto const booked = tx.ledger().payouts_paid(run_no, run->currency, amounts(*run));
  if (!booked) return refuse(app_error(booked.error()));
  tx.payouts().set_status(run_no, PayoutStatus::paid, tx.now());
  tell(tx, *run, storage::OwnEvent::payout_sent);
  audit_run(tx, actor, "payout_run.paid", *run);
  return *tx.payouts().find(run_no);
}

AppResult<storage::PayoutRun> fail_payout_run(PlatformTx& tx, Principal const& actor,
                                              std::int64_t run_no) {
  auto run = find_run(tx, actor, run_no);
  if (!run) return run;
  if (run->status == PayoutStatus::paid || run->status == PayoutStatus::failed) {
    return fail(AppCode::wrong_state, "The payout run is closed.");
  }
  auto const booked = tx.ledger().payouts_failed(run_no, run->currency, amounts(*run));
  if (!booked) return refuse(app_error(booked.error()));
  tx.payouts().set_status(run_no, PayoutStatus::failed, tx.now());
  // Of a draft the generators have not heard.
  if (run->status != PayoutStatus::draft) tell(tx, *run, storage::OwnEvent::payout_failed);
  audit_run(tx, actor, "payout_run.failed", *run);
  return *tx.payouts().find(run_no);
}

}  // namespace leadex::app
