#include "server/api/v1/http_verifier.hpp"

#include <algorithm>
#include <array>

#include "server/api/v1/intake_handlers.hpp"
#include "server/api/v1/verifier_request.hpp"
#include "server/app/record_verdict.hpp"
#include "server/observe/log.hpp"

namespace leadex::api {

namespace {

using storage::CheckVerifier;

struct Judged {
  storage::CheckVerdict verdict{};
  std::string reason;
};

/// The words of the contract; any other is kept as "other".
std::string reason_of(std::string_view word) {
  constexpr std::array<std::string_view, 12> kReasons{
      "confirmed",     "wrong_number", "disconnected", "denied_request",
      "invalid_email", "no_answer",    "wrong_person", "underage",
      "out_of_area",   "duplicate",    "bogus",        "other"};
  return std::string{std::ranges::find(kReasons, word) == kReasons.end() ? "other" : word};
}

/// What an answer says; nothing when it is no verdict.
std::optional<Judged> read_answer(http::ClientResponse const& response) {
  constexpr int kOk = 200;
  if (response.status != kOk || response.cut) return std::nullopt;
  auto const document = json::parse(response.body);
  if (!document || !document->IsObject()) return std::nullopt;
  auto const* const verdict = json::find_member(*document, "verdict");
  auto const* const reason = json::find_member(*document, "reason");
  if (verdict == nullptr || !verdict->IsString()) return std::nullopt;
  auto const& words = storage::kCheckVerdictTexts;
  auto const at = std::ranges::find(words, json::text_of(*verdict));
  if (at == words.end()) return std::nullopt;
  bool const told = reason != nullptr && reason->IsString();
  return Judged{static_cast<storage::CheckVerdict>(at - words.begin()),
                told ? reason_of(json::text_of(*reason)) : "other"};
}

/// The check that the endpoint's account holds, else the oldest that it may judge.
std::optional<CheckId> next_check(storage::LotTx& tx, CheckVerifier const& verifier) {
  auto const held = tx.lots().check_held_by(verifier.principal_no);
  if (held) {
    if (held->id.market == verifier.market) return held->id;
    return std::nullopt;
  }
  storage::CheckFilter const filter{.statuses = {storage::CheckStatus::open},
                                    .market = verifier.market,
                                    .batch = std::nullopt,
                                    .after = std::nullopt,
                                    .limit = 1};
  auto const waiting = tx.inspection().queue(filter, verifier.principal_no);
  if (waiting.empty()) return std::nullopt;
  return waiting.front().id;
}

/// Whether the verdict was an attempt that reached nobody, and not the last.
bool given_up_for_now(app::LotAnswer<app::VerdictTaken> const& taken) {
  return taken.fresh && taken.fresh->check.status == storage::CheckStatus::open &&
         taken.fresh->check.attempts > 0;
}

asio::awaitable<std::optional<Judged>> ask(ApiContext const& context, http::Client const& client,
                                           CheckVerifier verifier, app::ClaimedCheck claimed) {
  auto const id = context.ids.seal(claimed.check.id);
  if (!verifier.deliver_contact) claimed.contact_json = {};
  json::JsonWriter out;
  write_claimed(out, context, claimed);
  auto request = verifier_request(context, verifier, id, out.str());
  if (!request) co_return std::nullopt;
  auto const response = co_await client.send(std::move(*request));
  if (!response) co_return std::nullopt;
  co_return read_answer(*response);
}

}  // namespace

asio::awaitable<std::int64_t> HttpVerifier::run() {
  auto const all =
      co_await lots_.store.transact([](storage::LotTx& tx) { return tx.verifiers().all(); });
  if (!all) co_return 0;
  std::int64_t judged = 0;
  for (auto const& verifier : *all) {
    if (verifier.kind != storage::VerifierKind::http) continue;
    auto const rest = rests_.find(verifier.market);
    bool const resting =
        rest != rests_.end() && rest->second.until > std::chrono::steady_clock::now();
    if (!resting) judged += co_await run_one(verifier);
  }
  co_return judged;
}

asio::awaitable<std::int64_t> HttpVerifier::run_one(CheckVerifier verifier) {
  app::Actor const actor{verifier.principal_no, verifier.tenant_no};
  auto find = [verifier](storage::LotTx& tx) { return next_check(tx, verifier); };
  std::int64_t judged = 0;
  for (int turn = 0; turn < kHttpChecksPerRound; ++turn) {
    auto const check = co_await lots_.store.transact(find);
    if (!check || !*check) break;
    auto claimed = co_await app::claim_check(lots_, **check, actor);
    if (!claimed || !claimed->fresh) break;  // decided or taken meanwhile: the next round sees
    auto const answer = co_await ask(context_, client_, verifier, std::move(*claimed->fresh));
    if (!answer) {
      fail(verifier.market);
      co_return judged;
    }
    rests_.erase(verifier.market);
    app::GivenVerdict given{.check = **check};
    given.verdict = answer->verdict;
    given.reason = answer->reason;
    auto const taken = co_await app::record_verdict(lots_, std::move(given), actor);
    if (!taken) break;
    ++judged;
    if (given_up_for_now(*taken)) co_await let_rest(**check);
  }
  co_return judged;
}

/// Two attempts within one round would be one.
asio::awaitable<void> HttpVerifier::let_rest(CheckId check) {
  auto job = [check](storage::LotTx& tx) {
    auto const now = tx.lots().find_check_locked(check);
    auto turn = tx.inspection().turn(check);
    if (!now || now->status != storage::CheckStatus::open || turn.rest_until) return false;
    turn.rest_until = tx.now() + kHttpAgainAfter;
    tx.inspection().save_turn(check, turn);
    return true;
  };
  (void)co_await lots_.store.transact(job);
}

void HttpVerifier::fail(MarketNo market) {
  auto& rest = rests_[market];
  rest.length = std::clamp(2 * rest.length, kHttpVerifierRest, kHttpVerifierRestMax);
  rest.until = std::chrono::steady_clock::now() + rest.length;
  log::warn("check_verifier.failed", "an endpoint that judges checks gave no verdict")
      .field("market", static_cast<std::int64_t>(market));
}

}  // namespace leadex::api
