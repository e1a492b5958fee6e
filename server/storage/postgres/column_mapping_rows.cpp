#include "server/storage/postgres/column_mapping_rows.hpp"

#include "server/storage/postgres/instant_sql.hpp"
#include "server/storage/postgres/statement.hpp"

namespace leadex::storage::postgres {

namespace {

constexpr char const* kCountOthers =
    "select count(*) from column_mapping where market_id = $1 and tenant_no = $2 and name <> $3";
constexpr char const* kPut =
    "insert into column_mapping (market_id, tenant_no, name, definition, updated_at) values ($1, "
    "$2, $3, $4, " LEADEX_INSTANT(
        "$5") ") on conflict (market_id, tenant_no, name) do update set definition = "
              "excluded.definition, updated_at = excluded.updated_at";
constexpr char const* kFind = "select name, definition, " LEADEX_MICROS(
    "updated_at") " from column_mapping where market_id = $1 and tenant_no = $2 and name = $3";
constexpr char const* kList =
    "select name, definition, " LEADEX_MICROS(
        "updated_at") " from column_mapping where market_id = $1 and tenant_no = $2 order by name "
                      "limit $3";
constexpr char const* kRemove =
    "delete from column_mapping where market_id = $1 and tenant_no = $2 and name = $3";

StoredColumnMapping read(pqxx::row const& row) {
  return {row.at(0).as<std::string>(), row.at(1).as<std::string>(), read_time(row.at(2))};
}

}  // namespace

bool PostgresColumnMappingRows::put(ColumnMappingKey const& key, std::string const& definition) {
  auto const others = execute(tx_, kCountOthers, Parameters(key.market, key.tenant_no, key.name));
  if (others.at(0).at(0).as<int>() >= kColumnMappingsMax) return false;
  execute(tx_, kPut, Parameters(key.market, key.tenant_no, key.name, definition, now_));
  return true;
}

std::optional<StoredColumnMapping> PostgresColumnMappingRows::find(ColumnMappingKey const& key) {
  auto const rows = execute(tx_, kFind, Parameters(key.market, key.tenant_no, key.name));
  if (rows.empty()) return std::nullopt;
  return read(rows.at(0));
}

std::vector<StoredColumnMapping> PostgresColumnMappingRows::list(MarketNo market,
                                                                 std::int64_t tenant_no) {
  std::vector<StoredColumnMapping> all;
  for (auto const& row : execute(tx_, kList, Parameters(market, tenant_no, kColumnMappingsMax))) {
    all.push_back(read(row));
  }
  return all;
}

bool PostgresColumnMappingRows::remove(ColumnMappingKey const& key) {
  return execute(tx_, kRemove, Parameters(key.market, key.tenant_no, key.name)).affected_rows() ==
         1;
}

}  // namespace leadex::storage::postgres
