#include "server/app/lot_upkeep.hpp"

#include <memory>
#include <optional>
#include <vector>

#include "server/app/commitments.hpp"

namespace leadex::app {
namespace {

using boost::asio::awaitable;
using storage::Commitment;
using storage::StoreError;

constexpr int kPerRun = 100;
constexpr int kPersonsPerStretch = 20'000;
constexpr int kRowsPerStretch = 10'000;

Result<bool, LotRefusal> stop(storage::LotTx& tx, BatchId id, std::string const& action) {
  auto const batch = tx.batches().find_locked(id);
  if (!batch) return refuse(LotRefusal::not_found);
  bool const open =
      batch->status == storage::BatchStatus::receiving && batch->mode != storage::LotMode::stopped;
  if (!open) return refuse(LotRefusal::not_receiving);
  tx.batches().stop(id);
  tx.lots().void_commitment(id.market, batch->commitment_no);
  tx.pieces().forget_state(id);
  tx.own_rows().release_corrections(id, 0);
  storage::AuditEntry const entry{
      .tenant_no = batch->tenant_no,
      .action = action,
      .object_kind = "batch",
      .object_market = id.market,
      .object_no = id.no,
      .payload = "commitment_no=" + std::to_string(batch->commitment_no)};
  tx.audit().append(id.market, {&entry, 1});
  return true;
}

}  // namespace

awaitable<Result<std::int64_t, StoreError>> refill_commitments(LotServices services,
                                                               MarketNo market) {
  auto count = [market](storage::LotTx& tx) { return tx.lots().count_open_commitments(market); };
  auto const open = co_await services.store.transact(count);
  if (!open) co_return refuse(open.error());
  auto const missing = kCommitmentsAhead - *open;
  if (missing <= 0) co_return 0;
  auto const first =
      co_await services.numbers.reserve_later(market, storage::NumberKind::commitment, missing);
  if (!first) co_return refuse(first.error());
  auto const first_no = *first;
  auto const* keys = &services.keys;
  auto add = [keys, market, first_no, missing](storage::LotTx& tx) {
    std::vector<Commitment> commitments;
    for (auto no = first_no; no < first_no + missing; ++no) {
      commitments.push_back(make_commitment(*keys, market, no));
    }
    tx.lots().add_commitments(market, commitments);
    auto const entry = commitments_entry(market, commitments);
    tx.audit().append(market, {&entry, 1});
    return missing;
  };
  co_return co_await services.store.transact(add);
}

awaitable<void> refill_all_commitments(LotServices services) {
  for (auto const& market : services.markets.all()) {
    static_cast<void>(co_await refill_commitments(services, market->market_no()));
  }
}

awaitable<LotResult<void>> give_up_upload(LotServices services, LotFinisher& finisher,
                                          BatchId batch) {
  auto job = [batch](storage::LotTx& tx) { return stop(tx, batch, "batch.refused"); };
  auto const stopped = flatten(co_await services.store.transact(job));
  if (!stopped) co_return refuse(stopped.error());
  static_cast<void>(co_await finisher.finish(batch));  // what is left is resumed
  co_return LotResult<void>{};
}

awaitable<Result<std::int64_t, StoreError>> close_cut_uploads(LotServices services,
                                                              LotFinisher& finisher, Timestamp now,
                                                              std::chrono::seconds time_out,
                                                              std::function<bool(BatchId)> live) {
  auto const before = now - time_out;
  auto find = [before](storage::LotTx& tx) { return tx.batches().cut_uploads(before, kPerRun); };
  auto const cut = co_await services.store.transact(find);
  if (!cut) co_return refuse(cut.error());
  std::int64_t closed = 0;
  for (auto const batch : *cut) {
    if (live && live(batch)) continue;  // slow, but it comes
    auto job = [batch, before](storage::LotTx& tx) -> Result<bool, LotRefusal> {
      static_cast<void>(tx.batches().find_locked(batch));
      // A piece may have begun since they were looked up.
      if (!tx.batches().is_cut(batch, before)) return refuse(LotRefusal::still_receiving);
      return stop(tx, batch, "batch.timed_out");
    };
    if (!flatten(co_await services.store.transact(job))) continue;
    ++closed;
    static_cast<void>(co_await finisher.finish(batch));
  }
  co_return closed;
}

awaitable<Result<void, StoreError>> free_given_up(LotServices services, BatchId batch) {
  std::string after;
  do {
    auto job = [batch, after](storage::LotTx& tx) -> std::optional<std::string> {
      auto const found = tx.batches().find(batch, {.staff = true});
      // Given up for good: what it holds was cleared, or is being cleared.
      if (!found || found->mode != storage::LotMode::stopped) return std::nullopt;
      return tx.lots().free_persons(batch, after, kPersonsPerStretch);
    };
    auto next = co_await services.store.transact(job);
    if (!next) co_return refuse(next.error());
    if (!*next) co_return Result<void, StoreError>{};
    after = std::move(**next);
  } while (!after.empty());
  auto settle = [batch](storage::LotTx& tx) {
    tx.own_rows().release_corrections(batch, 0);  // of a chunk that was on its way at the end
    tx.pieces().settle(batch);
    return true;
  };
  auto const settled = co_await services.store.transact(settle);
  if (!settled) co_return refuse(settled.error());
  co_return Result<void, StoreError>{};
}

awaitable<Result<std::int64_t, StoreError>> free_left_claims(LotServices services,
                                                             std::function<bool(BatchId)> live) {
  auto find = [](storage::LotTx& tx) { return tx.pieces().closed_unsettled(kPerRun); };
  auto const left = co_await services.store.transact(find);
  if (!left) co_return refuse(left.error());
  std::int64_t freed = 0;
  for (auto const batch : *left) {
    if (live && live(batch)) continue;  // it frees what it claimed when it hears of the end
    auto const done = co_await free_given_up(services, batch);
    if (!done) co_return refuse(done.error());
    ++freed;
  }
  co_return freed;
}

awaitable<Result<std::int64_t, StoreError>> supersede_cut_uploads(
    LotServices services, LotFinisher& finisher, MarketNo market, std::int64_t tenant_no,
    std::function<bool(BatchId)> cut) {
  auto find = [market, tenant_no](storage::LotTx& tx) {
    return tx.batches().receiving_of(market, tenant_no, kPerRun);
  };
  auto const receiving = co_await services.store.transact(find);
  if (!receiving) co_return refuse(receiving.error());
  std::int64_t closed = 0;
  for (auto const batch : *receiving) {
    if (!cut(batch)) continue;
    auto job = [batch](storage::LotTx& tx) { return stop(tx, batch, "batch.superseded"); };
    if (!flatten(co_await services.store.transact(job))) continue;
    ++closed;
    static_cast<void>(co_await finisher.finish(batch));
  }
  co_return closed;
}

awaitable<void> resume_lots(LotServices services, LotFinisher& finisher) {
  for (auto const& market : services.markets.all()) {
    if (!market->ready()) continue;
    auto const no = market->market_no();
    auto unfinished = [no](storage::LotTx& tx) {
      return tx.batches().unfinished_lots(no, kPerRun);
    };
    auto const lots = co_await services.store.transact(unfinished);
    if (!lots) continue;
    for (auto const lot : *lots) static_cast<void>(co_await finisher.finish(lot));
    for (std::int64_t after = 0, more = 1; more != 0;) {
      auto waiting = [no, after](storage::LotTx& tx) {
        return tx.batches().waiting_lots(no, after, kPerRun);
      };
      auto const undecided = co_await services.store.transact(waiting);
      if (!undecided) break;
      for (auto const lot : *undecided) co_await finisher.extend(lot);
      more = std::ssize(*undecided) == kPerRun ? 1 : 0;
      if (more != 0) after = undecided->back().no;
    }
  }
}

awaitable<Result<std::int64_t, StoreError>> destroy_own_rows(LotServices services, Timestamp now,
                                                             std::chrono::seconds kept) {
  auto const before = now - kept;
  std::int64_t destroyed = 0;
  // All keys first: that is what makes the rows unreadable, however long these take to delete.
  for (int step = 0; step < kPerRun; ++step) {
    auto job = [before](storage::LotTx& tx) { return tx.own_rows().destroy_keys(before, kPerRun); };
    auto const done = co_await services.store.transact(job);
    if (!done) co_return refuse(done.error());
    destroyed += *done;
    if (*done < kPerRun) break;
  }
  for (int step = 0; step < kPerRun; ++step) {
    auto job = [](storage::LotTx& tx) { return tx.own_rows().delete_keyless(kRowsPerStretch); };
    auto const done = co_await services.store.transact(job);
    if (!done) co_return refuse(done.error());
    if (*done < kRowsPerStretch) break;
  }
  co_return destroyed;
}

awaitable<Result<std::int64_t, StoreError>> expire_check_leases(LotServices services) {
  auto job = [](storage::LotTx& tx) { return tx.lots().expire_leases(tx.now(), 1000); };
  co_return co_await services.store.transact(job);
}

}  // namespace leadex::app
