#include "server/app/record_verdict.hpp"

#include <memory>

#include "billing/values/check.hpp"
#include "server/app/judge_lot.hpp"
#include "server/crypto/public_id.hpp"

namespace leadex::app {
namespace {

using boost::asio::awaitable;
using storage::Batch;
using storage::BatchStatus;
using storage::CheckStatus;
using storage::CheckVerdict;
using storage::LotDecision;
using storage::SpotCheck;

storage::AuditEntry entry_of(Batch const& batch, Actor actor, std::string action,
                             std::string payload) {
  return {.principal_no = actor.principal_no,
          .tenant_no = batch.tenant_no,
          .action = std::move(action),
          .object_kind = "batch",
          .object_market = batch.id.market,
          .object_no = batch.id.no,
          .payload = std::move(payload)};
}

storage::NewEvent event_of(Batch const& batch, storage::OwnEvent type, crypto::IdKind kind,
                           std::int64_t no) {
  return {batch.id.market, type, batch.tenant_no, static_cast<std::int16_t>(kind), no};
}

/// Bad rows of an accepted lot do not go on sale. Nobody but this lot has them yet; of a rejected
/// lot the one event tells for all its leads.
void decide(storage::LotTx& tx, Batch const& batch, std::vector<SpotCheck> const& checks,
            LotDecision decision) {
  bool const accepted = decision == LotDecision::accepted;
  tx.batches().set_decision(batch.id, decision,
                            accepted ? BatchStatus::listing : BatchStatus::checking);
  tx.emit(event_of(batch, storage::OwnEvent::batch_checked, crypto::IdKind::batch, batch.id.no));
  if (!accepted) return;
  std::vector<std::int64_t> bad;
  for (auto const& check : checks) {
    if (check.verdict == CheckVerdict::bad) bad.push_back(check.lead_no);
  }
  if (!bad.empty()) tx.lots().withdraw_checked(batch.id.market, bad);
  for (auto const lead_no : bad) {
    tx.emit(event_of(batch, storage::OwnEvent::lead_withdrawn, crypto::IdKind::lead, lead_no));
  }
}

/// The check after this verdict.
storage::VerdictRow row_of(SpotCheck const& check, GivenVerdict const& given, Actor actor,
                           std::optional<std::string> note_sealed) {
  auto const attempts = check.attempts + 1;
  bool const again = given.verdict == CheckVerdict::unreachable && attempts < kAttemptsMax;
  storage::VerdictRow row{.check = check.id,
                          .status = again ? CheckStatus::open : CheckStatus::done,
                          .attempts = attempts,
                          .reason = given.reason,
                          .note_sealed = std::move(note_sealed),
                          .decided_by = actor.principal_no};
  if (!again) row.verdict = given.verdict;
  return row;
}

struct Judged {
  std::string action;  // empty: the lot waits on
  bool stand_in_needed{};
};

Judged judge_now(storage::LotTx& tx, Batch const& batch, BasisPoints unreachable_max) {
  auto const checks = tx.lots().checks(batch.id);
  auto const lot = judge(batch, checks, unreachable_max);
  switch (lot.state) {
    case quality::LotState::accepted:
      decide(tx, batch, checks, LotDecision::accepted);
      return {.action = "lot.accepted"};
    case quality::LotState::rejected:
      decide(tx, batch, checks, LotDecision::rejected);
      return {.action = "lot.rejected"};
    case quality::LotState::needs_admin:
      if (batch.needs_admin) return {};
      tx.batches().set_needs_admin(batch.id, true);
      return {.action = "lot.needs_admin"};
    case quality::LotState::pending:
      break;
  }
  return {.stand_in_needed = lot.rows_needed > std::ssize(checks)};
}

Result<VerdictTaken, LotRefusal> take(storage::LotTx& tx, GivenVerdict const& given, Actor actor,
                                      std::optional<std::string> const& note_sealed,
                                      BasisPoints unreachable_max) {
  auto const check = tx.lots().find_check_locked(given.check);
  if (!check) return refuse(LotRefusal::not_found);
  BatchId const batch_id{given.check.market, check->batch_no};
  auto const batch = tx.batches().find_locked(batch_id);
  if (!batch) return refuse(LotRefusal::not_found);
  if (check->status == CheckStatus::done || !is_waiting(*batch)) {
    return refuse(LotRefusal::already_decided);
  }
  bool const held = check->status == CheckStatus::claimed &&
                    check->claimed_by == actor.principal_no && check->lease_until > tx.now();
  if (!held) return refuse(LotRefusal::not_claimed);

  auto const row = row_of(*check, given, actor, note_sealed);
  tx.lots().save_verdict(row);
  std::vector<storage::AuditEntry> entries;
  auto verdict = entry_of(
      *batch, actor, "spot_check.verdict",
      "check_no=" + std::to_string(check->id.no) + ";verdict=" + std::string{text(given.verdict)} +
          ";reason=" + given.reason + ";attempt=" + std::to_string(row.attempts));
  entries.push_back(std::move(verdict));
  auto const judged = judge_now(tx, *batch, unreachable_max);
  if (!judged.action.empty()) {
    entries.push_back(entry_of(*batch, {}, judged.action,
                               "commitment_no=" + std::to_string(batch->commitment_no)));
  }
  tx.audit().append(batch_id.market, entries);
  return VerdictTaken{*tx.lots().find_check_locked(given.check),
                      *tx.batches().find_locked(batch_id), judged.stand_in_needed};
}

Result<Batch, LotRefusal> take_decision(storage::LotTx& tx, DecideLot const& given,
                                        std::string const& reason_sealed, Actor actor) {
  auto const id = given.batch;
  auto const batch = tx.batches().find_locked(id);
  if (!batch) return refuse(LotRefusal::not_found);
  if (!is_waiting(*batch)) return refuse(LotRefusal::already_decided);
  if (!batch->needs_admin) return refuse(LotRefusal::not_needed);
  decide(tx, *batch, tx.lots().checks(id), given.decision);
  tx.batches().set_decision_reason(id, reason_sealed);
  auto const entry =
      entry_of(*batch, actor, "lot." + std::string{text(given.decision)}, "judged_by=admin");
  tx.audit().append(id.market, {&entry, 1});
  return *tx.batches().find_locked(id);
}

}  // namespace

awaitable<LotResult<LotAnswer<VerdictTaken>>> record_verdict(LotServices services,
                                                             GivenVerdict given, Actor actor,
                                                             LotOnce<VerdictTaken> once) {
  auto const market = services.markets.find(given.check.market);
  if (!market) co_return refuse(LotError{LotRefusal::not_found});
  auto const settings = market->settings();
  if (!settings) co_return refuse(LotError{LotRefusal::not_owner});
  std::optional<std::string> note;
  if (given.note) {
    auto const row = privacy::row_key(given.check.no);
    note = privacy::SecretBox{services.keys}.seal(
        {"spot_check", given.check.market, row, "note_sealed"}, *given.note);
    crypto::wipe(*given.note);
    given.note.reset();
  }
  BasisPoints const unreachable_max{settings->unreachable_max_bp};
  auto job = [given, actor, note, unreachable_max, once](storage::LotTx& tx) {
    return run_once(tx, actor, once, [&] { return take(tx, given, actor, note, unreachable_max); });
  };
  co_return flatten(co_await services.store.transact(job));
}

awaitable<LotResult<LotAnswer<Batch>>> decide_lot(LotServices services, DecideLot given,
                                                  Actor actor, LotOnce<Batch> once) {
  auto const row = privacy::row_key(given.batch.no);
  auto sealed = privacy::SecretBox{services.keys}.seal(
      {"batch", given.batch.market, row, "decision_reason_sealed"}, given.reason);
  auto job = [given, actor, sealed = std::move(sealed), once](storage::LotTx& tx) {
    return run_once(tx, actor, once, [&] { return take_decision(tx, given, sealed, actor); });
  };
  co_return flatten(co_await services.store.transact(job));
}

std::string decision_reason(privacy::KeyRing const& keys, Batch const& batch) {
  auto const row = privacy::row_key(batch.id.no);
  auto const opened = privacy::SecretBox{keys}.open(
      {"batch", batch.id.market, row, "decision_reason_sealed"}, *batch.decision_reason_sealed);
  LEADEX_CHECK(opened.has_value());
  return std::string{opened->view()};
}

}  // namespace leadex::app
