#include "server/storage/postgres/upload_pieces.hpp"

#include "server/storage/postgres/instant_sql.hpp"
#include "server/storage/postgres/session.hpp"
#include "server/storage/postgres/statement.hpp"

namespace leadex::storage::postgres {

namespace {

constexpr char const* kBegin =
    "insert into batch_piece (market_id, batch_no, mapping) values ($1, $2, $3)";
constexpr char const* kFind =
    "select rows_done, bytes_done, state_sealed, mapping, piece_no from batch_piece where "
    "market_id = $1 and "
    "batch_no = $2";
// From the place where the rows in front ended, and for the latest piece alone: two senders never
// mix their rows, and whose persons were freed by a later piece stores nothing any more.
constexpr char const* kMove =
    "update batch_piece set rows_done = $3, bytes_done = $4, state_sealed = $5 where market_id = "
    "$1 and batch_no = $2 and rows_done = $6 and piece_no = $7";
constexpr char const* kPutSigns =
    "insert into batch_sign (market_id, batch_no, last_row, sealed) values ($1, $2, $3, $4)";
constexpr char const* kSigns =
    "select last_row, sealed from batch_sign where market_id = $1 and batch_no = $2 and last_row > "
    "$3 order by last_row limit $4";
constexpr char const* kLockTenant =
    "select pg_advisory_xact_lock(hashtextextended('leadex open uploads', $1))";
constexpr char const* kCountOpen =
    "select count(*) from batch b join batch_piece p on p.market_id = b.market_id and p.batch_no = "
    "b.batch_no where b.tenant_no = $1 and b.status = 'receiving' and b.mode <> 'stopped'";
constexpr char const* kTouch =
    "update batch set touched_at = " LEADEX_INSTANT("$3") " where market_id = $1 and batch_no = $2";
constexpr char const* kOpen =
    "update batch_piece p set unsettled = true, piece_no = p.piece_no + 1 from batch_piece old "
    "where p.market_id = $1 and "
    "p.batch_no = $2 and old.market_id = $1 and old.batch_no = $2 returning p.piece_no, "
    "old.unsettled";
constexpr char const* kSettle =
    "update batch_piece set unsettled = false where market_id = $1 and batch_no = $2";
constexpr char const* kSettlePiece =
    "update batch_piece set unsettled = false where market_id = $1 and batch_no = $2 and piece_no "
    "= $3";
constexpr char const* kForgetState =
    "with gone as (delete from batch_sign where market_id = $1 and batch_no = $2) update "
    "batch_piece set state_sealed = null where market_id = $1 and batch_no = $2";
constexpr char const* kClosedUnsettled =
    "select p.market_id, p.batch_no from batch_piece p join batch b on b.market_id = p.market_id "
    "and b.batch_no = p.batch_no where p.unsettled and b.status = 'closed' order by p.market_id, "
    "p.batch_no limit $1";
// No index on the upload, as in lot_rows.cpp: the market's persons are walked by their key.
constexpr char const* kFreeUnstored =
    "with stretch as (select digest, provisional_upload, lead_no from person where market_id = $1 "
    "and digest > $3 order by digest limit $5), gone as (delete from person p using stretch s "
    "where "
    "p.market_id = $1 and p.digest = s.digest and s.provisional_upload = $2 and s.lead_no > $4 and "
    "p.provisional_upload = $2 and p.lead_no > $4) select digest from stretch order by digest desc "
    "limit 1";

}  // namespace

void PostgresUploadPieces::begin(BatchId batch, std::optional<std::string> const& mapping) {
  execute(tx_, kBegin, Parameters(batch.market, batch.no, mapping));
}

std::optional<UploadPiece> PostgresUploadPieces::find(BatchId batch) {
  auto const rows = execute(tx_, kFind, Parameters(batch.market, batch.no));
  if (rows.empty()) return std::nullopt;
  auto const row = rows.at(0);
  UploadPiece piece;
  if (auto state = read_bytes_maybe(row.at(2))) {
    piece.mark = UploadMark{row.at(0).as<std::int64_t>(), row.at(1).as<std::int64_t>(),
                            std::move(*state), row.at(4).as<std::int64_t>()};
  }
  piece.mapping = read_maybe<std::string>(row.at(3));
  piece.piece_no = row.at(4).as<std::int64_t>();
  return piece;
}

std::string PostgresUploadPieces::free_unstored(BatchId batch, std::int64_t last_no,
                                                std::string const& after_digest, int limit) {
  auto const rows = execute(
      tx_, kFreeUnstored,
      Parameters(batch.market, batch.no, bytea(std::string_view{after_digest}), last_no, limit));
  return rows.empty() ? std::string{} : read_bytes(rows.at(0).at(0));
}

void PostgresUploadPieces::move(BatchId batch, UploadMark const& mark, std::int64_t rows,
                                std::string const& signs_sealed) {
  auto const moved = execute(
      tx_, kMove,
      Parameters(batch.market, batch.no, mark.rows, mark.bytes,
                 bytea(std::string_view{mark.state_sealed}), mark.rows - rows, mark.piece_no));
  if (moved.affected_rows() != 1) throw JobFailed(StoreError::conflict);
  execute(tx_, kPutSigns,
          Parameters(batch.market, batch.no, mark.rows, bytea(std::string_view{signs_sealed})));
}

std::int64_t PostgresUploadPieces::count_open(std::int64_t tenant_no) {
  execute(tx_, kLockTenant, Parameters(tenant_no));
  return execute(tx_, kCountOpen, Parameters(tenant_no)).at(0).at(0).as<std::int64_t>();
}

OpenedPiece PostgresUploadPieces::open(BatchId batch) {
  execute(tx_, kTouch, Parameters(batch.market, batch.no, now_));
  auto const row = execute(tx_, kOpen, Parameters(batch.market, batch.no)).at(0);
  return {row.at(0).as<std::int64_t>(), row.at(1).as<bool>()};
}

void PostgresUploadPieces::settle(BatchId batch) {
  execute(tx_, kSettle, Parameters(batch.market, batch.no));
}

void PostgresUploadPieces::settle_piece(BatchId batch, std::int64_t piece_no) {
  execute(tx_, kSettlePiece, Parameters(batch.market, batch.no, piece_no));
}

void PostgresUploadPieces::forget_state(BatchId batch) {
  execute(tx_, kForgetState, Parameters(batch.market, batch.no));
}

std::vector<BatchId> PostgresUploadPieces::closed_unsettled(int limit) {
  std::vector<BatchId> ids;
  for (auto const& row : execute(tx_, kClosedUnsettled, Parameters(limit))) {
    ids.push_back({row.at(0).as<MarketNo>(), row.at(1).as<std::int64_t>()});
  }
  return ids;
}

std::vector<KeptSigns> PostgresUploadPieces::signs(BatchId batch, std::int64_t after_row,
                                                   int limit) {
  std::vector<KeptSigns> kept;
  for (auto const& row :
       execute(tx_, kSigns, Parameters(batch.market, batch.no, after_row, limit))) {
    kept.push_back({row.at(0).as<std::int64_t>(), read_bytes(row.at(1))});
  }
  return kept;
}

}  // namespace leadex::storage::postgres
