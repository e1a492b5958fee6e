#include "server/storage/postgres/market_pipeline.hpp"

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <set>
#include <thread>

#include "billing/values/check.hpp"
#include "matching/market/codec.hpp"
#include "server/crypto/hash.hpp"
#include "server/storage/postgres/binary_array.hpp"
#include "server/storage/postgres/claim_calls.hpp"
#include "server/storage/postgres/market_chain.hpp"
#include "server/storage/postgres/market_link.hpp"

namespace leadex::storage::postgres {

namespace {

constexpr std::uint64_t kLookUpsPerSweep = 64;

class Prepared final : public PreparedBatch {
 public:
  Prepared(std::int64_t market_id, BatchRows const& rows, ClaimGuard const& guard,
           std::string const& previous_hash)
      : seq_(rows.seq),
        at_us_(rows.at_us),
        body_(body_calls(market_id, rows)),
        tail_(tail_calls(market_id, rows)) {
    for (auto& call : claim_calls(market_id, rows, guard)) body_.push_back(std::move(call));
    auto const image = image_of(body_) + image_of(tail_);
    auto const rest = crypto::sha256(image);
    stored_body_ = store_body(crypto::view_of(rest), rows.body);
    auto const transfers = transfers_digest(rows.transfers);
    auto const auctions = auctions_digest(rows.auctions);
    hash_ = chain_hash(previous_hash, {market_id, seq_, at_us_, stored_body_, transfers, auctions});
    bytes_ = image.size() + stored_body_.size();
  }
  [[nodiscard]] std::int64_t seq() const override { return seq_; }
  [[nodiscard]] std::string const& hash() const override { return hash_; }
  [[nodiscard]] std::size_t bytes() const override { return bytes_; }

