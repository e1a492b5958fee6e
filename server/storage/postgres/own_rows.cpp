#include "server/storage/postgres/own_rows.hpp"

#include "server/storage/postgres/binary_call.hpp"
#include "server/storage/postgres/instant_sql.hpp"
#include "server/storage/postgres/statement.hpp"

namespace leadex::storage::postgres {

namespace {

constexpr char const* kPutKey =
    "insert into batch_own_key (market_id, batch_no, key_sealed, header_sealed, created_at) values "
    "($1, $2, $3, $4, " LEADEX_INSTANT("$5") ")";
constexpr Statement kPutRows{
    "lx_own_rows",
    "insert into leadex.batch_own_row (market_id, batch_no, row_no, sealed) select $1::int8, "
    "$2::int8, * from unnest($3::int8[], $4::bytea[]) on conflict do nothing"};
constexpr char const* kFindKey =
    "select key_sealed, header_sealed from batch_own_key where market_id = $1 and batch_no = $2";
constexpr char const* kRefused =
    "select r.row_no, min(r.outcome), string_agg(r.code, ';' order by r.fault_no), "
    "string_agg(coalesce(r.own_column || ': ', '') || r.detail, ' ' order by r.fault_no), (select "
    "o.sealed from batch_own_row o where o.market_id = $1 and o.batch_no = $2 and o.row_no = "
    "r.row_no) from batch_reject r where r.market_id = $1 and r.batch_no = $2 and r.row_no > $3 "
    "group by r.row_no order by r.row_no limit $4";
constexpr Statement kRowsAmong{
    "lx_refused_rows",
    "select distinct row_no, null::text from leadex.batch_reject where market_id = $1::int8 and "
    "batch_no = $2::int8 and row_no = any($3::int8[])"};
constexpr Statement kIdsAmong{
    "lx_refused_ids",
    "select distinct 0::int8, external_id from leadex.batch_reject where market_id = $1::int8 and "
    "batch_no = $2::int8 and external_id = any($3::text[])"};
constexpr char const* kDestroy =
    "with old as (select market_id, batch_no from batch_own_key where created_at < " LEADEX_INSTANT(
        "$1") " order by created_at limit $2), rows as (delete from batch_own_row r using old o "
              "where r.market_id = o.market_id and r.batch_no = o.batch_no) delete from "
              "batch_own_key k using old o where k.market_id = o.market_id and k.batch_no = "
              "o.batch_no";

pqxx::result read_binary(pqxx::transaction_base& tx, Statement const& statement, BatchId batch,
                         std::string const& wanted) {
  auto const market = int8_param(batch.market);
  auto const no = int8_param(batch.no);
  return tx.exec_params(statement.sql, pqxx::binarystring{market.data(), market.size()},
                        pqxx::binarystring{no.data(), no.size()},
                        pqxx::binarystring{wanted.data(), wanted.size()});
}

}  // namespace

void PostgresOwnRows::put_key(BatchId batch, OwnKeyRow const& key) {
  execute(tx_, kPutKey,
          Parameters(batch.market, batch.no, bytea(std::string_view{key.key_sealed}),
                     bytea(std::string_view{key.header_sealed}), now_));
}

void PostgresOwnRows::put_rows(BatchId batch, std::span<OwnRow const> rows) {
  if (rows.empty()) return;
  run_binary(tx_, {&kPutRows,
                   {int8_param(batch.market), int8_param(batch.no),
                    column<Element::int8>(rows, [](auto const& row) { return row.row_no; }),
                    column<Element::bytea>(rows, [](auto const& row) { return row.sealed; })},
                   kAnyRows});
}

std::optional<OwnKeyRow> PostgresOwnRows::find_key(BatchId batch) {
  auto const rows = execute(tx_, kFindKey, Parameters(batch.market, batch.no));
  if (rows.empty()) return std::nullopt;
  return OwnKeyRow{read_bytes(rows.at(0).at(0)), read_bytes(rows.at(0).at(1))};
}

std::vector<RefusedRow> PostgresOwnRows::refused(BatchId batch, std::int64_t after_row, int limit) {
  std::vector<RefusedRow> all;
  for (auto const& row :
       execute(tx_, kRefused, Parameters(batch.market, batch.no, after_row, limit))) {
    all.push_back({row.at(0).as<std::int64_t>(), row.at(1).as<int>(), row.at(2).as<std::string>(),
                   row.at(3).as<std::string>(), read_bytes_maybe(row.at(4))});
  }
  return all;
}

RefusedBefore PostgresOwnRows::refused_among(BatchId batch, std::span<std::int64_t const> rows,
                                             std::span<std::string const> external_ids) {
  RefusedBefore found;
  if (!rows.empty()) {
    auto const wanted = column<Element::int8>(rows, [](auto const row_no) { return row_no; });
    for (auto const& row : read_binary(tx_, kRowsAmong, batch, wanted)) {
      found.rows.insert(row.at(0).as<std::int64_t>());
    }
  }
  if (!external_ids.empty()) {
    auto const wanted =
        column<Element::text>(external_ids, [](auto const& external_id) { return external_id; });
    for (auto const& row : read_binary(tx_, kIdsAmong, batch, wanted)) {
      found.external_ids.insert(row.at(1).as<std::string>());
    }
  }
  return found;
}

std::int64_t PostgresOwnRows::destroy_before(Timestamp made_before, int limit) {
  auto const done = execute(tx_, kDestroy, Parameters(made_before, limit));
  return static_cast<std::int64_t>(done.affected_rows());
}

}  // namespace leadex::storage::postgres
