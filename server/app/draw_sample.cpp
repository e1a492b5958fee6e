#include "server/app/draw_sample.hpp"

#include <algorithm>
#include <cstring>
#include <memory>
#include <stdexcept>

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

Result<ToDraw, LotRefusal> look_up(storage::LotTx& tx, BatchId id, BasisPoints unreachable_max) {
  auto const batch = tx.batches().find_locked(id);
  if (!batch) return refuse(LotRefusal::not_found);
  if (!is_waiting(*batch)) return refuse(LotRefusal::already_decided);
  auto const checks = tx.lots().checks(id);
  auto const verdict = judge(*batch, checks, unreachable_max);
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

quality::SpotCheckPlan plan_of(market::MarketSettings const& settings, std::int64_t accepted) {
  quality::SpotCheckSettings const rates{
      .acceptable_rate = BasisPoints{settings.acceptable_bp},
      .rejectable_rate = BasisPoints{settings.rejectable_bp},
      .seller_risk = BasisPoints{settings.seller_risk_bp},
      .buyer_risk = BasisPoints{settings.buyer_risk_bp},
  };
  auto const plan = quality::plan_spot_check(accepted, rates);
  if (!plan) throw std::runtime_error("a market's settings have no spot-check plan");
  return *plan;
}

awaitable<Result<std::vector<storage::NewCheck>, StoreError>> draw_checks(LotServices services,
                                                                          storage::Batch batch,
                                                                          std::string file_sha256,
                                                                          std::int64_t from,
                                                                          std::int64_t keep) {
  auto const id = batch.id;
  auto const commitment_no = batch.commitment_no;
  auto find = [id, commitment_no](storage::LotTx& tx) {
    return std::pair{tx.lots().commitment(id.market, commitment_no), tx.batches().lead_ranges(id)};
  };
  auto const found = co_await services.store.transact(find);
  if (!found) co_return refuse(found.error());
  auto const& [commitment, ranges] = *found;
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
  std::vector<storage::NewCheck> checks;
  if (std::ssize(drawn) <= from) co_return checks;
  auto const first = co_await services.numbers.reserve_later(
      id.market, storage::NumberKind::spot_check, std::ssize(drawn) - from);
  if (!first) co_return refuse(first.error());
  for (auto position = from; position < std::ssize(drawn); ++position) {
    auto const row_no = drawn[static_cast<std::size_t>(position)].row;
    checks.push_back(
        {*first + position - from, position, row_no, storage::lead_no_of_row(ranges, row_no)});
  }
  co_return checks;
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
  auto const checks = std::make_shared<std::vector<storage::NewCheck> const>(*drawn);
  auto add = [id, checks](storage::LotTx& tx) {
    tx.lots().add_checks(id, *checks);
    return std::ssize(*checks);
  };
  auto const added = co_await services.store.transact(add);
  if (!added) co_return refuse(LotError{added.error()});
  co_return *added;
}

}  // namespace leadex::app
