#include "server/storage/postgres/fan_out_job.hpp"

#include "server/storage/postgres/instant_sql.hpp"
#include "server/storage/postgres/market_chain.hpp"
#include "server/storage/postgres/session.hpp"
#include "server/storage/postgres/statement.hpp"
#include "server/storage/postgres/trade_sql.hpp"
#include "server/storage/postgres/webhook_rows.hpp"

namespace leadex::storage::postgres {

namespace {

constexpr std::size_t kBodyBytesMax = std::size_t{8} << 20;  // of one step, after the first batch

// Two numbers: the space of this lock, and the market (below 2^32, so the sign bit may be set).
constexpr char const* kTryLock =
    "select pg_try_advisory_xact_lock(hashtextextended('leadex fan-out', $1))";
constexpr char const* kCursor = "select seq from fanout_cursor where market_id = $1 for update";
constexpr char const* kFirstCursor =
    "insert into fanout_cursor (market_id, seq) values ($1, 0) on conflict do nothing";
constexpr char const* kMoveCursor =
    "update fanout_cursor set seq = $3 where market_id = $1 and seq = $2";
constexpr char const* kBatches =
    "select seq, body from commit_batch where market_id = $1 and seq > $2 order by seq limit $3";
constexpr char const* kParties =
    "select s.lead_no, s.slot, s.buyer, s.generator from unnest($2::bigint[], $3::integer[]) "
    "k(lead_no, slot) join sale s on s.market_id = $1 and s.lead_no = k.lead_no and s.slot = "
    "k.slot";
constexpr char const* kOwners =
    "select lead_no, tenant_no from lead where market_id = $1 and lead_no = any($2::bigint[])";
constexpr char const* kDefinitions =
    "select c.campaign_no, v.definition from unnest($2::bigint[]) c(campaign_no) cross join "
    "lateral (select definition, version from campaign_version v where v.market_id = $1 and "
    "v.campaign_no = c.campaign_no order by version desc limit 16) v order by c.campaign_no, "
    "v.version desc";
constexpr char const* kSubscriptions =
    "select e.endpoint_no, e.tenant_no, array_to_string(e.events, ',') from webhook_endpoint e "
    "join "
    "tenant t on t.tenant_no = e.tenant_no and t.status = 'active' where e.tenant_no = "
    "any($1::bigint[]) and e.status = 'active' order by e.endpoint_no";
constexpr char const* kInsertEvents =
    "insert into event (market_id, batch_seq, n, type, tenant_no, subject_kind, subject_no, at_us) "
    "select $1, * from unnest($2::bigint[], $3::integer[], $4::text[], $5::bigint[], "
    "$6::smallint[], $7::bigint[], $8::bigint[])";
constexpr char const* kInsertDeliveries =
    "insert into webhook_delivery (delivery_no, endpoint_no, market_id, batch_seq, event_n, "
    "event_type, confirms, next_at, created_at) select $1::bigint + row_number() over () - 1, "
    "d.*, i.at, i.at from unnest($2::bigint[], $3::bigint[], $4::bigint[], $5::integer[], "
    "$6::text[], $7::boolean[]) d, (select " LEADEX_INSTANT("$8") " as at) i";
constexpr char const* kInsertPostbacks =
    "insert into postback (market_id, conversion_no, tenant_no, placement_no, outcome, next_at, "
    "created_at) select $1, c.no, p.tenant_no, p.placement_no, c.outcome, i.at, i.at from "
    "unnest($2::bigint[], $3::bigint[], $4::smallint[]) c(no, lead_no, outcome) join click k on "
    "k.market_id = $1 and k.click_no = c.lead_no join placement p on p.market_id = $1 and "
    "p.placement_no = k.placement_no and p.postback_url is not null cross join "
    "(select " LEADEX_INSTANT("$5") " as at) i on conflict (market_id, conversion_no) do nothing";
// One process at a time, under the lock of market 0; the rows go with this transaction.
constexpr char const* kTakeOwn =
    "with taken as (delete from event_pending p using (select market_id, batch_seq, n, tenant_no "
    "from event_pending limit $1) due where (p.market_id, p.batch_seq, p.n, p.tenant_no) = "
    "(due.market_id, due.batch_seq, due.n, due.tenant_no) returning p.market_id, p.batch_seq, p.n, "
    "p.tenant_no) select t.market_id, t.batch_seq, t.n, e.type, w.endpoint_no from taken t join "
    "event e using (market_id, batch_seq, n, tenant_no) left join webhook_endpoint w on "
    "w.tenant_no = t.tenant_no and w.status = 'active' and e.type = any(w.events) and exists "
    "(select from tenant a where a.tenant_no = w.tenant_no and a.status = 'active')";

/// "{…}" of one column; event types hold nothing that needs quotes.
template <class Rows, class Of>
std::string list_of(Rows const& rows, Of of) {
  std::string text = "{";
  for (auto const& row : rows) {
    if (text.size() > 1) text += ',';
    auto const& value = of(row);
    if constexpr (std::is_convertible_v<decltype(value), std::string_view>) {
      text += value;
    } else {
      text += std::to_string(value);
    }
  }
  return text + '}';
}

std::size_t insert_deliveries(pqxx::transaction_base& tx, NumberRanges& numbers,
                              std::span<NewDelivery const> rows, Timestamp now) {
  if (rows.empty()) return 0;
  auto const first =
      numbers.reserve(0, NumberKind::webhook_delivery, static_cast<std::int64_t>(rows.size()));
  if (!first) throw JobFailed(first.error());
  using D = NewDelivery const&;
  execute(tx, kInsertDeliveries,
          Parameters(*first, list_of(rows, [](D d) { return d.endpoint_no; }),
                     list_of(rows, [](D d) { return d.event.market; }),
                     list_of(rows, [](D d) { return d.event.batch_seq; }),
                     list_of(rows, [](D d) { return d.event.n; }),
                     list_of(rows, [](D d) { return std::string_view{d.event_type}; }),
                     list_of(rows, [](D d) { return d.confirms ? 1 : 0; }), now));
  return rows.size();
}

class Job final : public FanOutTx {
 public:
  Job(pqxx::transaction_base& tx, NumberRanges& numbers, MarketNo market)
      : tx_(tx), numbers_(numbers), market_(market) {}

