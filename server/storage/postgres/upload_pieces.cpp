#include "server/storage/postgres/upload_pieces.hpp"

#include <stdexcept>

#include "server/storage/postgres/statement.hpp"

namespace leadex::storage::postgres {

namespace {

constexpr char const* kBegin =
    "insert into batch_piece (market_id, batch_no, mapping) values ($1, $2, $3)";
constexpr char const* kFind =
    "select rows_done, bytes_done, state_sealed, mapping from batch_piece where market_id = $1 and "
    "batch_no = $2";
constexpr char const* kMove =
    "update batch_piece set rows_done = $3, bytes_done = $4, state_sealed = $5 where market_id = "
    "$1 and batch_no = $2 and rows_done < $3";
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
    piece.mark =
        UploadMark{row.at(0).as<std::int64_t>(), row.at(1).as<std::int64_t>(), std::move(*state)};
  }
  piece.mapping = read_maybe<std::string>(row.at(3));
  return piece;
}

std::string PostgresUploadPieces::free_unstored(BatchId batch, std::int64_t last_no,
                                                std::string const& after_digest, int limit) {
  auto const rows = execute(
      tx_, kFreeUnstored,
      Parameters(batch.market, batch.no, bytea(std::string_view{after_digest}), last_no, limit));
  return rows.empty() ? std::string{} : read_bytes(rows.at(0).at(0));
}

void PostgresUploadPieces::move(BatchId batch, UploadMark const& mark) {
  auto const moved = execute(tx_, kMove,
                             Parameters(batch.market, batch.no, mark.rows, mark.bytes,
                                        bytea(std::string_view{mark.state_sealed})));
  if (moved.affected_rows() != 1) throw std::runtime_error("an upload did not go on");
}

}  // namespace leadex::storage::postgres
