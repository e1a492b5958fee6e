#include "server/storage/postgres/own_rows.hpp"

#include <pqxx/binarystring>
#include <pqxx/prepared_statement>

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
    "$2::int8, unnest($3::int8[]), unnest($4::bytea[]) on conflict do nothing"};
constexpr Statement kPutPersons{
    "lx_own_persons",
    "insert into leadex.batch_own_person (market_id, batch_no, row_no, digest) select $1::int8, "
    "$2::int8, unnest($3::int8[]), unnest($4::bytea[]) on conflict do nothing"};
// Who is being put on the list now has its row: their transaction ends first, or sees these rows.
constexpr char const* kLockList = "select from suppression_list where tenant_no = 0 for share";
// An array, so that the few rows are found by their key: joined, all kept rows of the batch would
// be read for each chunk.
constexpr Statement kDropListed{
    "lx_own_listed",
    "delete from leadex.batch_own_row where market_id = $1::int8 and batch_no = $2::int8 and "
    "row_no "
    "= any(array(select p.row_no from unnest($3::int8[], $4::bytea[]) as p(row_no, digest) cross "
    "join lateral (select from leadex.suppression where tenant_no = 0 and digest = p.digest offset "
    "0) as s))"};
constexpr char const* kFindKey =
    "select key_sealed, header_sealed from batch_own_key where market_id = $1 and batch_no = $2 "
    "and "
    "key_sealed is not null";
constexpr char const* kRefused =
    "select r.row_no, min(r.outcome), string_agg(r.code, ';' order by r.fault_no), "
    "string_agg(coalesce(r.own_column || ': ', '') || r.detail, ' ' order by r.fault_no), (select "
    "o.sealed from batch_own_row o where o.market_id = $1 and o.batch_no = $2 and o.row_no = "
    "r.row_no) from batch_reject r where r.market_id = $1 and r.batch_no = $2 and r.row_no > $3 "
    "group by r.row_no order by r.row_no limit $4";
constexpr Statement kRowsAmong{
    "lx_refused_rows",
    "select distinct r.row_no from leadex.batch_reject r where r.market_id = $1::int8 and "
    "r.batch_no = $2::int8 and r.row_no = any($3::int8[]) and not exists (select from "
    "leadex.batch_correction c where c.market_id = $1::int8 and c.batch_no = $2::int8 and c.row_no "
    "= r.row_no)"};
// Of each name as many as ask for one, and as many more as rows that are asked for by number may
// take away. Of rows that share one more than 2,000 are found by number alone: a name of all rows
// is none, and would be walked by each chunk.
constexpr Statement kIdsAmong{
    "lx_refused_ids",
    "select w.id, f.row_no from (select id, count(*) + $4::int8 as wanted from unnest($3::text[]) "
    "as u(id) group by id) w cross join lateral (select r.row_no from (select distinct row_no from "
    "leadex.batch_reject where market_id = $1::int8 and batch_no = $2::int8 and external_id = w.id "
    "order by row_no limit 2000) r where not exists (select from leadex.batch_correction c where "
    "c.market_id = $1::int8 and c.batch_no = $2::int8 and c.row_no = r.row_no) order by r.row_no "
    "limit w.wanted) f order by f.row_no"};
constexpr Statement kPutCorrections{
    "lx_put_corrections",
    "insert into leadex.batch_correction (market_id, batch_no, row_no, by_batch_no, by_row_no) "
    "select $1::int8, $2::int8, t.row_no, $3::int8, t.by_row_no from unnest($4::int8[], "
    "$5::int8[]) as t(row_no, by_row_no) on conflict do nothing returning by_row_no"};
constexpr char const* kRelease =
    "delete from batch_correction where market_id = $1 and by_batch_no = $2 and by_row_no >= $3";
constexpr char const* kDestroyKeys =
    "update batch_own_key set key_sealed = null, header_sealed = null where (market_id, batch_no) "
    "in (select k.market_id, k.batch_no from batch_own_key k join batch b on b.market_id = "
    "k.market_id and b.batch_no = k.batch_no where k.created_at < " LEADEX_INSTANT(
        "$1") " and k.key_sealed is not null and b.status <> 'receiving' order by k.created_at "
              "limit $2)";
