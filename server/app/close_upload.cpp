#include "server/app/close_upload.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>

#include "billing/values/check.hpp"

#include "server/app/draw_sample.hpp"
#include "server/app/judge_lot.hpp"
#include "server/app/plan_lot.hpp"
#include "server/app/source_standing.hpp"
#include "server/crypto/public_id.hpp"

namespace leadex::app {
namespace {

using boost::asio::awaitable;
using storage::Batch;
using storage::BatchStatus;

constexpr int kAttemptsMax = 4;
constexpr auto kPause = std::chrono::milliseconds{500};

Result<Batch, LotRefusal> find_receiving(storage::LotTx& tx, BatchId id) {
  auto const batch = tx.batches().find_locked(id);
  if (!batch) return refuse(LotRefusal::not_found);
  bool const open =
      batch->status == BatchStatus::receiving && batch->mode != storage::LotMode::stopped;
  if (!open) return refuse(LotRefusal::not_receiving);
  return *batch;
}

/// What decides how strictly a lot is checked.
struct Trust {
  quality::InspectionMode standing{};
  bool refused_before{};  // its file, in this market
  friend bool operator==(Trust const&, Trust const&) = default;
};

/// How the lot is checked: found once, saved with what was drawn by it.
struct Checking {
  Trust trust;
  PlannedLot planned;
  quality::InspectionMode mode{};
  bool strict{};
  bool skipped{};
  DrawnChecks drawn;
};

storage::AuditEntry closed_entry(CloseUpload const& close, Batch const& batch,
                                 Checking const& checking) {
  auto const& plan = checking.planned.fixed;
  return {.principal_no = close.actor.principal_no,
          .tenant_no = batch.tenant_no,
          .action = "batch.closed",
          .object_kind = "batch",
          .object_market = batch.id.market,
          .object_no = batch.id.no,
          .payload = "file_sha256=" + crypto::hex_encode(close.file_sha256) +
                     ";read=" + std::to_string(batch.counts.read) +
                     ";accepted=" + std::to_string(batch.counts.accepted) +
                     ";commitment_no=" + std::to_string(batch.commitment_no) +
                     ";mode=" + std::string{text(checking.mode)} +
                     (checking.strict ? ";strict=1" : "") + (checking.skipped ? ";skipped=1" : "") +
                     ";sample_size=" + std::to_string(plan.sample_size) +
                     ";acceptance_number=" + std::to_string(plan.acceptance_number)};
}

std::optional<LotRefusal> take_key(storage::LotTx& tx, storage::IdempotencyScope const& scope) {
  switch (tx.idempotency().begin(scope).state) {
    case storage::IdempotencyState::fresh:
      return std::nullopt;
    case storage::IdempotencyState::in_progress:
      return LotRefusal::key_in_progress;
    case storage::IdempotencyState::replay:
    case storage::IdempotencyState::reused:
      break;
  }
  return LotRefusal::key_reused;
}

/// A lot that is left out is accepted with the end of its upload; its leads go to the market.
void accept_unseen(storage::LotTx& tx, Batch const& batch) {
  tx.batches().set_decision(batch.id, storage::LotDecision::accepted, BatchStatus::listing);
  tx.emit({batch.id.market, storage::OwnEvent::batch_checked, batch.tenant_no,
           static_cast<std::int16_t>(crypto::IdKind::batch), batch.id.no});
  count_skipped(tx, batch);
  storage::AuditEntry const entry{
      .tenant_no = batch.tenant_no,
      .action = "lot.skipped",
      .object_kind = "batch",
      .object_market = batch.id.market,
      .object_no = batch.id.no,
      .payload = "commitment_no=" + std::to_string(batch.commitment_no)};
  tx.audit().append(batch.id.market, {&entry, 1});
}

/// @return nothing, and nothing is saved, when the source stands elsewhere by now: a lot of it may
///         have been refused while this one was planned
Result<std::optional<Batch>, LotRefusal> save(storage::LotTx& tx, CloseUpload const& close,
                                              Checking const& checking) {
  auto const& plan = checking.planned.fixed;
  auto const batch = find_receiving(tx, close.batch);
  if (!batch) return refuse(batch.error());
  auto const market = close.batch.market;
  // No other lot of the source is decided from here on until this transaction ends.
  Trust const now{tx.inspection().source_held(market, batch->tenant_no).standing.mode,
                  tx.inspection().was_refused(market, close.file_sha256)};
  if (now != checking.trust) return std::optional<Batch>{};
  if (batch->counts.accepted != plan.lot_size) return refuse(LotRefusal::not_receiving);
  tx.batches().close(close.batch,
                     {.file_sha256 = close.file_sha256,
                      .bytes_read = close.bytes,
                      .status = plan.lot_size == 0 ? BatchStatus::closed : BatchStatus::checking,
                      .sample_size = plan.sample_size,
                      .acceptance_number = plan.acceptance_number});
  if (plan.lot_size > 0) {
    tx.inspection().save_plan(close.batch, {.method = checking.planned.method,
                                            .mode = checking.mode,
                                            .strict = checking.strict,
                                            .skipped = checking.skipped,
                                            .steps = checking.planned.steps});
    tx.batches().save_picture(close.batch, batch->tenant_no, close.picture);
  }
  tx.pieces().forget_state(close.batch);
  tx.pieces().settle(close.batch);
  add_drawn(tx, close.batch, checking.drawn);
  if (checking.skipped) accept_unseen(tx, *batch);
  auto const closed = *tx.batches().find_locked(close.batch);
  if (close.key) {
    storage::IdempotencyScope const scope{close.actor.tenant_no, close.key->operation,
                                          close.key->key, close.key->body_hash};
    if (auto const taken = take_key(tx, scope)) return refuse(*taken);
    tx.idempotency().store(scope, kUploadStatus, close.render(closed));
  }
  auto const entry = closed_entry(close, closed, checking);
  tx.audit().append(market, {&entry, 1});
  return std::optional{closed};
}

}  // namespace

namespace {

/// What a lot's plan is made from.
struct Circumstances {
  Batch batch;
  Trust trust;
  storage::CheckTerms terms;
  storage::Commitment commitment;
};

Result<Circumstances, LotRefusal> look(storage::LotTx& tx, CloseUpload const& close) {
  auto const batch = find_receiving(tx, close.batch);
  if (!batch) return refuse(batch.error());
  auto const market = close.batch.market;
  auto const commitment = tx.lots().commitment(market, batch->commitment_no);
  LEADEX_CHECK(commitment.has_value());
  return Circumstances{*batch,
                       {tx.inspection().source(market, batch->tenant_no).standing.mode,
                        tx.inspection().was_refused(market, close.file_sha256)},
                       tx.inspection().terms(market, batch->market_version),
                       *commitment};
}

/// Without the draw. @cost up to two seconds for large lots
Checking plan_checking(privacy::KeyRing const& keys, market::MarketSettings const& settings,
                       Circumstances const& at) {
  auto const accepted = at.batch.counts.accepted;
  auto const [standing, refused_before] = at.trust;
  Checking checking{.trust = at.trust, .strict = refused_before};
  bool const stopped = standing == quality::InspectionMode::stopped;
  checking.mode = refused_before || stopped ? quality::InspectionMode::tightened : standing;
  if (checking.mode == quality::InspectionMode::skip && accepted > 0) {
    crypto::HmacKey const secret{open_draw_secret(keys, at.batch.id.market, at.commitment)};
    checking.skipped = draws_skip(secret);
  }
  checking.planned = checking.skipped ? skipped_lot(accepted)
                                      : plan_lot(check_settings_of(settings), at.terms.method,
                                                 checking.mode, accepted);
  return checking;
}

awaitable<Checking> plan_on(privacy::KeyRing const& keys, std::shared_ptr<CloseUpload const> close,
                            std::shared_ptr<Circumstances const> at) {
  co_return plan_checking(keys, *close->settings, *at);
}

/// Holds no connection of the database, which others wait for meanwhile.
awaitable<Checking> plan_apart(LotServices services, std::shared_ptr<CloseUpload const> close,
                               std::shared_ptr<Circumstances const> at) {
  auto work = plan_on(services.keys, std::move(close), std::move(at));
  if (!services.plans) co_return co_await std::move(work);
  co_return co_await boost::asio::co_spawn(services.plans, std::move(work),
                                           boost::asio::use_awaitable);
}

/// @return as save()
awaitable<LotResult<std::optional<Batch>>> attempt(LotServices services,
                                                   std::shared_ptr<CloseUpload const> close) {
  auto find = [close](storage::LotTx& tx) { return look(tx, *close); };
  auto const found = flatten(co_await services.store.transact(find));
  if (!found) co_return refuse(found.error());

  auto const at = std::make_shared<Circumstances const>(*found);
  auto const checking = std::make_shared<Checking>(co_await plan_apart(services, close, at));
  auto const& steps = checking->planned.steps;
  if (!checking->skipped && steps.lot_size > 0) {
    BasisPoints const unreachable_max{close->settings->unreachable_max_bp};
    auto const ahead = open_ahead(checking->planned.method, steps);
    auto const first = quality::judge_lot(steps, {}, unreachable_max, ahead).rows_needed;
    auto drawn = co_await draw_checks(services, at->batch, close->file_sha256, 0, first);
    if (!drawn) co_return refuse(LotError{drawn.error()});
    checking->drawn = std::move(*drawn);
  }
  auto finish = [close, checking](storage::LotTx& tx) { return save(tx, *close, *checking); };
  co_return flatten(co_await services.store.transact(finish));
}

/// Surely not committed, and likely to pass.
bool is_passing(LotError const& error) {
  auto const* store = std::get_if<storage::StoreError>(&error);
  return store != nullptr &&
         (*store == storage::StoreError::retry_later || *store == storage::StoreError::unavailable);
}

}  // namespace

/// A whole file has come by now: a database that stumbles is asked again before it is lost, and a
/// lot whose source came to stand elsewhere is planned again.
awaitable<LotResult<Batch>> close_upload(LotServices services, CloseUpload close) {
  auto const shared = std::make_shared<CloseUpload const>(std::move(close));
  for (int attempts = 1;; ++attempts) {
    auto closed = co_await attempt(services, shared);
    if (closed && *closed) co_return std::move(**closed);
    if (closed) closed = refuse(LotError{storage::StoreError::retry_later});
    if (!is_passing(closed.error()) || attempts == kAttemptsMax) co_return refuse(closed.error());
    boost::asio::steady_timer pause{co_await boost::asio::this_coro::executor, kPause * attempts};
    co_await pause.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  }
}

}  // namespace leadex::app