  std::int64_t seq_;
  std::int64_t at_us_;
  std::vector<Call> body_;
  std::vector<Call> tail_;
  std::string stored_body_;
  std::string hash_;
  std::size_t bytes_{};
};

// A key is looked for in each of the days it may stand in, by the whole of its index: a range of
// days would walk through all keys of those days, for each key anew. Persons likewise: to join
// with the many of an upload, all persons of the market would be read each time. Behind `offset 0`
// buyers' lists and leads are read by their keys as well, one by one.
constexpr Statement kLookUp{
    "lx_look_up",
    "select 0 as kind, null::bytea as a, null::bytea as b, h.seq as i, 0::bigint as j, 0::bigint "
    "as k, 0::bigint as l from leadex.market_head h where h.market_id = $1::int8 union all "
    "select 1, d.key, d.body_hash, d.account_no, d.code, d.batch_seq, d.n from "
    "unnest($2::int8[], $3::bytea[]) as w(account_no, key) cross join unnest(array[$4::int4, "
    "$4::int4 + 1, $4::int4 + 2, $4::int4 + 3]) as t(day) cross join lateral (select i.* from "
    "leadex.idempotency i where i.market_id = $1::int8 and i.day = t.day and i.account_no = "
    "w.account_no and i.key = w.key limit 1) as d union all select 2, p.digest, null, p.seen_us, "
    "coalesce(p.provisional_upload, 0), p.lead_no, 0 from leadex.person p where p.market_id = "
    "$1::int8 and p.digest = any($5::bytea[]) union all select 3, null, null, f.intent_no, 0, 0, 0 "
    "from "
    "leadex.fund_intent f where f.market_id = $1::int8 and f.intent_no = any($6::int8[]) and "
    "f.market_seq is null union all select 4, null, null, b.order_no, 0, 0, 0 from "
    "leadex.claw_back b where b.market_id = $1::int8 and b.order_no = any($7::int8[]) and b.ready "
    "and b.market_seq is null union all select 5, o.digest, null, s.tenant_no, 0, 0, 0 from "
    "unnest($8::bytea[]) as o(digest) cross join lateral (select tenant_no from leadex.suppression "
    "where digest = o.digest offset 0) as s union all select 6, p.digest, null, p.lead_no, "
    "coalesce(l.state, 0), 0, 0 from (select digest, lead_no from leadex.person where market_id = "
    "$1::int8 and digest = any($9::bytea[]) union all select digest, lead_no from "
    "leadex.person_before where digest = any($9::bytea[]) and market_id = $1::int8) p left join "
    "lateral (select case when exists "
    "(select from leadex.lead_rest r where r.market_id = $1::int8 and r.lead_no = p.lead_no and "
    "r.market_seq is null and not r.dropped and not r.withdrawn) then 0 else state end as state "
    "from leadex.lead where "
    "market_id = $1::int8 and lead_no = p.lead_no offset 0) as l on true "
    "union all select 7, null, null, "
    "r.lead_no * 32 + r.round + 1, 0, 0, 0 from unnest($10::int8[]) as w(key) cross join lateral "
    "(select lead_no, round from leadex.lead_rest where market_id = $1::int8 and lead_no = w.key "
    "/ 32 and round = w.key % 32 - 1 and market_seq is null and not dropped and not "
    "withdrawn offset 0) as r union all select 8, v.digest, null, c.placement_no, c.campaign, "
    "c.clicked_us, c.click_no from unnest($11::bytea[]) as v(digest) cross join lateral (select "
    "placement_no, campaign, clicked_us, click_no from leadex.click where market_id = $1::int8 and "
    "visitor = v.digest and clicked_us >= $12::int8 offset 0) as c union all select 9, "
    "convert_to(t.id, 'UTF8'), null, t.buyer, 0, 0, 0 from unnest($13::int8[], $14::text[]) as "
    "t(buyer, id) cross join lateral (select from leadex.conversion where market_id = $1::int8 and "
    "buyer = t.buyer and transaction_id = t.id and state <> 2 and (state <> 5 or confirmed) offset "
    "0) as c union all select 10, "
    "convert_to(n.event, 'UTF8'), null, n.lead_no, 0, 0, 0 from unnest($15::int8[]) as w(no) cross "
    "join lateral (select lead_no, event from leadex.conversion where market_id = $1::int8 and "
    "lead_no = w.no and state = 5 limit 16) as n"};
static_assert(kNotedEventsMax == 16, "the statement above reads no more");
static_assert(kRelistRounds == 32, "the statement above takes a round's number apart");

Call look_up_call(std::int64_t market_id, Lookups const& wanted) {
  auto const& keys = wanted.keys;
  return {&kLookUp,
          {int8_param(market_id),
           column<Element::int8>(keys, [](auto const& k) { return k.account_no; }),
           column<Element::bytea>(keys, [](auto const& k) { return k.key; }),
           int4_param(wanted.first_day), column<Element::bytea>(wanted.persons, std::identity{}),
           column<Element::int8>(wanted.intents, [](auto no) { return no; }),
           column<Element::int8>(wanted.claw_backs, [](auto no) { return no; }),
           column<Element::bytea>(wanted.offered, std::identity{}),
           column<Element::bytea>(wanted.withheld, std::identity{}),
           column<Element::int8>(wanted.relists, [](auto no) { return no; }),
           column<Element::bytea>(wanted.visitors, std::identity{}),
           int8_param(wanted.clicked_since_us),
           column<Element::int8>(wanted.transactions, [](auto const& t) { return t.buyer_no; }),
           column<Element::text>(wanted.transactions, [](auto const& t) { return t.id; }),
           column<Element::int8>(wanted.clicks, [](auto no) { return no; })},
          -1};
}

std::string bytes_of(pqxx::field const& field) { return pqxx::binarystring{field}.str(); }

LookedUp read_look_up(pqxx::result const& rows) {
  LookedUp found;
  for (auto const& row : rows) {
    auto const i = row[3].as<std::int64_t>();
    switch (row[0].as<int>()) {
      case 0:
        found.seq = i;
        break;
      case 1:
        found.keys.push_back({i, bytes_of(row[1]), bytes_of(row[2]), row[4].as<std::int32_t>(),
                              row[5].as<std::int64_t>(), row[6].as<std::int32_t>()});
        break;
      case 2:
        found.persons.push_back(
            {bytes_of(row[1]), row[5].as<std::int64_t>(), i, row[4].as<std::int64_t>()});
        break;
      case 3:
        found.open_intents.push_back(i);
        break;
      case 4:
        found.open_claw_backs.push_back(i);
        break;
      case 5:
        found.holders.push_back({bytes_of(row[1]), i});
        break;
      case 6:
        found.leads.push_back({bytes_of(row[1]), i,
                               row[4].as<int>() == static_cast<int>(market::LeadState::checked)});
        break;
      case 7:
        found.open_relists.push_back(i);
        break;
      case 8:
        found.clicks.push_back({bytes_of(row[1]), i, row[4].as<std::int64_t>(),
                                row[5].as<std::int64_t>(), row[6].as<std::int64_t>()});
        break;
      case 9:
        found.transactions.push_back({i, bytes_of(row[1])});
        break;
      default:
        found.noted.push_back({i, bytes_of(row[1])});
    }
  }
  return found;
}

/// A thread that runs jobs in order and owns what they use.
class Worker {
 public:
  explicit Worker(std::string database) : link_(std::move(database)) {}
  ~Worker() {
    {
      std::lock_guard const lock{mutex_};
      stopping_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
  }
  Worker(Worker const&) = delete;
  Worker& operator=(Worker const&) = delete;

  void post(std::function<void(MarketLink&)> job) {
    std::lock_guard const lock{mutex_};
    jobs_.push_back(std::move(job));
    if (!thread_.joinable()) thread_ = std::thread{[this] { run(); }};
    wake_.notify_one();
  }

 private:
  void run() {
    for (;;) {
      std::unique_lock lock{mutex_};
      wake_.wait(lock, [&] { return stopping_ || !jobs_.empty(); });
      if (jobs_.empty()) return;
      auto job = std::move(jobs_.front());
      jobs_.pop_front();
      lock.unlock();
      job(link_);
    }
  }
  MarketLink link_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void(MarketLink&)>> jobs_;
  bool stopping_{false};
  std::thread thread_;
};

class Pipeline final : public CommitPipeline {
 public:
  Pipeline(std::string const& database, std::int64_t market_id, std::int64_t committed_seq,
           MarketStore::Report report)
      : market_id_(market_id),
        report_(std::move(report)),
        committed_(committed_seq),
        lanes_{std::make_unique<Worker>(database), std::make_unique<Worker>(database)},
        reader_(std::make_unique<Worker>(database)) {}

