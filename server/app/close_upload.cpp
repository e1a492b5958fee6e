#include "server/app/close_upload.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>

#include "server/app/draw_sample.hpp"

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

storage::AuditEntry closed_entry(CloseUpload const& close, Batch const& batch,
                                 quality::SpotCheckPlan const& plan) {
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

Result<Batch, LotRefusal> save(storage::LotTx& tx, CloseUpload const& close,
                               quality::SpotCheckPlan const& plan,
                               std::vector<storage::NewCheck> const& checks) {
  auto const batch = find_receiving(tx, close.batch);
  if (!batch) return refuse(batch.error());
  if (batch->counts.accepted != plan.lot_size) return refuse(LotRefusal::not_receiving);
  tx.batches().close(close.batch,
                     {.file_sha256 = close.file_sha256,
                      .bytes_read = close.bytes,
                      .status = plan.lot_size == 0 ? BatchStatus::closed : BatchStatus::checking,
                      .sample_size = plan.sample_size,
                      .acceptance_number = plan.acceptance_number});
  tx.lots().add_checks(close.batch, checks);
  if (plan.lot_size > 0) {
    tx.batches().save_picture(close.batch, batch->tenant_no, close.picture);
  }
  auto const closed = *tx.batches().find_locked(close.batch);
  if (close.key) {
    storage::IdempotencyScope const scope{close.actor.tenant_no, close.key->operation,
                                          close.key->key, close.key->body_hash};
    if (auto const taken = take_key(tx, scope)) return refuse(*taken);
    tx.idempotency().store(scope, kUploadStatus, close.render(closed));
  }
  auto const entry = closed_entry(close, closed, plan);
  tx.audit().append(close.batch.market, {&entry, 1});
  return closed;
}

}  // namespace

namespace {

awaitable<LotResult<Batch>> attempt(LotServices services,
                                    std::shared_ptr<CloseUpload const> close) {
  auto const id = close->batch;
  auto find = [id](storage::LotTx& tx) { return find_receiving(tx, id); };
  auto const batch = flatten(co_await services.store.transact(find));
  if (!batch) co_return refuse(batch.error());

  auto const plan = plan_of(*close->settings, batch->counts.accepted);
  auto const checks =
      co_await draw_checks(services, *batch, close->file_sha256, 0, plan.sample_size);
  if (!checks) co_return refuse(LotError{checks.error()});
  auto const drawn = std::make_shared<std::vector<storage::NewCheck> const>(*checks);
  auto finish = [close, plan, drawn](storage::LotTx& tx) { return save(tx, *close, plan, *drawn); };
  co_return flatten(co_await services.store.transact(finish));
}

/// Surely not committed, and likely to pass.
bool is_passing(LotError const& error) {
  auto const* store = std::get_if<storage::StoreError>(&error);
  return store != nullptr &&
         (*store == storage::StoreError::retry_later || *store == storage::StoreError::unavailable);
}

}  // namespace

/// A whole file has come by now: a database that stumbles is asked again before it is lost.
awaitable<LotResult<Batch>> close_upload(LotServices services, CloseUpload close) {
  auto const shared = std::make_shared<CloseUpload const>(std::move(close));
  for (int attempts = 1;; ++attempts) {
    auto closed = co_await attempt(services, shared);
    if (closed || !is_passing(closed.error()) || attempts == kAttemptsMax) co_return closed;
    boost::asio::steady_timer pause{co_await boost::asio::this_coro::executor, kPause * attempts};
    co_await pause.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  }
}

}  // namespace leadex::app