  /// @return whether there may be more behind them
  bool read_batches(std::int64_t after, int limit);
  [[nodiscard]] std::size_t deliveries() const { return deliveries_; }

  [[nodiscard]] std::vector<FanOutBatch> const& batches() const override { return batches_; }
  [[nodiscard]] std::map<SaleKey, SaleParties> parties(std::vector<SaleKey> const& keys) override;
  [[nodiscard]] std::map<std::int64_t, std::int64_t> lead_owners(
      std::vector<std::int64_t> const& leads) override;
  [[nodiscard]] std::map<std::int64_t, std::vector<std::string>> definitions(
      std::vector<std::int64_t> const& campaigns) override;
  [[nodiscard]] std::vector<Subscription> subscriptions(
      std::vector<std::int64_t> const& tenants) override;
  void insert(std::span<EventRow const> events) override;
  void insert(std::span<NewDelivery const> deliveries, Timestamp now) override {
    deliveries_ += insert_deliveries(tx_, numbers_, deliveries, now);
  }
  void insert(std::span<NewPostback const> postbacks, Timestamp now) override;

 private:
  pqxx::transaction_base& tx_;
  NumberRanges& numbers_;
  MarketNo market_;
  std::vector<FanOutBatch> batches_;
  std::size_t deliveries_{};
};

bool Job::read_batches(std::int64_t after, int limit) {
  std::size_t bytes = 0;
  auto const rows = execute(tx_, kBatches, Parameters(market_, after, limit));
  for (auto const& row : rows) {
    auto const seq = row.at(0).as<std::int64_t>();
    if (seq != after + 1) throw std::runtime_error("a market's batches have a gap");
    if (bytes > kBodyBytesMax) return true;
    auto opened = open_body(read_bytes(row.at(1)));
    if (!opened) throw std::runtime_error("the body of a batch does not open");
    bytes += opened->body.size();
    batches_.push_back({seq, std::move(opened->body)});
    after = seq;
  }
  return rows.size() == static_cast<pqxx::result::size_type>(limit);
}

std::map<SaleKey, SaleParties> Job::parties(std::vector<SaleKey> const& keys) {
  std::map<SaleKey, SaleParties> found;
  if (keys.empty()) return found;
  auto const rows =
      execute(tx_, kParties,
              Parameters(market_, list_of(keys, [](SaleKey const& k) { return k.first; }),
                         list_of(keys, [](SaleKey const& k) { return k.second; })));
  for (auto const& row : rows) {
    found[{row.at(0).as<std::int64_t>(), row.at(1).as<std::int32_t>()}] = {
        row.at(2).as<std::int64_t>(), row.at(3).as<std::int64_t>()};
  }
  return found;
}

std::map<std::int64_t, std::int64_t> Job::lead_owners(std::vector<std::int64_t> const& leads) {
  std::map<std::int64_t, std::int64_t> found;
  if (leads.empty()) return found;
  for (auto const& row : execute(tx_, kOwners, Parameters(market_, number_list(leads)))) {
    found[row.at(0).as<std::int64_t>()] = row.at(1).as<std::int64_t>();
  }
  return found;
}

std::map<std::int64_t, std::vector<std::string>> Job::definitions(
    std::vector<std::int64_t> const& campaigns) {
  std::map<std::int64_t, std::vector<std::string>> found;
  if (campaigns.empty()) return found;
  for (auto const& row : execute(tx_, kDefinitions, Parameters(market_, number_list(campaigns)))) {
    found[row.at(0).as<std::int64_t>()].push_back(row.at(1).as<std::string>());
  }
  return found;
}

std::vector<Subscription> Job::subscriptions(std::vector<std::int64_t> const& tenants) {
  std::vector<Subscription> found;
  if (tenants.empty()) return found;
  for (auto const& row : execute(tx_, kSubscriptions, Parameters(number_list(tenants)))) {
    found.push_back({row.at(0).as<std::int64_t>(), row.at(1).as<std::int64_t>(),
                     split_list(row.at(2).as<std::string>())});
  }
  return found;
}

void Job::insert(std::span<EventRow const> events) {
  if (events.empty()) return;
  using E = EventRow const&;
  execute(tx_, kInsertEvents,
          Parameters(market_, list_of(events, [](E e) { return e.key.batch_seq; }),
                     list_of(events, [](E e) { return e.key.n; }),
                     list_of(events, [](E e) { return std::string_view{e.type}; }),
                     list_of(events, [](E e) { return e.tenant_no; }),
                     list_of(events, [](E e) { return e.subject_kind; }),
                     list_of(events, [](E e) { return e.subject_no; }),
                     list_of(events, [](E e) { return to_unix_micros(e.at); })));
}

void Job::insert(std::span<NewPostback const> postbacks, Timestamp now) {
  if (postbacks.empty()) return;
  using P = NewPostback const&;
  auto const made =
      execute(tx_, kInsertPostbacks,
              Parameters(market_, list_of(postbacks, [](P p) { return p.conversion_no; }),
                         list_of(postbacks, [](P p) { return p.lead_no; }),
                         list_of(postbacks, [](P p) { return static_cast<int>(p.outcome); }), now));
  deliveries_ += made.affected_rows();
}

}  // namespace

FanOutStep follow_market(pqxx::transaction_base& tx, NumberRanges& numbers, MarketNo market,
                         int batches_max, DeliveryStore::FanOutJob const& job) {
  FanOutStep step;
  if (!execute(tx, kTryLock, Parameters(market)).at(0).at(0).as<bool>()) return step;
  step.taken = true;
  auto cursor = execute(tx, kCursor, Parameters(market));
  if (cursor.empty()) {
    execute(tx, kFirstCursor, Parameters(market));
    cursor = execute(tx, kCursor, Parameters(market));
  }
  auto const after = cursor.at(0).at(0).as<std::int64_t>();
  Job at_work(tx, numbers, market);
  step.more = at_work.read_batches(after, batches_max);
  step.batches = at_work.batches().size();
  if (step.batches == 0) return step;
  job(at_work);
  step.deliveries = at_work.deliveries();
  auto const moved =
      execute(tx, kMoveCursor, Parameters(market, after, at_work.batches().back().seq));
  if (moved.affected_rows() != 1) throw std::runtime_error("the fan-out's cursor moved meanwhile");
  return step;
}

FanOutStep follow_own_events(pqxx::transaction_base& tx, NumberRanges& numbers, int limit,
                             Timestamp now) {
  FanOutStep step;
  if (!execute(tx, kTryLock, Parameters(0)).at(0).at(0).as<bool>()) return step;
  step.taken = true;
  std::vector<NewDelivery> deliveries;
  auto const rows = execute(tx, kTakeOwn, Parameters(limit));
  for (auto const& row : rows) {
    if (row.at(4).is_null()) continue;
    deliveries.push_back(
        {row.at(4).as<std::int64_t>(),
         {read_market_no(row.at(0)), row.at(1).as<std::int64_t>(), row.at(2).as<std::int32_t>()},
         row.at(3).as<std::string>(),
         false});
  }
  step.deliveries = insert_deliveries(tx, numbers, deliveries, now);
  step.more = rows.size() >= static_cast<pqxx::result::size_type>(limit);
  return step;
}

}  // namespace leadex::storage::postgres
