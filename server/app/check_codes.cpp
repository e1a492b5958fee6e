#include "server/app/check_codes.hpp"

#include <algorithm>

#include "server/app/claim_check.hpp"
#include "server/app/record_verdict.hpp"

namespace leadex::app {
namespace {

using boost::asio::awaitable;
using storage::CheckCode;
using storage::CheckStatus;
using storage::CheckVerdict;
using storage::CodeAnswer;
using storage::CodeKey;

/// The generator whose lead is checked.
std::int64_t owner_of(storage::LotTx& tx, storage::SpotCheck const& check) {
  if (storage::is_realtime(check)) {
    auto const lead = tx.realtime().lead_of(check.id);
    return lead ? lead->tenant_no : 0;
  }
  auto const batch = tx.batches().find({check.id.market, check.batch_no}, {.staff = true});
  return batch ? batch->tenant_no : 0;
}

storage::AuditEntry asked_entry(storage::LotTx& tx, storage::SpotCheck const& check, Actor actor) {
  return {.principal_no = actor.principal_no,
          .tenant_no = owner_of(tx, check),
          .action = "spot_check.asked",
          .object_kind = "lead",
          .object_market = check.id.market,
          .object_no = check.lead_no,
          .payload = "check_no=" + std::to_string(check.id.no)};
}

Result<bool, LotRefusal> begin(storage::LotTx& tx, BeginCode const& asked) {
  auto const check = tx.lots().find_check_locked(asked.check);
  bool const held = check && check->status == CheckStatus::claimed &&
                    check->claimed_by == asked.actor.principal_no;
  if (!held) return refuse(LotRefusal::not_claimed);
  auto& codes = tx.codes();
  if (asked.address_digest) {
    auto const last = codes.last_message(*asked.address_digest, tx.now() - kAddressRest);
    if (last) {
      codes.give_back(asked.check, *last + kAddressRest);
      return false;
    }
  }
  auto const expires_at = tx.now() + asked.wait;
  codes.add({asked.check, asked.actor.tenant_no, asked.actor.principal_no, asked.address_digest,
             expires_at});
  if (!asked.address_digest) {
    codes.give_back(asked.check, std::nullopt);
    return false;
  }
  codes.give_back(asked.check, expires_at);
  auto const entry = asked_entry(tx, *check, asked.actor);
  tx.audit().append(asked.check.market, {&entry, 1});
  return true;
}

/// The check's own rest is the code's as long as that has not ended.
void drop(storage::LotTx& tx, storage::SpotCheck const& check, CodeKey key) {
  tx.codes().end(key);
  if (check.status != CheckStatus::open) return;
  auto turn = tx.inspection().turn(check.id);
  turn.rest_until.reset();
  tx.inspection().save_turn(check.id, turn);
}

bool gave_opinion(storage::LotTx& tx, CheckCode const& code) {
  auto const opinions = tx.inspection().opinions(code.key.check);
  return std::ranges::find(opinions, code.principal_no, &storage::Opinion::decided_by) !=
         opinions.end();
}

/// Claims the check for its verdict, over its rest. Nothing when there is no verdict, or not yet.
std::optional<CheckCode> prepare(storage::LotTx& tx, CodeKey key) {
  auto const check = tx.lots().find_check_locked(key.check);
  auto const code = tx.codes().find_locked(key);
  if (!check || !code || code->ended) return std::nullopt;
  if (check->status == CheckStatus::done) {
    tx.codes().end(key);
    return std::nullopt;
  }
  bool const others =
      check->status == CheckStatus::claimed && check->claimed_by != code->principal_no;
  if (others) return std::nullopt;  // until that person has judged, or left it
  bool const asked = code->sent || code->answer;
  if (!asked || !code->active || gave_opinion(tx, *code)) {
    drop(tx, *check, key);
    return std::nullopt;
  }
  auto const other = tx.lots().check_held_by(code->principal_no);
  if (other && other->id != key.check) return std::nullopt;
  tx.lots().claim(key.check, code->principal_no, tx.now() + kCheckLease);
  return code;
}

GivenVerdict verdict_of(CheckCode const& code) {
  GivenVerdict given{.check = code.key.check};
  given.code = code.key.attempt;
  given.verdict = CheckVerdict::unreachable;
  given.reason = "no_answer";
  if (code.answer == CodeAnswer::yes) {
    given.verdict = CheckVerdict::good;
    given.reason = "confirmed";
  } else if (code.answer == CodeAnswer::no) {
    given.verdict = CheckVerdict::bad;
    given.reason = "denied_request";
  }
  return given;
}

}  // namespace

awaitable<LotResult<bool>> begin_code(LotServices services, BeginCode asked) {
  auto job = [asked](storage::LotTx& tx) { return begin(tx, asked); };
  co_return flatten(co_await services.store.transact(job));
}

awaitable<std::vector<DueCode>> due_codes(LotServices services) {
  auto job = [](storage::LotTx& tx) {
    std::vector<DueCode> due;
    for (auto& code : tx.codes().take_due(kCodeAgain, kCodesAtOnce)) {
      auto const market = code.key.check.market;
      auto lead = tx.lots().sealed_lead({market, code.lead_no});
      due.push_back({std::move(code), tx.verifiers().find(market), std::move(lead)});
    }
    return due;
  };
  auto due = co_await services.store.transact(job);
  if (!due) co_return std::vector<DueCode>{};
  co_return std::move(*due);
}

awaitable<bool> drop_code(LotServices services, CodeKey key) {
  auto job = [key](storage::LotTx& tx) {
    auto const check = tx.lots().find_check_locked(key.check);
    if (check) drop(tx, *check, key);
    return true;
  };
  co_return (co_await services.store.transact(job)).has_value();
}

awaitable<std::int64_t> judge_codes(LotServices services) {
  auto const ready = co_await services.store.transact(
      [](storage::LotTx& tx) { return tx.codes().ready(kCodesJudgedAtOnce); });
  if (!ready) co_return 0;
  std::int64_t judged = 0;
  for (auto const key : *ready) {
    // A market that is at work elsewhere has its codes judged there.
    auto const market = services.markets.find(key.check.market);
    if (!market || !market->settings()) continue;
    auto claim = [key](storage::LotTx& tx) { return prepare(tx, key); };
    auto const code = co_await services.store.transact(claim);
    if (!code || !*code) continue;
    Actor const actor{(*code)->principal_no, (*code)->tenant_no};
    auto const taken = co_await record_verdict(services, verdict_of(**code), actor);
    if (taken) {
      ++judged;
    } else if (taken.error() == LotError{LotRefusal::already_decided}) {
      static_cast<void>(co_await drop_code(services, key));  // its lot needs none any more
    }
  }
  co_return judged;
}

awaitable<std::int64_t> forget_codes(LotServices services) {
  constexpr int kSlice = 5'000;
  auto job = [](storage::LotTx& tx) {
    return tx.codes().forget_before(tx.now() - kCodesKept, kSlice);
  };
  auto const gone = co_await services.store.transact(job);
  co_return gone.value_or(0);
}

}  // namespace leadex::app
