#include "server/app/record_verdict.hpp"

#include <memory>

#include "billing/values/check.hpp"
#include "server/app/judge_lot.hpp"
#include "server/app/source_standing.hpp"
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

/// The same of a verdict, whose object is the lot, or the lead where there is none.
storage::AuditEntry verdict_entry(Batch const& batch, SpotCheck const& check, Actor actor,
                                  std::string payload) {
  auto entry = entry_of(batch, actor, "spot_check.verdict", std::move(payload));
  if (storage::is_realtime(check)) {
    entry.object_kind = "lead";
    entry.object_no = check.lead_no;
  }
  return entry;
}

storage::NewEvent event_of(Batch const& batch, storage::OwnEvent type, crypto::IdKind kind,
                           std::int64_t no) {
  return {batch.id.market, type, batch.tenant_no, static_cast<std::int16_t>(kind), no};
}

/// What of the market's settings a lot is judged by.
struct Limits {
  BasisPoints unreachable_max;
  BasisPoints acceptable;
};

Limits limits_of(market::MarketSettings const& settings) {
  return {BasisPoints{settings.unreachable_max_bp}, BasisPoints{settings.acceptable_bp}};
}

/// Bad rows of an accepted lot do not go on sale, nor those that one of several verifiers called
/// bad. Nobody but this lot has them yet; of a rejected lot the one event tells for all its leads.
void decide(storage::LotTx& tx, Batch const& batch, quality::LotVerdict const& lot,
            LotDecision decision, BasisPoints acceptable) {
  bool const accepted = decision == LotDecision::accepted;
  auto const plan = tx.inspection().plan(batch.id);
  count_decided(tx, batch,
                {.accepted = accepted,
                 .strict = plan && plan->strict,
                 .checked = lot.checked,
                 .bad = lot.bad},
                acceptable);
  tx.batches().set_decision(batch.id, decision,
                            accepted ? BatchStatus::listing : BatchStatus::checking);
  tx.emit(event_of(batch, storage::OwnEvent::batch_checked, crypto::IdKind::batch, batch.id.no));
  if (!accepted) return;
  auto const bad = tx.inspection().called_bad(batch.id);
  if (!bad.empty()) tx.lots().withdraw_checked(batch.id.market, bad);
  for (auto const lead_no : bad) {
    tx.emit(event_of(batch, storage::OwnEvent::lead_withdrawn, crypto::IdKind::lead, lead_no));
  }
}

std::chrono::sys_days day_of(Timestamp at) { return std::chrono::floor<std::chrono::days>(at); }

/// One more attempt on that day. Whoever was not reached twice on it is left alone until the next.
storage::CheckTurn tried(storage::CheckTurn turn, Timestamp now) {
  auto const today = day_of(now);
  auto const number = static_cast<std::int32_t>(today.time_since_epoch().count());
  turn.attempts_that_day = turn.attempt_day == number ? turn.attempts_that_day + 1 : 1;
  turn.attempt_day = number;
  turn.rest_until.reset();
  if (turn.attempts_that_day >= kAttemptsADay) turn.rest_until = today + std::chrono::days{1};
  return turn;
}

/// A verdict on its way into the check.
struct Given {
  GivenVerdict const& verdict;
  Actor actor;
  std::optional<std::string> const& note_sealed;
};

storage::VerdictRow row_of(SpotCheck const& check, Given const& given, bool done) {
  storage::VerdictRow row{.check = check.id,
                          .status = done ? CheckStatus::done : CheckStatus::open,
                          .attempts = check.attempts + 1,
                          .reason = given.verdict.reason,
                          .note_sealed = given.note_sealed,
                          .decided_by = given.actor.principal_no};
  if (done) row.verdict = given.verdict.verdict;
  return row;
}

/// Keeps what one of several verifiers says. @return whether that is the check's verdict: the third
/// decides when the first two differ, else the second does
bool settles(storage::LotTx& tx, SpotCheck const& check, Given const& given, std::int32_t wanted) {
  auto& rows = tx.inspection();
  auto const before = rows.opinions(check.id);
  auto const number = static_cast<std::int32_t>(before.size()) + 1;
  rows.add_opinion(check.id, number,
                   {given.verdict.verdict, given.verdict.reason, given.actor.principal_no});
  if (number < wanted) {
    rows.reopen(check.id, wanted);
    return false;
  }
  constexpr std::int32_t kOpinionsMax = 3;
  if (number < kOpinionsMax && before.back().verdict != given.verdict.verdict) {
    rows.reopen(check.id, number + 1);
    return false;
  }
  return true;
}

