#pragma once
// run_once for jobs on lots: under a client's Idempotency-Key a step runs once, and its answer is
// kept in the same transaction. Refusals are not kept: they change nothing. Inside one transaction.

#include <functional>
#include <optional>
#include <string>

#include "server/app/lot_services.hpp"

namespace leadex::app {

inline constexpr int kLotStatus = 200;  // of every answer kept here

/// The key, if there is one, and the answer to keep under it. The answer holds no contact.
template <class T>
struct LotOnce {
  std::optional<LotKey> key;
  std::function<std::string(T const&)> render;
};

/// What the step did, or the answer that was kept when it ran before.
template <class T>
struct LotAnswer {
  std::optional<T> fresh;
  std::string kept;
};

/// @param step  `Result<T, LotRefusal>()`    @errors key_in_progress, key_reused, the step's
template <class T, class Step>
[[nodiscard]] Result<LotAnswer<T>, LotRefusal> run_once(storage::LotTx& tx, Actor actor,
                                                        LotOnce<T> const& once, Step step) {
  if (once.key) {
    auto found = tx.idempotency().begin(
        {actor.tenant_no, once.key->operation, once.key->key, once.key->body_hash});
    switch (found.state) {
      case storage::IdempotencyState::in_progress:
        return refuse(LotRefusal::key_in_progress);
      case storage::IdempotencyState::reused:
        return refuse(LotRefusal::key_reused);
      case storage::IdempotencyState::replay:
        return LotAnswer<T>{std::nullopt, std::move(found.body)};
      case storage::IdempotencyState::fresh:
        break;
    }
  }
  Result<T, LotRefusal> done = step();
  if (!done) return refuse(done.error());
  LotAnswer<T> answer{std::move(*done), {}};
  if (once.key) {
    answer.kept = once.render(*answer.fresh);
    tx.idempotency().store(
        {actor.tenant_no, once.key->operation, once.key->key, once.key->body_hash}, kLotStatus,
        answer.kept);
  }
  return answer;
}

}  // namespace leadex::app
