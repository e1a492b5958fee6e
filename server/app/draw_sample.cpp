#include "server/app/draw_sample.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <stdexcept>

#include "matching/quality/inspection.hpp"
#include "server/app/judge_lot.hpp"

namespace leadex::app {
namespace {

using boost::asio::awaitable;
using storage::StoreError;

constexpr std::int64_t kRowsPerJob = 100'000;

using Tickets = std::vector<quality::DrawTicket>;

/// The first `keep` tickets among the accepted rows in (after, until].
Tickets draw_stretch(storage::LotTx& tx, BatchId batch, crypto::HmacKey const& secret,
                     std::string const& file_hex, std::int64_t after, std::int64_t until,
                     std::size_t keep) {
  auto const refused = tx.batches().refused_rows(batch, after, until);
  quality::DrawOrder order{keep};
  auto next = refused.begin();
  for (auto row = after + 1; row <= until; ++row) {
    if (next != refused.end() && *next == row) {
      ++next;
      continue;
    }
    order.offer({draw_hash(secret, file_hex, row), row});
  }
  return order.drawn();
}

struct ToDraw {
  storage::Batch batch;
  std::int64_t there{};
  std::int64_t needed{};
};

quality::DrawHash hash_of(crypto::HmacKey const& secret, std::string_view message) {
  auto const digest = secret.sign(message);
  quality::DrawHash hash{};
  std::memcpy(hash.data(), digest.data(), hash.size());
  return hash;
}

/// No verifier is left for one of its checks.
void ask_admin(storage::LotTx& tx, BatchId id) {
  auto const batch = tx.batches().find_locked(id);
  if (!batch || !is_waiting(*batch) || batch->needs_admin) return;
  tx.batches().set_needs_admin(id, true);
  storage::AuditEntry const entry{.tenant_no = batch->tenant_no,
                                  .action = "lot.needs_admin",
                                  .object_kind = "batch",
                                  .object_market = id.market,
                                  .object_no = id.no,
                                  .payload = "lacks=verifier"};
  tx.audit().append(id.market, {&entry, 1});
}

/// Without a lock, so that looking holds no verdict up: who adds looks again.
Result<ToDraw, LotRefusal> look_up(storage::LotTx& tx, BatchId id, BasisPoints unreachable_max) {
  auto const batch = tx.batches().find(id, {.staff = true});
  if (!batch) return refuse(LotRefusal::not_found);
  if (!is_waiting(*batch)) return refuse(LotRefusal::already_decided);
  auto const checks = tx.lots().checks(id);
  auto const verdict = judge(*batch, tx.inspection().plan(id), checks, unreachable_max);
  if (!batch->needs_admin && tx.inspection().lacks_verifier(id)) ask_admin(tx, id);
  return ToDraw{*batch, std::ssize(checks), verdict.rows_needed};
}

}  // namespace

crypto::Secret open_draw_secret(privacy::KeyRing const& keys, MarketNo market,
                                storage::Commitment const& commitment) {
  auto const row = privacy::row_key(commitment.no);
  auto secret = privacy::SecretBox{keys}.open({"commitment", market, row, "secret_sealed"},
                                              commitment.secret_sealed);
  if (!secret) throw std::runtime_error("the secret of a draw does not open");
  return std::move(*secret);
}

quality::DrawHash draw_hash(crypto::HmacKey const& secret, std::string_view file_hex,
                            std::int64_t row_no) {
  auto const digest = secret.sign({file_hex, ":", std::to_string(row_no)});
  quality::DrawHash hash{};
  std::memcpy(hash.data(), digest.data(), hash.size());
  return hash;
}

bool draws_skip(crypto::HmacKey const& secret) {
  return quality::falls_within(hash_of(secret, "skip"), BasisPoints{quality::kSkipBp});
}

bool draws_second(crypto::HmacKey const& secret, std::int64_t row_no, BasisPoints share) {
  if (share.bp == 0) return false;
  return quality::falls_within(hash_of(secret, "second:" + std::to_string(row_no)), share);
}

void add_drawn(storage::LotTx& tx, BatchId batch, DrawnChecks const& drawn) {
  tx.lots().add_checks(batch, drawn.checks);
  tx.inspection().want_second(batch, drawn.second_rows);
}

awaitable<Result<DrawnChecks, StoreError>> draw_checks(LotServices services, storage::Batch batch,
                                                       std::string file_sha256, std::int64_t from,
                                                       std::int64_t keep) {
  auto const id = batch.id;
  auto const commitment_no = batch.commitment_no;
  struct Found {
    std::optional<storage::Commitment> commitment;
    std::vector<storage::LeadRange> ranges;
    storage::CheckTerms terms;
  };
  auto find = [id, commitment_no, version = batch.market_version](storage::LotTx& tx) {
    return Found{tx.lots().commitment(id.market, commitment_no), tx.batches().lead_ranges(id),
                 tx.inspection().terms(id.market, version)};
  };
  auto const found = co_await services.store.transact(find);
  if (!found) co_return refuse(found.error());
  auto const& [commitment, ranges, terms] = *found;
  if (!commitment) throw std::runtime_error("a batch names a commitment that is not there");

  auto const secret = std::make_shared<crypto::HmacKey const>(
      open_draw_secret(services.keys, id.market, *commitment));
  auto const file_hex = crypto::hex_encode(file_sha256);
  quality::DrawOrder order{static_cast<std::size_t>(keep)};
  for (std::int64_t after = 0; after < batch.counts.read; after += kRowsPerJob) {
    auto const until = std::min(batch.counts.read, after + kRowsPerJob);
    auto stretch = [=](storage::LotTx& tx) {
      return draw_stretch(tx, id, *secret, file_hex, after, until, static_cast<std::size_t>(keep));
    };
    auto const drawn = co_await services.store.transact(stretch);
    if (!drawn) co_return refuse(drawn.error());
    for (auto const& ticket : *drawn) order.offer(ticket);
  }
  auto const drawn = order.drawn();
  DrawnChecks out;
  if (std::ssize(drawn) <= from) co_return out;
  auto const first = co_await services.numbers.reserve_later(
      id.market, storage::NumberKind::spot_check, std::ssize(drawn) - from);
  if (!first) co_return refuse(first.error());
  for (auto position = from; position < std::ssize(drawn); ++position) {
    auto const row_no = drawn[static_cast<std::size_t>(position)].row;
    out.checks.push_back(
        {*first + position - from, position, row_no, storage::lead_no_of_row(ranges, row_no)});
    if (draws_second(*secret, row_no, terms.second_opinion)) out.second_rows.push_back(row_no);
  }
  co_return out;
}

awaitable<LotResult<std::int64_t>> extend_draw(LotServices services, BatchId id) {
  auto const actor = services.markets.find(id.market);
  if (!actor || !actor->settings()) co_return refuse(LotError{LotRefusal::not_owner});
  BasisPoints const unreachable_max{actor->settings()->unreachable_max_bp};
  auto look = [id, unreachable_max](storage::LotTx& tx) {
    return look_up(tx, id, unreachable_max);
  };
  auto const found = flatten(co_await services.store.transact(look));
  if (!found) co_return refuse(found.error());
  if (found->there >= found->needed) co_return 0;

  auto const drawn = co_await draw_checks(services, found->batch, *found->batch.file_sha256,
                                          found->there, found->needed);
  if (!drawn) co_return refuse(LotError{drawn.error()});
  auto const shared = std::make_shared<DrawnChecks const>(*drawn);
  auto add = [id, shared](storage::LotTx& tx) -> std::int64_t {
    // The draw takes a while: a verdict, an admin or the lot's generator may have ended it by now.
    auto const batch = tx.batches().find_locked(id);
    if (!batch || !is_waiting(*batch)) return 0;
    add_drawn(tx, id, *shared);
    return std::ssize(shared->checks);
  };
  auto const added = co_await services.store.transact(add);
  if (!added) co_return refuse(LotError{added.error()});
  co_return *added;
}

}  // namespace leadex::app
