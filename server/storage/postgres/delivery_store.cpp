#include "server/storage/postgres/delivery_store.hpp"

#include "server/storage/postgres/fan_out_job.hpp"
#include "server/storage/postgres/instant_sql.hpp"
#include "server/storage/postgres/sale_reads.hpp"
#include "server/storage/postgres/statement.hpp"
#include "server/storage/postgres/trade_sql.hpp"
#include "server/storage/postgres/webhook_rows.hpp"

namespace leadex::storage::postgres {

namespace {

// Numbers of crypto::IdKind, which the events carry.
constexpr int kSaleKind = 6;
constexpr int kReturnKind = 7;
constexpr int kDisputeKind = 8;

constexpr char const* kBehind =
    "select h.market_id from market_head h left join fanout_cursor c using (market_id) where "
    "h.market_id > 0 and h.seq > coalesce(c.seq, 0) order by h.market_id";

// From endpoint to endpoint along the index, so that a long queue costs nothing; at most so many of
// each as are not in flight. Endpoints whose last attempt failed come last and share a part of the
// room.
constexpr char const* kClaim =
    "with recursive waiting(endpoint_no) as ("
    "(select min(endpoint_no) from webhook_delivery where status = 'waiting') union all "
    "select (select min(d.endpoint_no) from webhook_delivery d where d.status = 'waiting' and "
    "d.endpoint_no > w.endpoint_no) from waiting w where w.endpoint_no is not null), "
    "here as (select " LEADEX_INSTANT("$1") " as now), "
    "open as (select e.endpoint_no, e.failing_since is not null as failing, "
    "greatest(0, case when e.failing_since is null then $4::bigint else $5::bigint end - "
    "coalesce(b.in_flight, 0)) as room from waiting w join webhook_endpoint e on e.endpoint_no = "
    "w.endpoint_no left join unnest($6::bigint[], $7::bigint[]) b(endpoint_no, in_flight) on "
    "b.endpoint_no = e.endpoint_no join tenant t on t.tenant_no = e.tenant_no and t.status = "
    "'active' cross join here where e.status = 'active' and "
    "(e.paused_until is null or e.paused_until <= here.now)), "
    "due as (select o.failing, d.delivery_no, d.next_at, row_number() over (partition by o.failing "
    "order by d.next_at, d.delivery_no) as place from open o cross join here cross join lateral "
    "(select delivery_no, next_at from webhook_delivery d where d.endpoint_no = o.endpoint_no and "
    "d.status = 'waiting' and d.next_at <= here.now and (not d.confirms or d.market_id = "
    "any($8::bigint[])) order by d.next_at limit o.room) d), "
    "chosen as (select delivery_no from due where not failing or place <= $3::bigint "
    "order by failing, next_at limit $2), "
    "locked as (select d.delivery_no from webhook_delivery d join chosen using (delivery_no) "
    "where d.status = 'waiting' for update of d skip locked) "
    "update webhook_delivery d set attempts = least(d.attempts + 1, 32000), next_at = here.now + "
    "$9::bigint * interval '1 millisecond', last_at = here.now from locked, here, "
    "webhook_endpoint e, event v where d.delivery_no = locked.delivery_no and d.next_at <= here.now "
    "and e.endpoint_no = d.endpoint_no and v.market_id = d.market_id and v.batch_seq = d.batch_seq "
    "and v.n = d.event_n and v.tenant_no = e.tenant_no returning " LEADEX_DELIVERY_COLUMNS
    ", " LEADEX_ENDPOINT_COLUMNS
    ", v.subject_kind, v.subject_no, v.at_us, (select name from market m where m.market_id = "
    "d.market_id)";

// The contact goes with the news of the sale only, to its buyer, while the sale stands; while it is
// not confirmed, only where the answer decides about it.
constexpr char const* kContact =
    "select k.kek_id, k.wrapped, c.sealed from sale s join contact c on c.market_id = s.market_id "
    "and c.lead_no = s.lead_no join lead_key k on k.market_id = s.market_id and k.lead_no = "
    "s.lead_no where s.market_id = $1 and s.lead_no = $2 and s.slot = $3 and s.buyer = $4 and "
    "(s.state in (1, 2, 5, 6) or (s.state = 0 and $5::boolean and s.due_us > $6::bigint))";
constexpr char const* kReturn =
    "select r.lead_no, r.slot, r.state, r.ruling, r.reason, r.credited, m.currency from "
    "return_case r join market m on m.market_id = r.market_id where r.market_id = $1 and "
    "r.return_no = $2 and (r.buyer = $3 or r.generator = $3)";

constexpr char const* kFinish =
    "update webhook_delivery set status = $4, next_at = coalesce(" LEADEX_INSTANT(
        "$5") ", next_at), last_status = $6, last_error = $7, last_at = " LEADEX_INSTANT(
        "$8") " where delivery_no = $1 and endpoint_no = $2 and attempts = $3 and status = "
              "'waiting'";
constexpr char const* kEndpointGood =
    "update webhook_endpoint set failing_since = null where endpoint_no = $1 and failing_since is "
    "not null";
constexpr char const* kEndpointFailing =
    "update webhook_endpoint set failing_since = coalesce(failing_since, " LEADEX_INSTANT(
        "$2") "), paused_until = coalesce(" LEADEX_INSTANT(
        "$3") ", paused_until), status = case when failing_since < " LEADEX_INSTANT(
        "$4") " and status = 'active' then 'disabled' else status end where endpoint_no = $1 and "
              "(failing_since is null or $3::bigint is not null or (failing_since < " LEADEX_INSTANT(
        "$4") " and status = 'active')) returning status = 'disabled'";
constexpr char const* kEndpointGone =
    "update webhook_endpoint set status = 'disabled', failing_since = "
    "coalesce(failing_since, " LEADEX_INSTANT(
        "$2") ") where endpoint_no = $1 and status = 'active' returning true";
constexpr char const* kStopWaiting =
    "update webhook_delivery set status = 'stopped' where endpoint_no = $1 and status = 'waiting'";

std::optional<ClaimedContact> find_contact(pqxx::transaction_base& tx,
                                           ClaimedDelivery const& claimed, Timestamp now) {
  auto const& sale = claimed.sale->id;
  auto const rows = execute(tx, kContact,
                            Parameters(sale.market, sale.lead_no, sale.slot,
                                       claimed.endpoint.tenant_no, claimed.delivery.confirms, now));
  if (rows.empty()) return std::nullopt;
  auto const row = rows.at(0);
  return ClaimedContact{row.at(0).as<std::int32_t>(), read_bytes(row.at(1)), read_bytes(row.at(2))};
}

std::optional<ClaimedReturn> find_return(pqxx::transaction_base& tx,
                                         ClaimedDelivery const& claimed) {
  auto const market = claimed.event.key.market;
  auto const rows = execute(
      tx, kReturn, Parameters(market, claimed.event.subject_no, claimed.endpoint.tenant_no));
  if (rows.empty()) return std::nullopt;
  auto const row = rows.at(0);
  ClaimedReturn found;
  found.sale = {market, row.at(0).as<std::int64_t>(), row.at(1).as<std::int32_t>()};
  found.state = read_number_enum(row.at(2), market::ReturnState::denied);
  found.ruling = static_cast<std::uint8_t>(row.at(3).as<int>());
  found.reason = row.at(4).as<std::string>();
  found.credited = Money{row.at(5).as<std::int64_t>()};
  found.currency = row.at(6).as<std::string>();
  return found;
}

ClaimedDelivery read_claimed(pqxx::transaction_base& tx, pqxx::row const& row, Timestamp now) {
  constexpr int kEventAt = kDeliveryColumns + kEndpointColumns;
  ClaimedDelivery claimed;
  claimed.delivery = read_delivery(row, 0);
  claimed.endpoint = read_endpoint(row, kDeliveryColumns);
  auto& event = claimed.event;
  event.key = claimed.delivery.event;
  event.type = claimed.delivery.event_type;
  event.tenant_no = claimed.endpoint.tenant_no;
  event.subject_kind = row.at(kEventAt).as<std::int16_t>();
  event.subject_no = row.at(kEventAt + 1).as<std::int64_t>();
  event.at = read_time(row.at(kEventAt + 2));
  if (!row.at(kEventAt + 3).is_null()) claimed.market = row.at(kEventAt + 3).as<std::string>();
  if (event.subject_kind == kSaleKind) {
    SaleId const sale{event.key.market, event.subject_no / kSaleSlotsMax,
                      static_cast<std::int32_t>(event.subject_no % kSaleSlotsMax)};
    claimed.sale = find_sale(tx, {event.tenant_no, Role::buyer}, sale);
    bool const wants_contact = claimed.endpoint.deliver_contact && event.type == "sale.created";
    if (claimed.sale && wants_contact) claimed.contact = find_contact(tx, claimed, now);
  } else if (event.subject_kind == kReturnKind || event.subject_kind == kDisputeKind) {
    claimed.returned = find_return(tx, claimed);
  }
  return claimed;
}

std::vector<ClaimedDelivery> claim_due(pqxx::transaction_base& tx, ClaimRequest const& request) {
  std::string endpoints = "{";
  std::string counts = "{";
  for (auto const& busy : request.busy) {
    if (endpoints.size() > 1) {
      endpoints += ',';
      counts += ',';
    }
    endpoints += std::to_string(busy.endpoint_no);
    counts += std::to_string(busy.in_flight);
  }
  endpoints += '}';
  counts += '}';
  auto const rows =
      execute(tx, kClaim,
              Parameters(request.now, request.limit, request.failing_limit, request.per_endpoint,
                         request.per_failing_endpoint, endpoints, counts,
                         number_list(request.markets).value_or("{}"), request.lease.count()));
  std::vector<ClaimedDelivery> claimed;
  for (auto const& row : rows) claimed.push_back(read_claimed(tx, row, request.now));
  return claimed;
}

bool finish_delivery(pqxx::transaction_base& tx, DeliveryOutcome const& outcome) {
  std::optional<Timestamp> next_at;
  if (outcome.status == DeliveryStatus::waiting) next_at = outcome.next_at;
  execute(tx, kFinish,
          Parameters(outcome.delivery_no, outcome.endpoint_no, outcome.attempts,
                     kDeliveryStatusTexts.at(static_cast<std::size_t>(outcome.status)), next_at,
                     outcome.last_status, outcome.last_error, outcome.now));
  bool disabled = false;
  switch (outcome.health) {
    case EndpointHealth::unchanged:
      break;
    case EndpointHealth::good:
      execute(tx, kEndpointGood, Parameters(outcome.endpoint_no));
      break;
    case EndpointHealth::failing: {
      auto const rows = execute(tx, kEndpointFailing,
                                Parameters(outcome.endpoint_no, outcome.now, outcome.paused_until,
                                           outcome.disable_when_failing_since));
      disabled = !rows.empty() && rows.at(0).at(0).as<bool>();
      break;
    }
    case EndpointHealth::gone:
      disabled = !execute(tx, kEndpointGone, Parameters(outcome.endpoint_no, outcome.now)).empty();
      break;
  }
  if (disabled) execute(tx, kStopWaiting, Parameters(outcome.endpoint_no));
  return disabled;
}

}  // namespace

DeliveryStore::Later<std::vector<MarketNo>> PostgresDeliveryStore::markets_behind() {
  co_return co_await pool_.run([](pqxx::work& tx) {
    std::vector<MarketNo> markets;
    for (auto const& row : execute(tx, kBehind)) markets.push_back(read_market_no(row.at(0)));
    return markets;
  });
}

DeliveryStore::Later<FanOutStep> PostgresDeliveryStore::fan_out(MarketNo market, int batches_max,
                                                                FanOutJob job) {
  auto work = [this, market, batches_max, job = std::move(job)](pqxx::work& tx) {
    return follow_market(tx, numbers_, market, batches_max, job);
  };
  co_return co_await pool_.run(std::move(work));
}

DeliveryStore::Later<FanOutStep> PostgresDeliveryStore::fan_out_own(int limit, Timestamp now) {
  auto work = [this, limit, now](pqxx::work& tx) {
    return follow_own_events(tx, numbers_, limit, now);
  };
  co_return co_await pool_.run(std::move(work));
}

DeliveryStore::Later<std::vector<ClaimedDelivery>> PostgresDeliveryStore::claim(
    ClaimRequest request) {
  auto work = [request = std::move(request)](pqxx::work& tx) { return claim_due(tx, request); };
  co_return co_await pool_.run(std::move(work));
}

DeliveryStore::Later<bool> PostgresDeliveryStore::finish(DeliveryOutcome outcome) {
  auto work = [outcome = std::move(outcome)](pqxx::work& tx) {
    return finish_delivery(tx, outcome);
  };
  co_return co_await pool_.run(std::move(work));
}

}  // namespace leadex::storage::postgres
