#include "server/storage/postgres/webhook_rows.hpp"

#include "server/storage/postgres/instant_sql.hpp"
#include "server/storage/postgres/session.hpp"
#include "server/storage/postgres/statement.hpp"
#include "server/storage/postgres/trade_sql.hpp"

namespace leadex::storage::postgres {

namespace {

constexpr char const* kInsertEndpoint =
    "insert into webhook_endpoint (endpoint_no, tenant_no, url, events, secret_sealed, "
    "deliver_contact, created_at) values ($1, $2, $3, string_to_array($4, ','), $5, "
    "$6, " LEADEX_INSTANT("$7") ")";
constexpr char const* kEndpoints =
    "select " LEADEX_ENDPOINT_COLUMNS
    " from webhook_endpoint e where e.tenant_no = $1 and e.status <> 'deleted' and "
    "($2::bigint is null or e.endpoint_no < $2::bigint) order by e.endpoint_no desc limit $3";
constexpr char const* kEndpoint =
    "select " LEADEX_ENDPOINT_COLUMNS
    " from webhook_endpoint e where e.endpoint_no = $2 and e.tenant_no = $1 and e.status <> "
    "'deleted'";
// One after the other: two jobs that both add the last one allowed must see each other's.
constexpr char const* kLockTenant = "select from tenant where tenant_no = $1 for update";
constexpr char const* kCountEndpoints =
    "select count(*) from webhook_endpoint where tenant_no = $1 and status <> 'deleted'";
constexpr char const* kRemove =
    "update webhook_endpoint set status = 'deleted' where endpoint_no = $2 and tenant_no = $1 and "
    "status <> 'deleted'";
constexpr char const* kStopWaiting =
    "update webhook_delivery set status = 'stopped' where endpoint_no = $1 and status = 'waiting'";
constexpr char const* kDeliveries =
    "select " LEADEX_DELIVERY_COLUMNS
    " from webhook_delivery d where d.endpoint_no = $1 and ($2::bigint is null or d.delivery_no < "
    "$2::bigint) and ($3::text is null or d.status = any(string_to_array($3, ','))) "
    "order by d.delivery_no desc limit $4";
constexpr char const* kDelivery =
    "select " LEADEX_DELIVERY_COLUMNS
    " from webhook_delivery d where d.endpoint_no = $1 and d.delivery_no = $2";
constexpr char const* kResend =
    "update webhook_delivery set status = 'waiting', attempts = 0, confirms = false, "
    "last_status = null, last_error = null, next_at = " LEADEX_INSTANT(
        "$2") " where delivery_no = $1 and status <> 'waiting'";
constexpr char const* kInsertDelivery =
    "insert into webhook_delivery (delivery_no, endpoint_no, market_id, batch_seq, event_n, "
    "event_type, next_at, created_at) values ($1, $2, $3, $4, $5, $6, " LEADEX_INSTANT(
        "$7") ", " LEADEX_INSTANT("$7") ")";
constexpr char const* kInsertEvent =
    "insert into event (market_id, batch_seq, n, type, tenant_no, subject_kind, subject_no, at_us) "
    "values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing";
constexpr char const* kInsertPending =
    "insert into event_pending (market_id, batch_seq, n, tenant_no) values ($1, $2, $3, $4)";
constexpr char const* kEvents =
    "select e.market_id, e.batch_seq, e.n, e.type, e.tenant_no, e.subject_kind, e.subject_no, "
    "e.at_us from event e where e.tenant_no = $1 and e.type <> 'webhook.test' and "
    "($2::bigint is null or (e.at_us, e.market_id, e.batch_seq, e.n) < ($2::bigint, $3::bigint, "
    "$4::bigint, $5::integer)) and ($6::bigint is null or e.at_us >= $6::bigint) and "
    "($7::bigint is null or e.at_us < $7::bigint) and "
    "($8::text is null or e.type = any(string_to_array($8, ','))) "
    "order by e.at_us desc, e.market_id desc, e.batch_seq desc, e.n desc limit $9";

/// The same event again changes nothing: false then.
bool insert_event(pqxx::transaction_base& tx, EventRow const& event) {
  auto const done = execute(
      tx, kInsertEvent,
      Parameters(event.key.market, event.key.batch_seq, event.key.n, event.type, event.tenant_no,
                 event.subject_kind, event.subject_no, to_unix_micros(event.at)));
  return done.affected_rows() == 1;
}

template <class States, class Texts>
std::optional<std::string> state_list(States const& states, Texts const& texts) {
  if (states.empty()) return std::nullopt;
  std::vector<std::string> words;
  for (auto const state : states) {
    words.emplace_back(texts.at(static_cast<std::size_t>(state)));
  }
  return join_list(words);
}

}  // namespace

std::string join_list(std::vector<std::string> const& words) {
  std::string text;
  for (auto const& word : words) {
    if (!text.empty()) text += ',';
    text += word;
  }
  return text;
}

std::vector<std::string> split_list(std::string const& text) {
  std::vector<std::string> words;
  for (std::size_t at = 0; at < text.size();) {
    auto const end = std::min(text.find(',', at), text.size());
    words.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return words;
}

WebhookEndpoint read_endpoint(pqxx::row const& row, int first) {
  auto const at = [&](int column) {
    return row.at(static_cast<pqxx::row::size_type>(first + column));
  };
  WebhookEndpoint endpoint;
  endpoint.endpoint_no = at(0).as<std::int64_t>();
  endpoint.tenant_no = at(1).as<std::int64_t>();
  endpoint.url = at(2).as<std::string>();
  endpoint.events = split_list(at(3).as<std::string>());
  endpoint.secret_sealed = read_bytes(at(4));
  endpoint.deliver_contact = at(5).as<bool>();
  endpoint.status = read_enum<EndpointStatus>(at(6), kEndpointStatusTexts);
  endpoint.failing_since = read_time_maybe(at(7));
  endpoint.created_at = read_time(at(8));
  return endpoint;
}

WebhookDelivery read_delivery(pqxx::row const& row, int first) {
  auto const at = [&](int column) {
    return row.at(static_cast<pqxx::row::size_type>(first + column));
  };
  WebhookDelivery delivery;
  delivery.delivery_no = at(0).as<std::int64_t>();
  delivery.endpoint_no = at(1).as<std::int64_t>();
  delivery.event = {read_market_no(at(2)), at(3).as<std::int64_t>(), at(4).as<std::int32_t>()};
  delivery.event_type = at(5).as<std::string>();
  delivery.status = read_enum<DeliveryStatus>(at(6), kDeliveryStatusTexts);
  delivery.confirms = at(7).as<bool>();
  delivery.attempts = at(8).as<int>();
  delivery.next_at = read_time(at(9));
  delivery.last_status = read_maybe<int>(at(10));
  delivery.last_error = read_maybe<std::string>(at(11));
  delivery.last_at = read_time_maybe(at(12));
  delivery.created_at = read_time(at(13));
  return delivery;
}

void emit_event(pqxx::transaction_base& tx, NewEvent const& event, Timestamp at) {
  auto const key = own_event_key(event.market, event.subject_kind, event.subject_no,
                                 static_cast<int>(event.type));
  EventRow const row{
      key, std::string{text(event.type)}, event.tenant_no, event.subject_kind, event.subject_no,
      at};
  if (!insert_event(tx, row)) return;
  execute(tx, kInsertPending, Parameters(key.market, key.batch_seq, key.n, event.tenant_no));
}

void PostgresWebhookRows::insert(WebhookEndpoint const& endpoint) {
  execute(tx_, kInsertEndpoint,
          Parameters(endpoint.endpoint_no, endpoint.tenant_no, endpoint.url,
                     join_list(endpoint.events), bytea(std::string_view{endpoint.secret_sealed}),
                     endpoint.deliver_contact, endpoint.created_at));
}

std::vector<WebhookEndpoint> PostgresWebhookRows::endpoints(std::int64_t tenant_no,
                                                            std::optional<std::int64_t> before_no,
                                                            int limit) {
  std::vector<WebhookEndpoint> endpoints;
  for (auto const& row : execute(tx_, kEndpoints, Parameters(tenant_no, before_no, limit))) {
    endpoints.push_back(read_endpoint(row, 0));
  }
  return endpoints;
}

std::optional<WebhookEndpoint> PostgresWebhookRows::endpoint(std::int64_t tenant_no,
                                                             std::int64_t endpoint_no) {
  auto const rows = execute(tx_, kEndpoint, Parameters(tenant_no, endpoint_no));
  if (rows.empty()) return std::nullopt;
  return read_endpoint(rows.at(0), 0);
}

std::int64_t PostgresWebhookRows::count_endpoints(std::int64_t tenant_no) {
  execute(tx_, kLockTenant, Parameters(tenant_no));
  return execute(tx_, kCountEndpoints, Parameters(tenant_no)).at(0).at(0).as<std::int64_t>();
}

bool PostgresWebhookRows::remove(std::int64_t tenant_no, std::int64_t endpoint_no) {
  if (execute(tx_, kRemove, Parameters(tenant_no, endpoint_no)).affected_rows() == 0) return false;
  execute(tx_, kStopWaiting, Parameters(endpoint_no));
  return true;
}

std::vector<WebhookDelivery> PostgresWebhookRows::deliveries(DeliveryFilter const& filter) {
  std::vector<WebhookDelivery> deliveries;
  auto const rows =
      execute(tx_, kDeliveries,
              Parameters(filter.endpoint_no, filter.before_no,
                         state_list(filter.states, kDeliveryStatusTexts), filter.limit));
  for (auto const& row : rows) deliveries.push_back(read_delivery(row, 0));
  return deliveries;
}

std::optional<WebhookDelivery> PostgresWebhookRows::delivery(std::int64_t endpoint_no,
                                                             std::int64_t delivery_no) {
  auto const rows = execute(tx_, kDelivery, Parameters(endpoint_no, delivery_no));
  if (rows.empty()) return std::nullopt;
  return read_delivery(rows.at(0), 0);
}

void PostgresWebhookRows::resend(std::int64_t delivery_no, Timestamp now) {
  execute(tx_, kResend, Parameters(delivery_no, now));
}

WebhookDelivery PostgresWebhookRows::send_test(WebhookEndpoint const& endpoint, Timestamp now) {
  auto const number = numbers_.next(0, NumberKind::webhook_delivery);
  if (!number) throw JobFailed(number.error());
  constexpr std::int16_t kDeliveryKind = 19;  // crypto::IdKind::delivery
  WebhookDelivery delivery;
  delivery.delivery_no = *number;
  delivery.endpoint_no = endpoint.endpoint_no;
  delivery.event =
      own_event_key(0, kDeliveryKind, *number, static_cast<int>(OwnEvent::webhook_test));
  delivery.event_type = text(OwnEvent::webhook_test);
  delivery.next_at = now;
  delivery.created_at = now;
  insert_event(tx_, {delivery.event, delivery.event_type, endpoint.tenant_no, kDeliveryKind,
                     delivery.delivery_no, now});
  execute(tx_, kInsertDelivery,
          Parameters(delivery.delivery_no, delivery.endpoint_no, delivery.event.market,
                     delivery.event.batch_seq, delivery.event.n, delivery.event_type, now));
  return delivery;
}

void PostgresWebhookRows::emit(NewEvent const& event, Timestamp at) { emit_event(tx_, event, at); }

std::vector<EventRow> PostgresWebhookRows::events(EventFilter const& filter) {
  std::optional<std::string> types;
  if (!filter.types.empty()) types = join_list(filter.types);
  std::vector<EventRow> events;
  auto const rows = execute(
      tx_, kEvents,
      Parameters(filter.tenant_no, filter.before_at, filter.before.market, filter.before.batch_seq,
                 filter.before.n, filter.from, filter.until, types, filter.limit));
  for (auto const& row : rows) {
    EventRow event;
    event.key = {read_market_no(row.at(0)), row.at(1).as<std::int64_t>(),
                 row.at(2).as<std::int32_t>()};
    event.type = row.at(3).as<std::string>();
    event.tenant_no = row.at(4).as<std::int64_t>();
    event.subject_kind = row.at(5).as<std::int16_t>();
    event.subject_no = row.at(6).as<std::int64_t>();
    event.at = read_time(row.at(7));
    events.push_back(std::move(event));
  }
  return events;
}

}  // namespace leadex::storage::postgres
