#include "server/storage/postgres/clicks.hpp"

#include "billing/values/check.hpp"
#include "matching/market/codec.hpp"
#include "server/storage/postgres/binary_call.hpp"
#include "server/storage/postgres/instant_sql.hpp"
#include "server/storage/postgres/lead_reads.hpp"
#include "server/storage/postgres/statement.hpp"
#include "server/storage/postgres/trade_sql.hpp"

namespace leadex::storage::postgres {

namespace {

#define LEADEX_PLACEMENT_SELECT \
  "select p.market_id, m.name, m.currency, p.placement_no, p.tenant_no, p.name, p.version, "  \
  "p.attributes, p.definition, p.fallback_url, p.postback_url, p.paused, t.status <> "        \
  "'active', " LEADEX_MICROS("p.created_at")                                                  \
  " from placement p join market m on m.market_id = p.market_id join tenant t on t.tenant_no = " \
  "p.tenant_no where "

constexpr char const* kInsert =
    "insert into placement (market_id, placement_no, tenant_no, name, version, attributes, "
    "definition, fallback_url, postback_url, paused, created_at) values ($1, $2, $3, $4, $5, $6, "
    "$7, $8, $9, false, " LEADEX_INSTANT("$10") ")";
constexpr char const* kList =
    LEADEX_PLACEMENT_SELECT LEADEX_OWN("$1", "p.tenant_no")
    " and ($2::bigint is null or (p.created_at, p.market_id, p.placement_no) < "
    "(" LEADEX_INSTANT("$2::bigint") ", $3::bigint, $4::bigint)) and ($5::bigint is null or "
    "p.market_id = $5::bigint) order by p.created_at desc, p.market_id desc, p.placement_no desc "
    "limit $6";
constexpr char const* kFind = LEADEX_PLACEMENT_SELECT LEADEX_OWN(
    "$1", "p.tenant_no") " and p.market_id = $2 and p.placement_no = $3";
constexpr char const* kVisited = LEADEX_PLACEMENT_SELECT "p.market_id = $1 and p.placement_no = $2";
constexpr char const* kPause = "update placement p set paused = $4 where " LEADEX_OWN(
    "$1", "p.tenant_no") " and p.market_id = $2 and p.placement_no = $3";
// In the order of the key: two flushes that met would wait for each other.
constexpr Statement kAdd{
    "lx_click_counts",
    "insert into leadex.click_count as k (market_id, placement_no, day, outcome, n, gross, net) "
    "select * from (select c.market, c.placement, c.day, c.outcome, c.n, 0, 0 from "
    "unnest($1::int8[], $2::int8[], $3::int4[], $4::int2[], $5::int8[]) as c(market, placement, "
    "day, outcome, n) order by 1, 2, 3, 4) as c on conflict (market_id, placement_no, day, "
    "outcome) do update set n = k.n + excluded.n"};
constexpr char const* kCounts =
    "select day, outcome, n, gross, net from click_count where market_id = $1 and placement_no = "
    "$2 and day between $3 and $4 order by day desc, outcome";

constexpr char const* kPostbacks =
    "select p.conversion_no, c.lead_no, c.event, p.outcome, p.status, p.attempts, " LEADEX_MICROS(
        "p.next_at") ", p.last_status, p.last_error, " LEADEX_MICROS("p.last_at") ", " LEADEX_MICROS(
        "p.created_at") " from postback p join conversion c on c.market_id = p.market_id and "
    "c.conversion_no = p.conversion_no where " LEADEX_OWN("$1", "p.tenant_no")
    " and p.market_id = $2 and p.placement_no = $3 and ($4::bigint is null or p.conversion_no < "
    "$4::bigint) order by p.conversion_no desc limit $5";

PostbackView read_postback(MarketNo market, pqxx::row const& row) {
  PostbackView view;
  view.conversion = {market, row.at(0).as<std::int64_t>()};
  view.click = {market, row.at(1).as<std::int64_t>()};
  view.event = row.at(2).as<std::string>();
  view.outcome = read_number_enum(row.at(3), market::ConversionState::noted);
  view.status = read_enum<DeliveryStatus>(row.at(4), kDeliveryStatusTexts);
  view.attempts = row.at(5).as<int>();
  view.next_at = read_time(row.at(6));
  view.last_status = read_maybe<int>(row.at(7));
  view.last_error = read_maybe<std::string>(row.at(8));
  view.last_at = read_time_maybe(row.at(9));
  view.created_at = read_time(row.at(10));
  return view;
}

Placement read_placement(pqxx::row const& row) {
  Placement placement;
  placement.id = {read_market_no(row.at(0)), row.at(3).as<std::int64_t>()};
  placement.market = row.at(1).as<std::string>();
  placement.currency = row.at(2).as<std::string>();
  placement.generator_no = row.at(4).as<std::int64_t>();
  placement.name = row.at(5).as<std::string>();
  placement.version = row.at(6).as<std::int32_t>();
  placement.attributes = read_attributes(row.at(7));
  placement.definition = row.at(8).as<std::string>();
  placement.fallback_url = row.at(9).as<std::string>();
  placement.postback_url = read_maybe<std::string>(row.at(10));
  placement.paused = row.at(11).as<bool>();
  placement.suspended = row.at(12).as<bool>();
  placement.created_at = read_time(row.at(13));
  return placement;
}

std::optional<Placement> read_one(pqxx::result const& rows) {
  if (rows.empty()) return std::nullopt;
  return read_placement(rows.at(0));
}

}  // namespace

PostgresClickStore::Later<bool> PostgresClickStore::insert(Placement placement) {
  co_return co_await pool_.run([placement](pqxx::work& tx) {
    execute(tx, kInsert,
            Parameters(placement.id.market, placement.id.no, placement.generator_no, placement.name,
                       placement.version,
                       bytea(std::string_view{market::encode_value(placement.attributes)}),
                       placement.definition, placement.fallback_url, placement.postback_url,
                       placement.created_at));
    return true;
  });
}

PostgresClickStore::Later<std::vector<Placement>> PostgresClickStore::list(Viewer viewer,
                                                                           PlacementFilter filter) {
  co_return co_await pool_.run([viewer, filter](pqxx::work& tx) {
    auto const before = filter.before.value_or(PlacementCursor{});
    std::optional<std::int64_t> created_us;
    if (filter.before) created_us = before.created_us;
    std::vector<Placement> placements;
    for (auto const& row : execute(tx, kList,
                                   Parameters(viewer.scope(), created_us, before.market,
                                              before.placement_no, filter.market, filter.limit))) {
      placements.push_back(read_placement(row));
    }
    return placements;
  });
}

PostgresClickStore::Later<std::optional<Placement>> PostgresClickStore::find(Viewer viewer,
                                                                             PlacementId id) {
  co_return co_await pool_.run([viewer, id](pqxx::work& tx) {
    return read_one(execute(tx, kFind, Parameters(viewer.scope(), id.market, id.no)));
  });
}

PostgresClickStore::Later<bool> PostgresClickStore::pause(Viewer viewer, PlacementId id,
                                                          bool paused) {
  co_return co_await pool_.run([viewer, id, paused](pqxx::work& tx) {
    auto const done = execute(tx, kPause, Parameters(viewer.scope(), id.market, id.no, paused));
    return done.affected_rows() == 1;
  });
}

PostgresClickStore::Later<std::vector<PostbackView>> PostgresClickStore::postbacks(
    Viewer viewer, PlacementId id, std::optional<std::int64_t> before_no, int limit) {
  co_return co_await pool_.run([viewer, id, before_no, limit](pqxx::work& tx) {
    std::vector<PostbackView> found;
    for (auto const& row :
         execute(tx, kPostbacks, Parameters(viewer.scope(), id.market, id.no, before_no, limit))) {
      found.push_back(read_postback(id.market, row));
    }
    return found;
  });
}

PostgresClickStore::Later<std::optional<Placement>> PostgresClickStore::visited(PlacementId id) {
  co_return co_await pool_.run([id](pqxx::work& tx) {
    return read_one(execute(tx, kVisited, Parameters(id.market, id.no)));
  });
}

PostgresClickStore::Later<bool> PostgresClickStore::add(std::vector<VisitCount> counts) {
  co_return co_await pool_.run([counts](pqxx::work& tx) {
    for (auto const& count : counts) {
      LEADEX_CHECK(count.outcome != VisitOutcome::charged &&
                   count.outcome != VisitOutcome::sold_on_result);
    }
    run_binary(
        tx,
        {&kAdd,
         {column<Element::int8>(
              counts, [](auto const& c) { return static_cast<std::int64_t>(c.placement.market); }),
          column<Element::int8>(counts, [](auto const& c) { return c.placement.no; }),
          column<Element::int4>(counts, [](auto const& c) { return c.day; }),
          column<Element::int2>(counts, [](auto const& c) { return c.outcome; }),
          column<Element::int8>(counts, [](auto const& c) { return c.n; })},
         std::ssize(counts)});
    return true;
  });
}

PostgresClickStore::Later<std::vector<VisitCount>> PostgresClickStore::counts(PlacementId id,
                                                                              std::int32_t from_day,
                                                                              std::int32_t to_day) {
  co_return co_await pool_.run([id, from_day, to_day](pqxx::work& tx) {
    std::vector<VisitCount> counts;
    for (auto const& row : execute(tx, kCounts, Parameters(id.market, id.no, from_day, to_day))) {
      counts.push_back({id, row.at(0).as<std::int32_t>(),
                        read_number_enum(row.at(1), VisitOutcome::sold_on_result),
                        row.at(2).as<std::int64_t>(), Money{row.at(3).as<std::int64_t>()},
                        Money{row.at(4).as<std::int64_t>()}});
    }
    return counts;
  });
}

}  // namespace leadex::storage::postgres
