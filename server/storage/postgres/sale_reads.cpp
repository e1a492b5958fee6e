#include "server/storage/postgres/sale_reads.hpp"

#include "billing/settlement/duplicate_share.hpp"
#include "server/storage/postgres/audit_rows.hpp"
#include "server/storage/postgres/instant_sql.hpp"
#include "server/storage/postgres/lead_reads.hpp"
#include "server/storage/postgres/statement.hpp"
#include "server/storage/postgres/trade_sql.hpp"

namespace leadex::storage::postgres {

namespace {

#define LEADEX_OF_VISIT                                                                        \
  "case s.model when 2 then true when 1 then exists (select from acquisition a where "         \
  "a.market_id = s.market_id and a.lead_no = s.lead_no and a.slot = s.slot and a.visit) else " \
  "false end"

// Which of its campaigns bought is the buyer's own affair: a generator neither sees it nor finds by
// it.
#define LEADEX_SALE_COLUMNS \
  "select m.market_id, m.name, m.currency, s.lead_no, s.slot, s.buyer, "                        \
  "case when " LEADEX_OWN("$1", "s.buyer") " then s.campaign else 0 end, s.generator, s.gross, " \
  "s.fee, s.credited, s.state, s.exclusive, s.auction_no, s.sold_us, s.due_us, r.return_no, "   \
  "r.state, s.model, " LEADEX_OF_VISIT " "
#define LEADEX_SALE_RETURN                                                              \
  "left join return_case r on r.market_id = s.market_id and r.lead_no = s.lead_no and " \
  "r.slot = s.slot "

// Each market has its own index by time; the newest of all markets are merged.
constexpr char const* kList =
    LEADEX_SALE_COLUMNS
    "from market m cross join lateral (select * from sale s where s.market_id = m.market_id and "
    LEADEX_OF("$1", "s.buyer", "s.generator")
    " and ($2::bigint is null or (s.sold_us <= $2::bigint and (s.sold_us, s.market_id, s.lead_no, "
    "s.slot) < ($2::bigint, $3::bigint, $4::bigint, $5::integer))) and ($7::bigint is null or "
    "(s.campaign = $7::bigint and " LEADEX_OWN("$1", "s.buyer") ")) and ($8::integer[] is null or s.state = any ($8::integer[])) "
    "and ($9::bigint is null or s.sold_us >= $9::bigint) "
    "and ($10::bigint is null or s.sold_us < $10::bigint) "
    "and ($12::bigint is null or s.lead_no = $12::bigint) "
    "and ($13::bigint is null or exists (select from lead l where l.market_id = s.market_id and "
    "l.lead_no = s.lead_no and l.batch_no = $13::bigint)) "
    "order by s.sold_us desc, s.lead_no desc, s.slot desc limit $11) s " LEADEX_SALE_RETURN
    "where $6::bigint is null or m.market_id = $6::bigint "
    "order by s.sold_us desc, s.market_id desc, s.lead_no desc, s.slot desc limit $11";
#define LEADEX_SALE_FILTER                                                                       \
  "($7::bigint is null or (s.campaign = $7::bigint and s.buyer = $1::bigint)) and "              \
  "($8::integer[] is null or s.state = any ($8::integer[])) and ($12::bigint is null or exists " \
  "(select from lead l where l.market_id = "                                                     \
  "s.market_id and l.lead_no = s.lead_no and l.batch_no = $12::bigint)) "
// The sales of one account (decision 0010): those that the fan-out has told of come from its
// events, which are indexed by account; the newest, from the last batch told on, from the sales
// themselves. A sale and its event have the same instant, and instants never go back from batch to
// batch.
constexpr char const* kListOwn =
    "with told as materialized (select m.market_id, m.name, m.currency, coalesce((select b.at_us "
    "from fanout_cursor f join commit_batch b on b.market_id = f.market_id and b.seq = f.seq where "
    "f.market_id = m.market_id), 0) as until_us from market m where $6::bigint is null or "
    "m.market_id = $6::bigint), own as ("
    "(select s.* from told t cross join lateral (select s.* from sale s where s.market_id = "
    "t.market_id and s.sold_us >= t.until_us and (s.buyer = $1::bigint or s.generator = "
    "$1::bigint) and ($2::bigint is null or (s.sold_us <= $2::bigint and (s.sold_us, s.market_id, "
    "s.lead_no, s.slot) < ($2::bigint, $3::bigint, $4::bigint, $5::integer))) and ($9::bigint is "
    "null or s.sold_us >= $9::bigint) and ($10::bigint is null or s.sold_us < $10::bigint) "
    "and " LEADEX_SALE_FILTER
    "order by s.sold_us desc, s.lead_no desc, s.slot desc limit $11) s) union all "
    // offset 0 keeps the order of the work: events of the account first, newest first, then each
    // sale.
    "(select s.* from event e join told t on t.market_id = e.market_id and e.at_us < t.until_us "
    "cross join lateral (select s.* from sale s where s.market_id = e.market_id and s.lead_no = "
    "e.subject_no / 1024 and s.slot = (e.subject_no % 1024)::integer and " LEADEX_SALE_FILTER
    "offset 0) s where e.tenant_no = $1::bigint and e.type = 'sale.created' and "
    "($2::bigint is null or (e.at_us <= $2::bigint and (e.at_us, e.market_id, e.subject_no) < "
    "($2::bigint, $3::bigint, $4::bigint * 1024 + $5::integer))) and ($9::bigint is null or "
    "e.at_us >= $9::bigint) and ($10::bigint is null or e.at_us < $10::bigint) "
    "order by e.at_us desc, e.market_id desc, e.subject_no desc limit $11)) "
    "select t.market_id, t.name, t.currency, s.lead_no, s.slot, s.buyer, case when s.buyer = "
    "$1::bigint then s.campaign else 0 end, s.generator, s.gross, s.fee, s.credited, s.state, "
    "s.exclusive, s.auction_no, s.sold_us, s.due_us, "
    "r.return_no, r.state, s.model, " LEADEX_OF_VISIT
    " from own s join told t on t.market_id = "
    "s.market_id " LEADEX_SALE_RETURN
    "order by s.sold_us desc, s.market_id desc, s.lead_no desc, s.slot desc limit $11";
static_assert(kSaleSlotsMax == 1024, "the statement above takes a sale's number apart");
constexpr char const* kFind =
    LEADEX_SALE_COLUMNS "from sale s join market m on m.market_id = s.market_id " LEADEX_SALE_RETURN
                        "where s.market_id = $2 and s.lead_no = $3 and s.slot = $4 and " LEADEX_OF(
                            "$1", "s.buyer", "s.generator");
// Its buyer has nothing to do with it.
constexpr char const* kShare =
    "select h.split_bp, s.holdback, s.gross, s.fee, s.credited, s.state from sale s join "
    "lead_share h on h.market_id = s.market_id and "
    "h.lead_no = s.lead_no where s.market_id = $2 and s.lead_no = $3 and s.slot = $4 "
    "and " LEADEX_OWN("$1", "s.generator");
// Buyer and staff only: the generator gave the contact away. No row lock: the market's writer must
// not wait for a reader.
constexpr char const* kContact =
    "select s.buyer, s.state in (3, 4) or k.wrapped is null or c.sealed is null, k.kek_id, "
    "k.wrapped, c.sealed, c.consent_sealed, l.version, l.attributes from sale s "
    "join lead l on l.market_id = s.market_id and l.lead_no = s.lead_no "
    "left join contact c on c.market_id = s.market_id and c.lead_no = s.lead_no "
    "left join lead_key k on k.market_id = s.market_id and k.lead_no = s.lead_no "
    "where s.market_id = $2 and s.lead_no = $3 and s.slot = $4 and " LEADEX_OWN(
        "$1", "s.buyer") " and s.state <> 0";

constexpr char const* kErased =
    "select from sale s join erased_lead e on e.market_id = s.market_id and e.lead_no = s.lead_no "
    "where s.market_id = $2 and s.lead_no = $3 and s.slot = $4 and " LEADEX_OWN("$1", "s.buyer");

constexpr char const* kRevokedBefore =
    "select from sale s join lead l on l.market_id = s.market_id and l.lead_no = s.lead_no where "
    "s.market_id = $2 and s.lead_no = $3 and s.slot = $4 and l.revoked_at <= " LEADEX_INSTANT(
        "s.sold_us") " and " LEADEX_OWN("$1", "s.buyer");

SaleView read_sale(pqxx::row const& row) {
  SaleView sale;
  sale.id = {read_market_no(row.at(0)), row.at(3).as<std::int64_t>(), row.at(4).as<std::int32_t>()};
  sale.market = row.at(1).as<std::string>();
  sale.currency = row.at(2).as<std::string>();
  sale.buyer_no = row.at(5).as<std::int64_t>();
  sale.campaign_no = row.at(6).as<std::int64_t>();
  sale.generator_no = row.at(7).as<std::int64_t>();
  sale.gross = Money{row.at(8).as<std::int64_t>()};
  sale.fee = Money{row.at(9).as<std::int64_t>()};
  sale.credited = Money{row.at(10).as<std::int64_t>()};
  sale.state = read_number_enum(row.at(11), market::SaleState::lapsed);
  sale.exclusive = row.at(12).as<bool>();
  sale.auction_no = row.at(13).as<std::int64_t>();
  sale.sold_at = read_time(row.at(14));
  sale.due_us = row.at(15).as<std::int64_t>();
  sale.model = read_number_enum(row.at(18), PricingModel::cpc);
  sale.of_visit = row.at(19).as<bool>();
  if (!row.at(16).is_null()) {
    sale.return_no = row.at(16).as<std::int64_t>();
    sale.return_state = read_number_enum(row.at(17), market::ReturnState::denied);
  }
  return sale;
}

std::optional<SaleShare> share_of(pqxx::transaction_base& tx, Viewer viewer, SaleView const& sale) {
  auto const rows = execute(
      tx, kShare, Parameters(viewer.scope(), sale.id.market, sale.id.lead_no, sale.id.slot));
  if (rows.empty()) return std::nullopt;
  // All of one instant: the sale may have moved since it was read.
  auto const at = [&](int i) {
    return Money{rows.at(0).at(static_cast<pqxx::row::size_type>(i)).as<std::int64_t>()};
  };
  SaleShare share;
  share.split = BasisPoints{rows.at(0).at(0).as<std::int32_t>()};
  auto const state = read_number_enum(rows.at(0).at(5), market::SaleState::lapsed);
  SaleMoney money{{at(2), at(3), Money{at(2).micros - at(3).micros}}, at(4), at(1), {}};
  money.stage = state == market::SaleState::settled ? SaleStage::settled : SaleStage::held;
  share.amount = duplicate_share_of(money, share.split);
  return share;
}

std::vector<SaleView> list_sales(pqxx::transaction_base& tx, Viewer viewer,
                                 SaleFilter const& filter) {
  auto const before = filter.before.value_or(SaleCursor{});
  std::optional<std::int64_t> sold_us;
  if (filter.before) sold_us = before.sold_us;
  std::vector<SaleView> sales;
  // A lead's few sales are found by its number.
  bool const own = viewer.scope().has_value() && !filter.lead_no;
  auto const rows =
      own ? execute(tx, kListOwn,
                    Parameters(viewer.scope(), sold_us, before.market, before.lead_no, before.slot,
                               filter.market, filter.campaign_no, number_list(filter.states),
                               filter.sold_from_us, filter.sold_until_us, filter.limit,
                               filter.batch_no))
          : execute(tx, kList,
                    Parameters(viewer.scope(), sold_us, before.market, before.lead_no, before.slot,
                               filter.market, filter.campaign_no, number_list(filter.states),
                               filter.sold_from_us, filter.sold_until_us, filter.limit,
                               filter.lead_no, filter.batch_no));
  for (auto const& row : rows) sales.push_back(read_sale(row));
  return sales;
}

std::optional<SealedContactRow> reveal(pqxx::transaction_base& tx, ContactRequest const& request) {
  auto const& sale = request.sale;
  auto const rows = execute(
      tx, kContact, Parameters(request.viewer.scope(), sale.market, sale.lead_no, sale.slot));
  if (rows.empty()) return std::nullopt;
  auto const row = rows.at(0);
  SealedContactRow contact;
  contact.gone = row.at(1).as<bool>();
  if (contact.gone) return contact;
  contact.kek_id = row.at(2).as<std::int32_t>();
  contact.key_wrapped = read_bytes(row.at(3));
  contact.contact_sealed = read_bytes(row.at(4));
  contact.consent_sealed = read_bytes(row.at(5));
  contact.version = row.at(6).as<std::int32_t>();
  contact.attributes = read_attributes(row.at(7));
  AuditEntry entry;
  entry.principal_no = request.principal_no;
  entry.tenant_no = request.viewer.tenant_no;
  entry.action = "contact.read";
  entry.object_kind = "sale";
  entry.object_market = sale.market;
  entry.object_no = sale.lead_no * kSaleSlotsMax + sale.slot;  // as its public id counts
  entry.payload = "slot=" + std::to_string(sale.slot) +
                  ";buyer=" + std::to_string(row.at(0).as<std::int64_t>());
  if (!request.reason.empty()) entry.payload += ";reason=" + request.reason;
  auto const now = execute(tx, "select " LEADEX_MICROS("now()"));
  append_audit(tx, read_time(now.at(0).at(0)), sale.market, std::span{&entry, 1});
  return contact;
}

}  // namespace

std::optional<SaleView> find_sale(pqxx::transaction_base& tx, Viewer viewer, SaleId sale) {
  auto const rows =
      execute(tx, kFind, Parameters(viewer.scope(), sale.market, sale.lead_no, sale.slot));
  if (rows.empty()) return std::nullopt;
  return read_sale(rows.at(0));
}

PostgresSaleReads::Later<std::vector<SaleView>> PostgresSaleReads::list(Viewer viewer,
                                                                        SaleFilter filter) {
  co_return co_await pool_.run(
      [viewer, filter](pqxx::work& tx) { return list_sales(tx, viewer, filter); });
}

PostgresSaleReads::Later<std::optional<SaleView>> PostgresSaleReads::find(Viewer viewer,
                                                                          SaleId sale) {
  co_return co_await pool_.run([viewer, sale](pqxx::work& tx) {
    auto found = find_sale(tx, viewer, sale);
    if (found) found->share = share_of(tx, viewer, *found);
    return found;
  });
}

PostgresSaleReads::Later<bool> PostgresSaleReads::revoked_before_sale(Viewer buyer, SaleId sale) {
  co_return co_await pool_.run([buyer, sale](pqxx::work& tx) {
    return !execute(tx, kRevokedBefore,
                    Parameters(buyer.scope(), sale.market, sale.lead_no, sale.slot))
                .empty();
  });
}

PostgresSaleReads::Later<bool> PostgresSaleReads::erased(Viewer viewer, SaleId sale) {
  co_return co_await pool_.run([viewer, sale](pqxx::work& tx) {
    return !execute(tx, kErased, Parameters(viewer.scope(), sale.market, sale.lead_no, sale.slot))
                .empty();
  });
}

PostgresSaleReads::Later<std::optional<SealedContactRow>> PostgresSaleReads::contact(
    ContactRequest request) {
  co_return co_await pool_.run([request](pqxx::work& tx) { return reveal(tx, request); });
}

}  // namespace leadex::storage::postgres
