#include "server/storage/postgres/claw_back_rows.hpp"

#include "server/storage/postgres/instant_sql.hpp"
#include "server/storage/postgres/statement.hpp"
#include "server/storage/postgres/trade_sql.hpp"

namespace leadex::storage::postgres {

namespace {

// The market's writer holds the row of the sale only while it commits, and must never wait for a
// person's request: orders of one sale queue up here and not there.
constexpr char const* kLockSale =
    "select pg_advisory_xact_lock(hashtextextended(format('leadex claw-back %s %s %s', "
    "$1::bigint, $2::bigint, $3::integer), 0))";
#define LEADEX_CLAWED_SALE                                                                     \
  "m.currency, s.buyer, s.campaign, s.generator, s.gross, s.fee, s.credited, s.state, exists " \
  "(select from claw_back o where o.market_id = s.market_id and o.lead_no = s.lead_no and "    \
  "o.slot = s.slot and o.ready and o.market_seq is null), coalesce(h.generator, 0), "          \
  "coalesce(h.split_bp, 0) "
#define LEADEX_CLAWED_SHARE \
  "left join lead_share h on h.market_id = s.market_id and h.lead_no = s.lead_no "
constexpr char const* kSale = "select s.market_id, s.lead_no, s.slot, " LEADEX_CLAWED_SALE
                              "from sale s join market m using (market_id) " LEADEX_CLAWED_SHARE
                              "where s.market_id = $1 and s.lead_no = $2 and s.slot = $3";
constexpr char const* kInsert =
    "insert into claw_back (market_id, order_no, lead_no, slot, amount, reason_sealed, "
    "ordered_by, ordered_at, approval_no, ready) values ($1, $2, $3, $4, $5, $6, "
    "$7, " LEADEX_INSTANT("$8") ", $9, $10)";
#define LEADEX_ORDER_COLUMNS                                                \
  "b.market_id, b.order_no, b.lead_no, b.slot, b.amount, b.reason_sealed, " \
  "b.ordered_by, " LEADEX_MICROS("b.ordered_at") ", b.approval_no"
constexpr char const* kFind =
    "select " LEADEX_ORDER_COLUMNS " from claw_back b where b.order_no = $1";
constexpr char const* kApprove =
    "update claw_back set ready = true, approved_by = $2 where order_no = $1 and not ready";
constexpr char const* kGiveUp =
    "update claw_back set ready = false where order_no = $1 and market_seq is null";
constexpr char const* kOpen =
    "select " LEADEX_ORDER_COLUMNS ", " LEADEX_CLAWED_SALE
    "from claw_back b join market m using (market_id) join sale s on s.market_id = b.market_id "
    "and s.lead_no = b.lead_no and s.slot = b.slot " LEADEX_CLAWED_SHARE
    "where b.ready and b.market_seq is null and ($1::bigint is null or b.market_id = $1::bigint) "
    "order by b.order_no limit $2";
constexpr char const* kList =
    "select " LEADEX_ORDER_COLUMNS
    ", m.name, m.currency, case when b.market_seq is not null then 'booked' when b.ready then "
    "'open' when a.state = 'waiting' then 'waiting' else 'refused' end from claw_back b join "
    "market m using (market_id) left join approval a on a.approval_no = b.approval_no where "
    "$1::bigint is null or b.order_no < $1::bigint order by b.order_no desc limit $2";

constexpr int kOrderColumns = 9;

ClawBackOrder read_order(pqxx::row const& row) {
  ClawBackOrder order;
  order.order_no = row.at(1).as<std::int64_t>();
  order.sale = {read_market_no(row.at(0)), row.at(2).as<std::int64_t>(),
                row.at(3).as<std::int32_t>()};
  order.amount = Money{row.at(4).as<std::int64_t>()};
  order.reason_sealed = read_bytes(row.at(5));
  order.ordered_by = row.at(6).as<std::int64_t>();
  order.ordered_at = read_time(row.at(7));
  order.approval_no = read_maybe<std::int64_t>(row.at(8));
  return order;
}

ClawBackSale read_sale(pqxx::row const& row, SaleId id, int first) {
  auto const at = [&](int i) { return row.at(static_cast<pqxx::row::size_type>(first + i)); };
  ClawBackSale sale;
  sale.id = id;
  sale.currency = at(0).as<std::string>();
  sale.buyer_no = at(1).as<std::int64_t>();
  sale.campaign_no = at(2).as<std::int64_t>();
  sale.generator_no = at(3).as<std::int64_t>();
  sale.gross = Money{at(4).as<std::int64_t>()};
  sale.fee = Money{at(5).as<std::int64_t>()};
  sale.credited = Money{at(6).as<std::int64_t>()};
  sale.state = read_number_enum(at(7), market::SaleState::lapsed);
  sale.order_open = at(8).as<bool>();
  sale.share = {at(9).as<std::int64_t>(), at(10).as<std::int32_t>()};
  return sale;
}

}  // namespace

std::optional<ClawBackSale> PostgresClawBackRows::sale_locked(SaleId sale) {
  Parameters const place(sale.market, sale.lead_no, sale.slot);
  execute(tx_, kLockSale, place);
  // A statement of its own: it sees what whoever held the lock before has committed.
  auto const rows = execute(tx_, kSale, place);
  if (rows.empty()) return std::nullopt;
  return read_sale(rows.at(0), sale, 3);
}

void PostgresClawBackRows::insert(ClawBackOrder const& order, bool ready) {
  execute(tx_, kInsert,
          Parameters(order.sale.market, order.order_no, order.sale.lead_no, order.sale.slot,
                     order.amount.micros, bytea(std::string_view{order.reason_sealed}),
                     order.ordered_by, order.ordered_at, order.approval_no, ready));
}

std::optional<ClawBackOrder> PostgresClawBackRows::find(std::int64_t order_no) {
  auto const rows = execute(tx_, kFind, Parameters(order_no));
  if (rows.empty()) return std::nullopt;
  return read_order(rows.at(0));
}

void PostgresClawBackRows::approve(std::int64_t order_no, std::int64_t principal_no) {
  execute(tx_, kApprove, Parameters(order_no, principal_no));
}

void PostgresClawBackRows::give_up(std::int64_t order_no) {
  execute(tx_, kGiveUp, Parameters(order_no));
}

std::vector<OpenClawBack> PostgresClawBackRows::open(std::optional<MarketNo> market, int limit) {
  std::vector<OpenClawBack> found;
  for (auto const& row : execute(tx_, kOpen, Parameters(market, limit))) {
    auto order = read_order(row);
    auto sale = read_sale(row, order.sale, kOrderColumns);
    found.push_back({std::move(order), std::move(sale)});
  }
  return found;
}

std::vector<ClawBackRow> PostgresClawBackRows::list(std::optional<std::int64_t> before_no,
                                                    int limit) {
  std::vector<ClawBackRow> found;
  for (auto const& row : execute(tx_, kList, Parameters(before_no, limit))) {
    found.push_back({read_order(row), row.at(kOrderColumns).as<std::string>(),
                     row.at(kOrderColumns + 1).as<std::string>(),
                     read_enum<ClawBackStatus>(row.at(kOrderColumns + 2), kClawBackStatusTexts)});
  }
  return found;
}

}  // namespace leadex::storage::postgres