constexpr char const* kDeleteRows =
    "delete from batch_own_row where (market_id, batch_no, row_no) in (select r.market_id, "
    "r.batch_no, r.row_no from batch_own_key k join batch_own_row r on r.market_id = k.market_id "
    "and r.batch_no = k.batch_no where k.key_sealed is null limit $1)";
constexpr char const* kDeleteKeys =
    "delete from batch_own_key k where k.key_sealed is null and not exists (select from "
    "batch_own_row r where r.market_id = k.market_id and r.batch_no = k.batch_no)";

pqxx::result read_binary(pqxx::transaction_base& tx, Statement const& statement,
                         std::vector<std::string> const& values) {
  std::vector<pqxx::binarystring> params;
  params.reserve(values.size());
  for (auto const& value : values) params.emplace_back(value.data(), value.size());
  return tx.exec_params(statement.sql,
                        pqxx::prepare::make_dynamic_params(params.begin(), params.end()));
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
  std::vector<std::pair<std::int64_t, std::string_view>> persons;
  for (auto const& row : rows) {
    for (auto const& digest : row.persons) persons.emplace_back(row.row_no, digest);
  }
  if (persons.empty()) return;
  std::vector<std::string> const values{
      int8_param(batch.market), int8_param(batch.no),
      column<Element::int8>(persons, [](auto const& person) { return person.first; }),
      column<Element::bytea>(persons, [](auto const& person) { return person.second; })};
  run_binary(tx_, {&kPutPersons, values, kAnyRows});
  execute(tx_, kLockList);
  run_binary(tx_, {&kDropListed, values, kAnyRows});
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
  auto const market = int8_param(batch.market);
  auto const no = int8_param(batch.no);
  if (!rows.empty()) {
    auto const wanted = column<Element::int8>(rows, [](auto const row_no) { return row_no; });
    for (auto const& row : read_binary(tx_, kRowsAmong, {market, no, wanted})) {
      found.rows.insert(row.at(0).as<std::int64_t>());
    }
  }
  if (!external_ids.empty()) {
    auto const wanted =
        column<Element::text>(external_ids, [](auto const& external_id) { return external_id; });
    auto const more = int8_param(std::ssize(rows));
    for (auto const& row : read_binary(tx_, kIdsAmong, {market, no, wanted, more})) {
      found.external_ids.push_back({row.at(0).as<std::string>(), row.at(1).as<std::int64_t>()});
    }
  }
  return found;
}

std::set<std::int64_t> PostgresOwnRows::put_corrections(BatchId refused, BatchId by,
                                                        std::span<Correction const> corrections) {
  std::set<std::int64_t> kept;
  if (corrections.empty()) return kept;
  using C = Correction const&;
  for (auto const& row :
       read_binary(tx_, kPutCorrections,
                   {int8_param(refused.market), int8_param(refused.no), int8_param(by.no),
                    column<Element::int8>(corrections, [](C c) { return c.refused_row; }),
                    column<Element::int8>(corrections, [](C c) { return c.by_row; })})) {
    kept.insert(row.at(0).as<std::int64_t>());
  }
  return kept;
}

void PostgresOwnRows::release_corrections(BatchId by, std::int64_t from_row) {
  execute(tx_, kRelease, Parameters(by.market, by.no, from_row));
}

std::int64_t PostgresOwnRows::destroy_keys(Timestamp made_before, int limit) {
  auto const done = execute(tx_, kDestroyKeys, Parameters(made_before, limit));
  return static_cast<std::int64_t>(done.affected_rows());
}

std::int64_t PostgresOwnRows::delete_keyless(int limit) {
  auto const done = execute(tx_, kDeleteRows, Parameters(limit));
  execute(tx_, kDeleteKeys);
  return static_cast<std::int64_t>(done.affected_rows());
}

}  // namespace leadex::storage::postgres
