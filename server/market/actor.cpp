#include "server/market/actor.hpp"

#include <algorithm>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>

#include "billing/values/check.hpp"
#include "server/market/found_persons.hpp"
#include "server/observe/log.hpp"

namespace leadex::market {

namespace asio = boost::asio;

namespace {

constexpr int kViewsMax = 256;  // looks at the engine that wait for the strand
constexpr auto kTimerPeriod = std::chrono::milliseconds{200};
constexpr std::size_t kLookUpItemsMax = 256;
constexpr std::size_t kLookUpPersonsMax = 8192;
constexpr std::int64_t kDayUs = 86'400'000'000;
constexpr std::int32_t kIdempotencyDays = 3;

/// What memory does not hold of a submission.
void add_to(storage::Lookups& wanted, Submission const& s) {
  if (s.idempotency) wanted.keys.push_back({s.idempotency->account_no, s.idempotency->key});
  wanted.persons.insert(wanted.persons.end(), s.persons.begin(), s.persons.end());
  wanted.offered.insert(wanted.offered.end(), s.persons.begin(), s.persons.end());
  wanted.withheld.insert(wanted.withheld.end(), s.withhold_persons.begin(),
                         s.withhold_persons.end());
  if (s.click) wanted.visitors.push_back(s.click->visitor);
  for (auto const& row : s.admissions) {
    wanted.persons.insert(wanted.persons.end(), row.digests.begin(), row.digests.end());
  }
  if (auto named = transaction_of(s.command)) wanted.transactions.push_back(std::move(*named));
  if (auto const* note = std::get_if<NoteConversion>(&s.command)) {
    wanted.clicks.push_back(note->click_no);
  }
  if (auto const once = happens_once(s.command)) {
    auto& of_its_kind = once->what == Once::What::intent      ? wanted.intents
                        : once->what == Once::What::claw_back ? wanted.claw_backs
                                                              : wanted.relists;
    of_its_kind.push_back(once->no);
  }
}

bool needs_look_up(Submission const& s) {
  return s.idempotency || transaction_of(s.command) || !s.persons.empty() ||
         !s.admissions.empty() || !s.withhold_persons.empty() || s.click || happens_once(s.command);
}

/// What is found of one is found once.
template <class T>
void each_once(std::vector<T>& wanted) {
  std::sort(wanted.begin(), wanted.end());
  wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
}

std::string key_id(IdempotencyClaim const& claim) {
  return std::to_string(claim.account_no) + '/' + claim.key;
}

/// Hands a handler that can be called once to code that wants a copyable function; the handler
/// then runs on its own executor.
template <class Value, class Handler>
std::function<void(Value)> once(Handler handler) {
  auto held = std::make_shared<std::optional<Handler>>(std::move(handler));
  auto executor = asio::get_associated_executor(**held);
  return [held, executor](Value value) {
    asio::post(executor, [held, value = std::move(value)]() mutable {
      auto handler_now = std::move(**held);
      held->reset();
      std::move(handler_now)(std::move(value));
    });
  };
}

}  // namespace

Actor::Actor(asio::any_io_executor executor, asio::thread_pool& blocking,
             storage::MarketStore& store, HostOptions const& options, RealTimePace& pace,
             MarketNo market_no, std::string name)
    : strand_(asio::make_strand(executor)),
      blocking_(blocking),
      store_(store),
      options_(options),
      pace_(pace),
      market_no_(market_no),
      name_(std::move(name)),
      timer_(strand_) {}

/// The pace is what the caller waits: it counts the time until a thread is free to go on, too.
asio::awaitable<Result<Answer, SubmitError>> Actor::submit(Submission submission) {
  bool const real_time = submission.lane == Lane::real_time;
  auto const begun = Clock::now();
  auto answer = co_await queued(std::move(submission));
  auto const ended = Clock::now();
  if (real_time) pace_.note(ended, ended - begun);
  co_return answer;
}

asio::awaitable<Result<Answer, SubmitError>> Actor::queued(Submission submission) {
  using Value = Result<Answer, SubmitError>;
  auto initiate = [](auto handler, std::shared_ptr<Actor> self, Submission given) {
    auto item = std::make_shared<Item>();
    item->submission = std::move(given);
    item->done = once<Value>(std::move(handler));
    asio::post(self->strand_, [self, item] { self->enqueue(item); });
  };
  co_return co_await asio::async_initiate<asio::use_awaitable_t<> const, void(Value)>(
      initiate, asio::use_awaitable, shared_from_this(), std::move(submission));
}

asio::awaitable<Result<void, ViewError>> Actor::view(Look look) {
  using Value = Result<void, ViewError>;
  auto initiate = [](auto handler, std::shared_ptr<Actor> self, Look given) {
    auto done = once<Value>(std::move(handler));
    if (self->views_waiting_.fetch_add(1) >= kViewsMax) {
      --self->views_waiting_;
      return done(refuse(ViewError::busy));
    }
    asio::post(self->strand_, [self, done = std::move(done), given = std::move(given)] {
      --self->views_waiting_;
      if (!self->ready()) return done(refuse(ViewError::not_owner));
      auto const settings = self->settings();
      given({self->engine_, *settings, self->committed_no_, self->now_us()});
      done({});
    });
  };
  co_return co_await asio::async_initiate<asio::use_awaitable_t<> const, void(Value)>(
      initiate, asio::use_awaitable, shared_from_this(), std::move(look));
}

std::shared_ptr<MarketSettings const> Actor::settings() const {
  std::lock_guard const lock{published_};
  return in_force_;
}

std::shared_ptr<MarketSettings const> Actor::settings(std::int32_t version) const {
  std::lock_guard const lock{published_};
  auto const found = versions_.find(version);
  return found == versions_.end() ? nullptr : found->second;
}

std::size_t Actor::waiting() const {
  return real_time_.size() + bulk_.size() + for_look_up_.size() + bulk_for_look_up_.size() +
         alone_.size();
}

/// Refusals that need no database come first; then whatever memory does not hold is looked up.
void Actor::enqueue(ItemPtr item) {
  if (state_ == State::idle || state_ == State::loading || state_ == State::stopped) {
    return finish(item, refuse(SubmitError::not_owner));
  }
  bool const outside = static_cast<bool>(item->done);
  if (outside && halted_) return finish(item, refuse(SubmitError::halted));
  if (outside && (state_ != State::running || waiting() >= options_.queue_max)) {
    return finish(item, refuse(SubmitError::busy));
  }
  auto const& submission = item->submission;
  if (submission.idempotency) {
    auto id = key_id(*submission.idempotency);
    if (!keys_in_flight_.insert(id).second) {
      return finish(item, refuse(SubmitError::in_progress));
    }
    item->in_flight_key = std::move(id);
  }
  if (needs_look_up(submission)) {
    (submission.lane == Lane::real_time ? for_look_up_ : bulk_for_look_up_)
        .push_back(std::move(item));
    return start_look_up();
  }
  (submission.lane == Lane::real_time ? real_time_ : bulk_).push_back(std::move(item));
  pump();
}

void Actor::own(Command command, Lane lane) {
  if (own_work_stopped_) return;
  auto item = std::make_shared<Item>();
  item->submission.command = std::move(command);
  item->submission.lane = lane;
  (lane == Lane::real_time ? real_time_ : bulk_).push_back(std::move(item));
}

void Actor::start_look_up() {
  if (looking_up_ || state_ != State::running) return;
  storage::Lookups wanted;
  wanted.first_day = static_cast<std::int32_t>(now_us() / kDayUs) - kIdempotencyDays;
  wanted.clicked_since_us = now_us() - kRepeatedWithinUs;
  std::vector<ItemPtr> items;
  auto const take = [&](std::deque<ItemPtr>& queue, std::size_t items_max) {
    while (!queue.empty() && items.size() < items_max &&
           wanted.persons.size() + wanted.withheld.size() < kLookUpPersonsMax) {
      add_to(wanted, queue.front()->submission);
      items.push_back(std::move(queue.front()));
      queue.pop_front();
    }
  };
  take(for_look_up_, kLookUpItemsMax);
  // Real-time work waits for what goes along with it: one of bulk, so that bulk goes on as well.
  take(bulk_for_look_up_, items.empty() ? kLookUpItemsMax : items.size() + 1);
  if (items.empty()) return;
  auto const rules = duplicate_rules();
  wanted.takes_over = rules.credit == storage::DuplicateCredit::last;
  if (!rules.group.empty()) {
    auto const settings = this->settings();
    wanted.group = rules.group;
    wanted.claimed_since_us = now_us() - settings->dedupe_us;
    each_once(wanted.persons);
    for (auto const& item : items) {
      item->group = rules.group;
      item->held_at = Clock::now();
    }
  }
  each_once(wanted.visitors);
  each_once(wanted.clicks);
  look_up_floor_ = released_seq_;
  looking_up_ = true;
  pipeline_->look_up(std::move(wanted), [self = shared_from_this(), items](auto found) {
    asio::post(self->strand_, [self, items, found = std::move(found)]() mutable {
      self->on_looked_up(items, std::move(found));
    });
  });
}

void Actor::on_looked_up(std::vector<ItemPtr> const& items,
                         std::optional<storage::LookedUp> found) {
  looking_up_ = false;
  if (state_ != State::running && state_ != State::recovering) {
    for (auto const& item : items) finish(item, refuse(SubmitError::not_owner));
    return;
  }
  if (!found) {
    for (auto const& item : items) finish(item, refuse(SubmitError::busy));
    return start_look_up();
  }
  std::unordered_map<std::string, storage::FoundKey const*> keys;
  for (auto const& key : found->keys) {
    keys[std::to_string(key.account_no) + '/' + key.key] = &key;
  }
  FoundPersons const persons{*found};
  std::set<storage::Transaction> const known_transactions(found->transactions.begin(),
                                                          found->transactions.end());
  std::set<Once> open;
  for (auto const no : found->open_intents) open.insert({Once::What::intent, no});
  for (auto const no : found->open_claw_backs) open.insert({Once::What::claw_back, no});
  for (auto const no : found->open_relists) open.insert({Once::What::relist, no});
  for (auto const& item : items) {
    auto const& s = item->submission;
    item->looked_up = true;
    item->looked_up_seq = found->seq;
    if (s.idempotency) {
      auto const known = keys.find(item->in_flight_key);
      if (known != keys.end()) {
        replay(item, *known->second);
        continue;
      }
    }
    item->found = persons.claimed(s);
    item->elsewhere = persons.elsewhere(s);
    item->unsold = persons.unsold(item->found);
    item->withheld = persons.holders(s);
    item->leads = persons.leads(s);
    item->clicks = persons.clicks(s);
    if (auto const named = transaction_of(s.command)) {
      item->transaction_known = known_transactions.contains(*named);
    }
    item->noted.clear();
    if (auto const* note = std::get_if<NoteConversion>(&s.command)) {
      for (auto const& noted : found->noted) {
        if (noted.click_no == note->click_no) item->noted.push_back(noted.event);
      }
    }
    if (auto const once = happens_once(s.command)) item->still_open = open.contains(*once);
    auto& lane = s.lane == Lane::real_time ? real_time_ : bulk_;
    (item->alone ? alone_ : lane).push_back(item);
  }
  start_look_up();
  pump();
}

/// Repeats the first answer from the committed batch that holds it.
void Actor::replay(ItemPtr const& item, storage::FoundKey const& key) {
  if (key.body_hash != item->submission.idempotency->body_hash ||
      key.operation != static_cast<std::int32_t>(item->submission.idempotency->operation)) {
    return finish(item, refuse(SubmitError::key_reused));
  }
  asio::post(blocking_, [self = shared_from_this(), item, key] {
    auto const batches = self->store_.batches(self->market_no_, key.batch_seq, 1, {});
    Result<Answer, SubmitError> result = refuse(SubmitError::busy);
    if (batches && !batches->empty()) {
      auto const body = read_body(batches->front().body);
      if (body && key.n >= 0 && static_cast<std::size_t>(key.n) < body->items.size()) {
        auto const& first = body->items[static_cast<std::size_t>(key.n)];
        result = Answer{.outcome = first.outcome,
                        .replayed = true,
                        .batch_seq = key.batch_seq,
                        .n = key.n,
                        .at_us = first.at_us};
      }
    }
    asio::post(self->strand_, [self, item, result = std::move(result)]() mutable {
      self->finish(item, std::move(result));
    });
  });
}

void Actor::finish(ItemPtr const& item, Result<Answer, SubmitError> result) {
  if (!item->in_flight_key.empty()) keys_in_flight_.erase(item->in_flight_key);
  item->in_flight_key.clear();
  if (item->done) item->done(std::move(result));
  item->done = nullptr;
}

void Actor::on_report(storage::CommitReport report) {
  auto const at = std::find_if(in_flight_.begin(), in_flight_.end(), [&](auto const& batch) {
    return batch.prepared->seq() == report.seq && !batch.reported;
  });
  if (at == in_flight_.end()) return;  // of a batch that recovery has settled
  at->reported = true;
  at->failure = report.failure;
  if (report.failure != storage::CommitFailure::none) {
    log::error("market.commit_failed", "a batch was not committed")
        .field("market", std::int64_t{market_no_})
        .field("seq", report.seq)
        .field("detail", std::string_view{report.detail});
    if (state_ == State::running) state_ = State::recovering;
  }
  if (state_ != State::recovering) {
    while (!in_flight_.empty() && in_flight_.front().reported &&
           in_flight_.front().failure == storage::CommitFailure::none) {
      release(in_flight_.front());
      in_flight_.pop_front();
    }
    if (state_ == State::running) return pump();
    if (in_flight_.empty()) return let_go(SubmitError::not_owner);
  }
  bool const all = std::all_of(in_flight_.begin(), in_flight_.end(),
                               [](auto const& batch) { return batch.reported; });
  bool const failed = std::any_of(in_flight_.begin(), in_flight_.end(), [](auto const& batch) {
    return batch.failure != storage::CommitFailure::none;
  });
  if (all && failed) recover();
}

/// The batch is durable: its answers go out, its listings show.
void Actor::release(InFlight& batch) {
  committed_no_ = batch.command_no;
  if (!batch.new_settings.empty()) {
    std::lock_guard const lock{published_};
    for (auto const& settings : batch.new_settings) {
      versions_[settings->rules.version] = settings;
      in_force_ = settings;
    }
  }
  if (!batch.new_settings.empty()) {
    if (state_ == State::running) ready_ = true;
    for (auto const& waiter : std::exchange(in_force_waiters_, {})) waiter();
  }
  for (auto const& item : batch.items) {
    if (item->duplicate) {
      finish(item, refuse(SubmitError::duplicate));
    } else {
      finish(item, std::move(item->answer));
    }
  }
  released_seq_ = batch.prepared->seq();
  forget_claims();
}

/// Drops the claims that every look-up sees that is in use, under way or still to come.
void Actor::forget_claims() {
  auto oldest = released_seq_;
  if (looking_up_) oldest = std::min(oldest, look_up_floor_);
  for (auto const* queue : {&real_time_, &bulk_, &alone_}) {
    for (auto const& item : *queue) {
      if (item->looked_up) oldest = std::min(oldest, item->looked_up_seq);
    }
  }
  claims_.forget_up_to(oldest);
  clicks_.forget_up_to(oldest);
  notes_.forget_up_to(oldest);
}

/// While the database stands still no batch is built, which is where deadlines are looked at: who
/// has waited past its own hears so here. Nothing of it was applied.
void Actor::refuse_overdue() {
  auto const now = Clock::now();
  for (auto* const queue : {&real_time_, &bulk_, &alone_, &for_look_up_, &bulk_for_look_up_}) {
    auto const overdue = [now](ItemPtr const& item) {
      return item->done && now > item->submission.deadline;
    };
    auto const late = std::stable_partition(queue->begin(), queue->end(), std::not_fn(overdue));
    std::vector<ItemPtr> const items(late, queue->end());
    queue->erase(late, queue->end());
    for (auto const& item : items) finish(item, refuse(SubmitError::deadline_passed));
  }
}

void Actor::arm_timer() {
  timer_.expires_after(kTimerPeriod);
  timer_.async_wait([self = shared_from_this()](boost::system::error_code error) {
    if (!error) self->on_timer();
  });
}

void Actor::on_timer() {
  if (state_ == State::stopped || state_ == State::idle) return;
  refuse_overdue();
  if (state_ == State::running && !tick_waiting_ && !halted_) {
    auto const due = engine_.next_due_us();
    if (due && *due <= now_us()) {
      tick_waiting_ = true;
      own(Tick{}, Lane::bulk);
      pump();
    }
  }
  flush_ahead();
  arm_timer();
}

}  // namespace leadex::market