/// Puts the verdict into the check: another attempt, another opinion, or done.
void save_given(storage::LotTx& tx, SpotCheck const& check, Given const& given) {
  auto turn = tx.inspection().turn(check.id);
  if (given.verdict.verdict == CheckVerdict::unreachable) {
    turn = tried(turn, tx.now());
    auto const attempts = check.attempts + 1;
    // More attempts than those of today: there was another day.
    bool const given_up = attempts >= kAttemptsMax && attempts > turn.attempts_that_day;
    if (!given_up) {
      tx.lots().save_verdict(row_of(check, given, false));
      tx.inspection().save_turn(check.id, turn);
      return;
    }
  }
  if (turn.opinions > 1 && !settles(tx, check, given, turn.opinions)) return;
  tx.lots().save_verdict(row_of(check, given, true));
}

struct Judged {
  std::string action;  // empty: the lot waits on
  bool stand_in_needed{};
};

Judged judge_now(storage::LotTx& tx, Batch const& batch, Limits limits) {
  auto const checks = tx.lots().checks(batch.id);
  auto const lot = judge(batch, tx.inspection().plan(batch.id), checks, limits.unreachable_max);
  bool admin_needed = false;
  switch (lot.state) {
    case quality::LotState::accepted:
      decide(tx, batch, lot, LotDecision::accepted, limits.acceptable);
      return {.action = "lot.accepted"};
    case quality::LotState::rejected:
      decide(tx, batch, lot, LotDecision::rejected, limits.acceptable);
      return {.action = "lot.rejected"};
    case quality::LotState::needs_admin:
      admin_needed = true;
      break;
    case quality::LotState::pending:
      admin_needed = tx.inspection().lacks_verifier(batch.id);
      break;
  }
  Judged judged;
  bool const pending = lot.state == quality::LotState::pending;
  judged.stand_in_needed = pending && lot.rows_needed > std::ssize(checks);
  if (admin_needed && !batch.needs_admin) {
    tx.batches().set_needs_admin(batch.id, true);
    judged.action = "lot.needs_admin";
  }
  return judged;
}

/// A check and its lot, both locked, that a verdict may still come to. A posted lead's check stands
/// alone: its running lot has no row and no verdict.
struct Open {
  SpotCheck check;
  Batch batch;
};

Result<Open, LotRefusal> find_open(storage::LotTx& tx, CheckId id) {
  auto check = tx.lots().find_check_locked(id);
  if (!check) return refuse(LotRefusal::not_found);
  if (storage::is_realtime(*check)) {
    auto const lead = tx.realtime().lead_of(id);
    if (!lead) return refuse(LotRefusal::not_found);
    if (check->status == CheckStatus::done) return refuse(LotRefusal::already_decided);
    Batch running{.id = storage::running_lot(id.market, lead->day), .tenant_no = lead->tenant_no};
    return Open{std::move(*check), std::move(running)};
  }
  auto batch = tx.batches().find_locked({id.market, check->batch_no});
  if (!batch) return refuse(LotRefusal::not_found);
  if (check->status == CheckStatus::done || !is_waiting(*batch)) {
    return refuse(LotRefusal::already_decided);
  }
  return Open{std::move(*check), std::move(*batch)};
}

/// What a check's new state means for its lot, and the audit entries of both.
VerdictTaken settle(storage::LotTx& tx, Open const& open, storage::AuditEntry verdict,
                    Limits limits) {
  if (storage::is_realtime(open.check)) {
    tx.audit().append(open.check.id.market, {&verdict, 1});
    return {*tx.lots().find_check_locked(open.check.id), open.batch, false};
  }
  std::vector<storage::AuditEntry> entries;
  entries.push_back(std::move(verdict));
  auto const judged = judge_now(tx, open.batch, limits);
  if (!judged.action.empty()) {
    entries.push_back(entry_of(open.batch, {}, judged.action,
                               "commitment_no=" + std::to_string(open.batch.commitment_no)));
  }
  tx.audit().append(open.batch.id.market, entries);
  return {*tx.lots().find_check_locked(open.check.id), *tx.batches().find_locked(open.batch.id),
          judged.stand_in_needed};
}

