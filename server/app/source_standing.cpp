#include "server/app/source_standing.hpp"

#include <algorithm>
#include <array>

namespace leadex::app {
namespace {

using boost::asio::awaitable;
using storage::SourceStanding;

constexpr std::array<std::string_view, 5> kModes{"normal", "tightened", "reduced", "skip",
                                                 "stopped"};

struct Where {
  MarketNo market{};
  std::optional<std::int64_t> batch_no;  // whose decision moved it
};

void save(storage::LotTx& tx, Where where, SourceStanding const& before,
          SourceStanding const& after, Actor actor) {
  tx.inspection().save_source(where.market, after);
  if (before.standing.mode == after.standing.mode) return;
  auto payload = "from=" + std::string{text(before.standing.mode)} +
                 ";to=" + std::string{text(after.standing.mode)};
  if (where.batch_no) payload += ";batch_no=" + std::to_string(*where.batch_no);
  storage::AuditEntry const entry{.principal_no = actor.principal_no,
                                  .tenant_no = after.tenant_no,
                                  .action = "source.mode",
                                  .object_kind = "account",
                                  .object_market = 0,  // accounts are the exchange's
                                  .object_no = after.tenant_no,
                                  .payload = std::move(payload)};
  tx.audit().append(where.market, {&entry, 1});
}

}  // namespace

std::string_view text(quality::InspectionMode mode) {
  return kModes.at(static_cast<std::size_t>(mode));
}

void count_decided(storage::LotTx& tx, storage::Batch const& batch, CountedLot const& lot,
                   BasisPoints acceptable_rate) {
  auto const before = tx.inspection().source_locked(batch.id.market, batch.tenant_no);
  auto after = before;
  after.standing = quality::after_lot(
      before.standing,
      {.accepted = lot.accepted, .strict = lot.strict, .checked = lot.checked, .bad = lot.bad},
      acceptable_rate);
  ++(lot.accepted ? after.lots_accepted : after.lots_rejected);
  after.checked += lot.checked;
  after.bad += lot.bad;
  save(tx, {batch.id.market, batch.id.no}, before, after, {});
}

void count_skipped(storage::LotTx& tx, storage::Batch const& batch) {
  auto const before = tx.inspection().source_locked(batch.id.market, batch.tenant_no);
  auto after = before;
  ++after.lots_skipped;
  save(tx, {batch.id.market, batch.id.no}, before, after, {});
}

void count_withdrawn(storage::LotTx& tx, storage::Batch const& batch) {
  auto const before = tx.inspection().source_locked(batch.id.market, batch.tenant_no);
  auto after = before;
  auto const called_bad = std::ssize(tx.inspection().called_bad(batch.id));
  after.standing = quality::after_withdrawn(before.standing, called_bad);
  auto const checks = tx.lots().checks(batch.id);
  auto const bad =
      std::ranges::count(checks, storage::CheckVerdict::bad, &storage::SpotCheck::verdict);
  auto const good =
      std::ranges::count(checks, storage::CheckVerdict::good, &storage::SpotCheck::verdict);
  if (called_bad > 0) ++after.lots_rejected;
  after.checked += good + bad;
  after.bad += bad;
  save(tx, {batch.id.market, batch.id.no}, before, after, {});
}

void count_posted(storage::LotTx& tx, MarketNo market, std::int64_t tenant_no,
                  CountedPost const& post) {
  auto const before = tx.inspection().source_locked(market, tenant_no);
  auto after = before;
  ++after.checked;
  if (post.bad) ++after.bad;
  if (post.restricts) {
    after.standing = quality::restricted(before.standing, quality::InspectionMode::tightened);
  }
  save(tx, {market, std::nullopt}, before, after, {});
}

awaitable<LotResult<SourceStanding>> lift_source(LotServices services, MarketNo market,
                                                 std::int64_t tenant_no, Actor actor) {
  auto job = [=](storage::LotTx& tx) -> Result<SourceStanding, LotRefusal> {
    // Looked at first: who has no lots gets no row for being asked about.
    auto const seen = tx.inspection().source(market, tenant_no);
    if (!seen.since) return refuse(LotRefusal::not_found);
    if (seen.standing.mode != quality::InspectionMode::stopped) {
      return refuse(LotRefusal::not_needed);
    }
    auto const before = tx.inspection().source_locked(market, tenant_no);
    auto after = before;
    after.standing = quality::lifted(before.standing);
    save(tx, {market, std::nullopt}, before, after, actor);
    return tx.inspection().source(market, tenant_no);
  };
  co_return flatten(co_await services.store.transact(job));
}

awaitable<Result<void, storage::StoreError>> restrict_source(LotServices services, MarketNo market,
                                                             std::int64_t tenant_no,
                                                             quality::InspectionMode mode,
                                                             Actor actor) {
  auto job = [=](storage::LotTx& tx) {
    auto const before = tx.inspection().source_locked(market, tenant_no);
    auto after = before;
    after.standing = quality::restricted(before.standing, mode);
    save(tx, {market, std::nullopt}, before, after, actor);
    return true;
  };
  auto const done = co_await services.store.transact(job);
  if (!done) co_return refuse(done.error());
  co_return Result<void, storage::StoreError>{};
}

}  // namespace leadex::app
