#include "server/storage/postgres/market_catalog.hpp"

#include "server/storage/postgres/instant_sql.hpp"
#include "server/storage/postgres/statement.hpp"

namespace leadex::storage::postgres {

namespace {

constexpr char const* kInsertMarket =
    "insert into market (market_id, name, title, currency, country, status, created_at) "
    "values ($1, $2, $3, $4, $5, $6, " LEADEX_INSTANT("$7") ") on conflict (name) do nothing";
constexpr char const* kInsertVersion =
    "insert into market_version (market_id, version, definition, settings, created_by) "
    "values ($1, $2, $3, $4, $5)";
// Here already for the others of its group, though its writer takes the version up a moment later.
constexpr char const* kSetGroup =
    "update market set dedupe_group = nullif($2::json->>'dedupe_group', '') where market_id = $1 "
    "and dedupe_group is distinct from nullif($2::json->>'dedupe_group', '')";
constexpr char const* kInsertHead =
    "insert into market_head (market_id, epoch, seq, hash, last_at_us) "
    "values ($1, 0, 0, decode(repeat('00', 32), 'hex'), 0)";
constexpr char const* kSetTitle = "update market set title = $2 where market_id = $1";
constexpr char const* kSetStatus = "update market set status = $2 where market_id = $1";

// The newest version is the highest number: versions are only ever added.
#define LEADEX_MARKETS \
  "select m.market_id, m.name, m.title, m.currency, m.country, m.status, " LEADEX_MICROS(     \
      "m.created_at") ", v.version, v.definition from market m join market_version v on "     \
                      "v.market_id = m.market_id and v.version = (select max(w.version) from " \
                      "market_version w where w.market_id = m.market_id) "

constexpr char const* kFind = LEADEX_MARKETS "where m.name = $1";
// The lock comes in a statement of its own, so that the versions are read after it was got.
constexpr char const* kLockName = "select market_id from market where name = $1 for update";
constexpr char const* kLockNo = "select name from market where market_id = $1 for update";
constexpr char const* kList = LEADEX_MARKETS
    "where $1::bigint is null or m.market_id < $1::bigint order by m.market_id desc limit $2";
constexpr char const* kNameOf = "select name from market where market_id = $1";

CatalogMarket read_market(pqxx::row const& row) {
  CatalogMarket market;
  market.no = row.at(0).as<MarketNo>();
  market.name = row.at(1).as<std::string>();
  market.title = row.at(2).as<std::string>();
  market.currency = row.at(3).as<std::string>();
  market.country = row.at(4).as<std::string>();
  market.status = read_enum<MarketStatus>(row.at(5), kMarketStatusTexts);
  market.created_at = read_time(row.at(6));
  market.version = row.at(7).as<std::int32_t>();
  market.definition = row.at(8).as<std::string>();
  return market;
}

void insert_version(pqxx::transaction_base& tx, MarketNo market, MarketVersion const& version) {
  execute(tx, kInsertVersion,
          Parameters(market, version.version, version.definition,
                     bytea(std::string_view{version.settings}), version.created_by));
  execute(tx, kSetGroup, Parameters(market, version.definition));
}

}  // namespace

bool PostgresMarketCatalog::insert(CatalogMarket const& market, MarketVersion const& first) {
  auto const inserted = execute(tx_, kInsertMarket,
                                Parameters(market.no, market.name, market.title, market.currency,
                                           market.country, text(market.status), market.created_at));
  if (inserted.affected_rows() == 0) return false;
  insert_version(tx_, market.no, first);
  execute(tx_, kInsertHead, Parameters(market.no));
  return true;
}

void PostgresMarketCatalog::add_version(MarketNo market, std::string const& title,
                                        MarketVersion const& version) {
  insert_version(tx_, market, version);
  execute(tx_, kSetTitle, Parameters(market, title));
}

void PostgresMarketCatalog::set_status(MarketNo market, MarketStatus status) {
  execute(tx_, kSetStatus, Parameters(market, text(status)));
}

std::optional<CatalogMarket> PostgresMarketCatalog::find(std::string_view name) {
  auto const rows = execute(tx_, kFind, Parameters(name));
  if (rows.empty()) return std::nullopt;
  return read_market(rows.at(0));
}

std::optional<CatalogMarket> PostgresMarketCatalog::find_locked(std::string_view name) {
  if (execute(tx_, kLockName, Parameters(name)).empty()) return std::nullopt;
  return find(name);
}

std::optional<CatalogMarket> PostgresMarketCatalog::find_locked(MarketNo market) {
  auto const rows = execute(tx_, kLockNo, Parameters(market));
  if (rows.empty()) return std::nullopt;
  return find(rows.at(0).at(0).as<std::string>());
}

std::vector<CatalogMarket> PostgresMarketCatalog::list(std::optional<std::int64_t> before_no,
                                                       int limit) {
  std::vector<CatalogMarket> markets;
  for (auto const& row : execute(tx_, kList, Parameters(before_no, limit))) {
    markets.push_back(read_market(row));
  }
  return markets;
}

std::optional<std::string> PostgresMarketCatalog::name_of(MarketNo market) {
  auto const rows = execute(tx_, kNameOf, Parameters(market));
  if (rows.empty()) return std::nullopt;
  return rows.at(0).at(0).as<std::string>();
}

}  // namespace leadex::storage::postgres
