#include "server/storage/postgres/planted_rows.hpp"

#include "server/storage/postgres/instant_sql.hpp"
#include "server/storage/postgres/statement.hpp"
#include "server/storage/postgres/trade_sql.hpp"

namespace leadex::storage::postgres {

namespace {

constexpr char const* kPlant =
    "insert into planted_contact (planted_no, email_digest, phone_digest, market_id, given_to, "
    "note_sealed, planted_by, planted_at) values ($1, $2, $3, $4, $5, $6, $7, " LEADEX_INSTANT(
        "$8") ") on conflict do nothing";
constexpr char const* kInUse = "select count(*) from planted_contact where retired_at is null";
constexpr char const* kDigests =
    "select email_digest, planted_no from planted_contact where retired_at is null and "
    "email_digest is not null union all select phone_digest, planted_no from planted_contact where "
    "retired_at is null and phone_digest is not null";
#define LEADEX_PLANTED_SELECT \
  "select p.planted_no, p.email_digest, p.phone_digest, p.market_id, p.given_to, p.note_sealed, " \
  "p.planted_by, coalesce(m.name, ''), " LEADEX_MICROS(                                           \
      "p.planted_at") ", p.retired_by, " LEADEX_MICROS("p.retired_at") ", (select count(*) from " \
                                                                       "fraud_case f where "      \
                                                                       "f.planted_no = "          \
                                                                       "p.planted_no) from "      \
                                                                       "planted_contact p left "  \
                                                                       "join market m on "        \
                                                                       "m.market_id = "           \
                                                                       "p.market_id "
constexpr char const* kFind = LEADEX_PLANTED_SELECT "where p.planted_no = $1";
constexpr char const* kList = LEADEX_PLANTED_SELECT
    "where ($1::bigint is null or p.planted_no < $1::bigint) order by p.planted_no desc limit $2";
constexpr char const* kRetire =
    "update planted_contact set retired_by = $2, retired_at = " LEADEX_INSTANT(
        "$3") " where planted_no = $1 and retired_at is null";

Planted read_planted(pqxx::row const& row) {
  Planted read;
  auto& planted = read.planted;
  planted.planted_no = row.at(0).as<std::int64_t>();
  planted.email = read_bytes_maybe(row.at(1));
  planted.phone = read_bytes_maybe(row.at(2));
  planted.market = row.at(3).as<MarketNo>();
  planted.given_to = row.at(4).as<std::int64_t>();
  planted.note_sealed = read_bytes(row.at(5));
  planted.planted_by = row.at(6).as<std::int64_t>();
  read.market = row.at(7).as<std::string>();
  read.planted_at = read_time(row.at(8));
  read.retired_by = read_maybe<std::int64_t>(row.at(9));
  read.retired_at = read_time_maybe(row.at(10));
  read.cases = row.at(11).as<std::int64_t>();
  return read;
}

}  // namespace

bool PostgresPlantedRows::plant(NewPlanted const& planted, Timestamp at) {
  auto const done =
      execute(tx_, kPlant,
              Parameters(planted.planted_no, bytea(planted.email), bytea(planted.phone),
                         planted.market, planted.given_to,
                         bytea(std::string_view{planted.note_sealed}), planted.planted_by, at));
  return done.affected_rows() == 1;
}

std::int64_t PostgresPlantedRows::in_use() {
  return execute(tx_, kInUse).at(0).at(0).as<std::int64_t>();
}

std::map<std::string, std::int64_t> PostgresPlantedRows::digests() {
  std::map<std::string, std::int64_t> found;
  for (auto const& row : execute(tx_, kDigests)) {
    found.emplace(read_bytes(row.at(0)), row.at(1).as<std::int64_t>());
  }
  return found;
}

std::optional<Planted> PostgresPlantedRows::find(std::int64_t planted_no) {
  auto const rows = execute(tx_, kFind, Parameters(planted_no));
  if (rows.empty()) return std::nullopt;
  return read_planted(rows.at(0));
}

std::vector<Planted> PostgresPlantedRows::list(std::optional<std::int64_t> before_no, int limit) {
  std::vector<Planted> found;
  for (auto const& row : execute(tx_, kList, Parameters(before_no, limit))) {
    found.push_back(read_planted(row));
  }
  return found;
}

bool PostgresPlantedRows::retire(std::int64_t planted_no, std::int64_t by, Timestamp at) {
  return execute(tx_, kRetire, Parameters(planted_no, by, at)).affected_rows() == 1;
}

}  // namespace leadex::storage::postgres
