#include "server/storage/postgres/postback_store.hpp"

#include "billing/commission/commission.hpp"
#include "billing/values/check.hpp"
#include "matching/market/codec.hpp"
#include "server/storage/postgres/instant_sql.hpp"
#include "server/storage/postgres/statement.hpp"
#include "server/storage/postgres/trade_sql.hpp"

namespace leadex::storage::postgres {

namespace {

// What an attempt under way has leased is left to it.
constexpr char const* kGiveUp =
    "with here as (select " LEADEX_INSTANT("$1") " as now), "
    "old as (select p.market_id, p.conversion_no from postback p cross join here where p.status = "
    "'waiting' and p.created_at <= here.now - $2::bigint * interval '1 millisecond' and p.next_at "
    "<= here.now order by p.created_at limit 1000 for update of p skip locked) "
    "update postback p set status = 'failed' from old where p.market_id = old.market_id and "
    "p.conversion_no = old.conversion_no";

// From generator to generator along the index, so that a long queue costs nothing; at most so many
// of each as are not in flight. Those whose last attempt failed come last and share a part of the
// room.
constexpr char const* kClaim =
    "with recursive waiting(tenant_no) as ("
    "(select min(tenant_no) from postback where status = 'waiting') union all "
    "select (select min(p.tenant_no) from postback p where p.status = 'waiting' and p.tenant_no > "
    "w.tenant_no) from waiting w where w.tenant_no is not null), "
    "here as (select " LEADEX_INSTANT("$1") " as now), "
    "judged as (select w.tenant_no, coalesce(w.tenant_no = any($6::bigint[]), false) as failing "
    "from waiting w join tenant t on t.tenant_no = w.tenant_no and t.status = 'active'), "
    "open as (select j.tenant_no, j.failing, greatest(0, case when j.failing then $8::bigint else "
    "$3::bigint end - coalesce(b.in_flight, 0)) as room from judged j left join "
    "unnest($4::bigint[], $5::bigint[]) b(tenant_no, in_flight) on b.tenant_no = j.tenant_no), "
    "due as (select o.failing, d.market_id, d.conversion_no, d.next_at, row_number() over "
    "(partition by o.failing order by d.next_at, d.conversion_no) as place from open o cross join "
    "here cross join lateral (select market_id, conversion_no, next_at from postback p where "
    "p.tenant_no = o.tenant_no and p.status = 'waiting' and p.next_at <= here.now and p.created_at "
    "> here.now - $9::bigint * interval '1 millisecond' order by p.next_at limit o.room) d), "
    "chosen as (select market_id, conversion_no from due where not failing or place <= $7::bigint "
    "order by failing, next_at limit $2), "
    "locked as (select p.market_id, p.conversion_no from postback p join chosen using (market_id, "
    "conversion_no) where p.status = 'waiting' for update of p skip locked) "
    "update postback p set attempts = least(p.attempts + 1, 32000), next_at = here.now + "
    "$10::bigint * interval '1 millisecond', last_at = here.now from locked, here, conversion c, "
    "placement l, click k, sale s, market m where p.market_id = locked.market_id and "
    "p.conversion_no = locked.conversion_no and p.next_at <= here.now and c.market_id = "
    "p.market_id and c.conversion_no = p.conversion_no and l.market_id = p.market_id and "
    "l.placement_no = p.placement_no and k.market_id = p.market_id and k.click_no = c.lead_no and "
    "s.market_id = p.market_id and s.lead_no = c.lead_no and s.slot = c.slot and m.market_id = "
    "p.market_id returning p.market_id, p.conversion_no, p.tenant_no, p.placement_no, p.outcome, "
    "p.attempts, " LEADEX_MICROS("p.created_at") ", l.postback_url, l.definition, c.lead_no, "
    "c.event, c.transaction_id, c.at_us, c.price, s.gross, s.fee, m.currency, k.subs";

constexpr char const* kFinish =
    "update postback set status = $4, next_at = coalesce(" LEADEX_INSTANT(
        "$5") ", next_at), last_status = $6, last_error = $7, last_at = " LEADEX_INSTANT(
        "$8") " where market_id = $1 and conversion_no = $2 and attempts = $3 and status = "
              "'waiting'";

/// The generator's part of what a conversion cost: as the sale was settled for it.
Money payout_of(Money price, Money gross, Money fee) {
  SalePrice const sold{gross, fee, Money{gross.micros - fee.micros}};
  auto const back = credited_part(sold, Money{gross.micros - price.micros});
  return Money{sold.net.micros - back.net.micros};
}

ClaimedPostback read_claimed(pqxx::row const& row) {
  ClaimedPostback claimed;
  auto& values = claimed.values;
  auto const market = read_market_no(row.at(0));
  values.conversion = {market, row.at(1).as<std::int64_t>()};
  claimed.tenant_no = row.at(2).as<std::int64_t>();
  values.placement = {market, row.at(3).as<std::int64_t>()};
  values.outcome = read_number_enum(row.at(4), market::ConversionState::noted);
  claimed.attempts = row.at(5).as<int>();
  claimed.created_at = read_time(row.at(6));
  claimed.url = row.at(7).as<std::string>();
  values.attributes = row.at(8).as<std::string>();
  values.click = {market, row.at(9).as<std::int64_t>()};
  values.event = row.at(10).as<std::string>();
  values.transaction_id = row.at(11).as<std::string>();
  values.at = read_time(row.at(12));
  bool const paid = values.outcome == market::ConversionState::approved;
  if (paid) {
    values.payout =
        payout_of(Money{row.at(13).as<std::int64_t>()}, Money{row.at(14).as<std::int64_t>()},
                  Money{row.at(15).as<std::int64_t>()});
  }
  values.currency = row.at(16).as<std::string>();
  auto subs = market::decode_value<std::vector<std::string>>(read_bytes(row.at(17)));
  LEADEX_CHECK(subs.has_value());
  values.subs = std::move(*subs);
  return claimed;
}

std::vector<ClaimedPostback> claim_due(pqxx::transaction_base& tx, PostbackClaim const& request) {
  std::vector<std::int64_t> tenants;
  std::vector<std::int64_t> counts;
  for (auto const& busy : request.busy) {
    tenants.push_back(busy.tenant_no);
    counts.push_back(busy.in_flight);
  }
  auto const list = [](auto const& numbers) { return number_list(numbers).value_or("{}"); };
  auto const give_up_after = request.give_up_after.count();
  execute(tx, kGiveUp, Parameters(request.now, give_up_after));
  std::vector<ClaimedPostback> claimed;
  for (auto const& row :
       execute(tx, kClaim,
               Parameters(request.now, request.limit, request.per_tenant, list(tenants),
                          list(counts), list(request.failing), request.failing_limit,
                          request.per_failing_tenant, give_up_after, request.lease.count()))) {
    claimed.push_back(read_claimed(row));
  }
  return claimed;
}

}  // namespace

PostbackStore::Later<std::vector<ClaimedPostback>> PostgresPostbackStore::claim(
    PostbackClaim request) {
  auto work = [request = std::move(request)](pqxx::work& tx) { return claim_due(tx, request); };
  co_return co_await pool_.run(std::move(work));
}

PostbackStore::Later<bool> PostgresPostbackStore::finish(PostbackOutcome outcome) {
  auto work = [outcome = std::move(outcome)](pqxx::work& tx) {
    std::optional<Timestamp> next_at;
    if (outcome.status == DeliveryStatus::waiting) next_at = outcome.next_at;
    execute(tx, kFinish,
            Parameters(outcome.conversion.market, outcome.conversion.no, outcome.attempts,
                       kDeliveryStatusTexts.at(static_cast<std::size_t>(outcome.status)), next_at,
                       outcome.last_status, outcome.last_error, outcome.now));
    return true;
  };
  co_return co_await pool_.run(std::move(work));
}

}  // namespace leadex::storage::postgres