  ~Pipeline() override {
    {
      std::lock_guard const lock{mutex_};
      failed_ = true;  // whoever waits for its turn gives up
    }
    turn_.notify_all();
    for (auto& lane : lanes_) lane.reset();
    reader_.reset();
  }

  void submit(std::shared_ptr<PreparedBatch const> batch, std::int64_t epoch) override {
    auto prepared = std::static_pointer_cast<Prepared const>(std::move(batch));
    auto& lane = *lanes_[static_cast<std::size_t>(prepared->seq_ % 2)];
    lane.post([this, prepared, epoch](MarketLink& link) { commit(link, *prepared, epoch); });
  }

  void look_up(Lookups lookups, std::function<void(std::optional<LookedUp>)> done) override {
    reader_->post([this, wanted = std::move(lookups), done = std::move(done)](MarketLink& link) {
      std::optional<LookedUp> found;
      try {
        pqxx::nontransaction work{link.connection()};
        bool const grouped = !wanted.group.empty() && !wanted.persons.empty();
        auto held = grouped ? hold_persons(link, work, wanted) : Digests{};
        found = read_look_up(link.run(work, look_up_call(market_id_, wanted)));
        if (wanted.takes_over && !found->persons.empty()) find_unsold(link, work, *found);
        if (grouped) look_elsewhere(link, work, wanted, std::move(held), *found);
      } catch (std::exception const&) {
        link.close();
      }
      done(std::move(found));
    });
  }

  void reset(std::int64_t committed_seq) override {
    for (auto& lane : lanes_) lane->post([](MarketLink& link) { link.close(); });
    std::lock_guard const lock{mutex_};
    failed_ = false;
    committed_ = committed_seq;
  }

 private:
  using Digests = std::set<std::string>;

  /// Before anything is looked up: what another market claims from here on, it cannot have.
  Digests hold_persons(MarketLink& link, pqxx::nontransaction& work, Lookups const& wanted) {
    if (look_ups_++ % kLookUpsPerSweep == 0) link.run(work, sweep_holds_call());
    Digests held;
    for (auto const& row : link.run(work, hold_call(market_id_, wanted.group, wanted.persons))) {
      held.insert(bytes_of(row[0]));
    }
    return held;
  }

  void find_unsold(MarketLink& link, pqxx::nontransaction& work, LookedUp& found) const {
    for (auto const& row : link.run(work, unsold_call(market_id_, found.persons))) {
      found.unsold.push_back({row[0].as<std::int64_t>(), row[1].as<std::int64_t>()});
    }
  }