/// Nobody can judge a row without a contact: it counts as one that nobody reached.
Result<VerdictTaken, LotRefusal> take_gone(storage::LotTx& tx, CheckId id, Actor actor,
                                           Limits limits) {
  auto const open = find_open(tx, id);
  if (!open) return refuse(open.error());
  auto const& check = open->check;
  if (tx.lots().sealed_lead({id.market, check.lead_no})) return refuse(LotRefusal::not_needed);
  tx.lots().save_verdict({.check = id,
                          .status = CheckStatus::done,
                          .attempts = check.attempts,
                          .verdict = CheckVerdict::unreachable,
                          .reason = "contact_gone",
                          .note_sealed = std::nullopt,
                          .decided_by = actor.principal_no});
  auto entry = verdict_entry(
      open->batch, check, actor,
      "check_no=" + std::to_string(id.no) + ";verdict=unreachable;reason=contact_gone");
  return settle(tx, *open, std::move(entry), limits);
}

Result<VerdictTaken, LotRefusal> take(storage::LotTx& tx, GivenVerdict const& given, Actor actor,
                                      std::optional<std::string> const& note_sealed,
                                      Limits limits) {
  auto const open = find_open(tx, given.check);
  if (!open) return refuse(open.error());
  auto const& check = open->check;
  bool const held = check.status == CheckStatus::claimed &&
                    check.claimed_by == actor.principal_no && check.lease_until > tx.now();
  if (!held) return refuse(LotRefusal::not_claimed);

  save_given(tx, check, {given, actor, note_sealed});
  if (given.code) tx.codes().end({given.check, *given.code});
  auto entry = verdict_entry(
      open->batch, check, actor,
      "check_no=" + std::to_string(check.id.no) + ";verdict=" + std::string{text(given.verdict)} +
          ";reason=" + given.reason + ";attempt=" + std::to_string(check.attempts + 1));
  return settle(tx, *open, std::move(entry), limits);
}

Result<Batch, LotRefusal> take_decision(storage::LotTx& tx, DecideLot const& given,
                                        std::string const& reason_sealed, Actor actor,
                                        Limits limits) {
  auto const id = given.batch;
  auto const batch = tx.batches().find_locked(id);
  if (!batch) return refuse(LotRefusal::not_found);
  if (!is_waiting(*batch)) return refuse(LotRefusal::already_decided);
  if (!batch->needs_admin) return refuse(LotRefusal::not_needed);
  auto const lot =
      judge(*batch, tx.inspection().plan(id), tx.lots().checks(id), limits.unreachable_max);
  decide(tx, *batch, lot, given.decision, limits.acceptable);
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
  auto const limits = limits_of(*settings);
  auto job = [given, actor, note, limits, once](storage::LotTx& tx) {
    return run_once(tx, actor, once, [&] { return take(tx, given, actor, note, limits); });
  };
  co_return flatten(co_await services.store.transact(job));
}

awaitable<LotResult<VerdictTaken>> give_up_erased(LotServices services, CheckId check,
                                                  Actor actor) {
  auto const market = services.markets.find(check.market);
  if (!market) co_return refuse(LotError{LotRefusal::not_found});
  auto const settings = market->settings();
  if (!settings) co_return refuse(LotError{LotRefusal::not_owner});
  auto job = [check, actor, limits = limits_of(*settings)](storage::LotTx& tx) {
    return take_gone(tx, check, actor, limits);
  };
  co_return flatten(co_await services.store.transact(job));
}

awaitable<LotResult<LotAnswer<Batch>>> decide_lot(LotServices services, DecideLot given,
                                                  Actor actor, LotOnce<Batch> once) {
  auto const market = services.markets.find(given.batch.market);
  if (!market) co_return refuse(LotError{LotRefusal::not_found});
  auto const settings = market->settings();
  if (!settings) co_return refuse(LotError{LotRefusal::not_owner});
  auto const limits = limits_of(*settings);
  auto const row = privacy::row_key(given.batch.no);
  auto sealed = privacy::SecretBox{services.keys}.seal(
      {"batch", given.batch.market, row, "decision_reason_sealed"}, given.reason);
  auto job = [given, actor, sealed = std::move(sealed), limits, once](storage::LotTx& tx) {
    return run_once(tx, actor, once,
                    [&] { return take_decision(tx, given, sealed, actor, limits); });
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