  /// What others of the group hold or have claimed; of what is known already no hold is kept.
  void look_elsewhere(MarketLink& link, pqxx::nontransaction& work, Lookups const& wanted,
                      Digests held, LookedUp& found) const {
    Digests elsewhere;
    for (auto const& digest : wanted.persons) {
      if (!held.contains(digest)) elsewhere.insert(digest);
    }
    std::vector<std::string> known;
    for (auto const& row : link.run(work, claimed_elsewhere_call(market_id_, wanted))) {
      auto digest = bytes_of(row[0]);
      if (held.contains(digest)) known.push_back(digest);
      elsewhere.insert(std::move(digest));
    }
    if (!wanted.takes_over) {
      for (auto const& person : found.persons) {
        bool const fresh = person.seen_us >= wanted.claimed_since_us;
        if (fresh && held.contains(person.digest)) known.push_back(person.digest);
      }
    }
    if (!known.empty()) link.run(work, let_go_call(market_id_, wanted.group, known));
    found.elsewhere.assign(elsewhere.begin(), elsewhere.end());
  }

  /// Waits for the batch before; false when it, or anything since, has failed.
  bool wait_for_turn(std::int64_t seq) {
    std::unique_lock lock{mutex_};
    turn_.wait(lock, [&] { return failed_ || committed_ == seq - 1; });
    return !failed_;
  }
  bool failed() {
    std::lock_guard const lock{mutex_};
    return failed_;
  }
  /// Reports under the lock: whoever goes on, or gives up, because of this batch reports after it.
  void finish(CommitReport report) {
    {
      std::lock_guard const lock{mutex_};
      if (report.failure == CommitFailure::none) {
        committed_ = report.seq;
      } else {
        failed_ = true;
      }
      report_(std::move(report));
    }
    turn_.notify_all();
  }

  void commit(MarketLink& link, Prepared const& batch, std::int64_t epoch) {
    CommitReport report{.seq = batch.seq_};
    auto const fail = [&](CommitFailure failure, std::string detail) {
      report.failure = failure;
      report.detail = std::move(detail);
    };
    bool committing = false;
    try {
      if (failed()) {
        fail(CommitFailure::unknown, "the batch before failed");
      } else {
        pqxx::work work{link.connection()};
        for (auto const& call : batch.body_) link.run(work, call);
        if (!wait_for_turn(batch.seq_)) {
          fail(CommitFailure::unknown, "the batch before failed");
        } else {
          for (auto const& call : batch.tail_) link.run(work, call);
          link.run(work, head_call(market_id_, epoch, batch.seq_, batch.at_us_, batch.hash_,
                                   batch.stored_body_));
          committing = true;
          work.commit();
        }
      }
    } catch (RowCountError const& error) {
      fail(CommitFailure::refused, error.what());
    } catch (pqxx::sql_error const& error) {
      // Class 23 is a constraint, 21 and 22 are values that do not fit: the statement itself was
      // refused, before any COMMIT, and would be again. The lost fence shows as such too (NOT NULL
      // of commit_batch.seq); resolve() tells them apart.
      auto const kind = std::string_view{error.sqlstate()}.substr(0, 2);
      bool const values = kind == "21" || kind == "22" || kind == "23";
      fail(!committing && values ? CommitFailure::refused : CommitFailure::unknown,
           "sqlstate " + error.sqlstate());
    } catch (std::exception const&) {
      fail(CommitFailure::unknown, "connection");
    }
    if (report.failure != CommitFailure::none) link.close();  // its transaction is over by now
    finish(std::move(report));
  }

  std::int64_t const market_id_;
  MarketStore::Report const report_;
  std::mutex mutex_;
  std::condition_variable turn_;
  bool failed_{false};
  std::int64_t committed_;
  std::array<std::unique_ptr<Worker>, 2> lanes_;
  std::uint64_t look_ups_{};  // of the reader's thread
  std::unique_ptr<Worker> reader_;
};

}  // namespace

std::shared_ptr<PreparedBatch const> prepare_batch(std::int64_t market_id, BatchRows const& rows,
                                                   ClaimGuard const& guard,
                                                   std::string const& previous_hash) {
  return std::make_shared<Prepared>(market_id, rows, guard, previous_hash);
}

std::unique_ptr<CommitPipeline> make_pipeline(std::string database, std::int64_t market_id,
                                              std::int64_t committed_seq,
                                              MarketStore::Report report) {
  return std::make_unique<Pipeline>(database, market_id, committed_seq, std::move(report));
}

}  // namespace leadex::storage::postgres
