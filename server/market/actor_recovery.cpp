// Loading a market, finding out what became of a batch, letting go.

#include <malloc.h>

#include <boost/asio/post.hpp>

#include "billing/values/check.hpp"
#include "server/market/actor.hpp"
#include "server/observe/log.hpp"

namespace leadex::market {

namespace asio = boost::asio;

namespace {
constexpr auto kRetry = std::chrono::milliseconds{250};
constexpr int kRetryDoublingsMax = 5;  // up to 8 s
}  // namespace

void Actor::acquire(std::function<void()> done) {
  asio::post(strand_, [self = shared_from_this(), done = std::move(done)] {
    if (self->state_ != State::idle) return done();
    self->state_ = State::loading;
    self->own_work_stopped_ = false;
    asio::post(self->blocking_, [self, done] {
      auto const epoch = self->store_.take_over(self->market_no_, self->options_.process_name,
                                                self->options_.lease.count());
      asio::post(self->strand_, [self, done, epoch] {
        if (!epoch) {
          self->state_ = State::idle;
          return done();
        }
        self->epoch_ = *epoch;
        self->load(done);
      });
    });
  });
}

void Actor::load(std::function<void()> done) {
  asio::post(blocking_, [self = shared_from_this(), done = std::move(done), at = now_us()] {
    auto loaded = std::make_shared<Result<storage::LoadedMarket, storage::MarketStoreError>>(
        self->store_.load(self->market_no_, at));
    asio::post(self->strand_, [self, done, loaded] {
      bool const wanted = self->state_ == State::loading;
      if (!wanted || !*loaded || (*loaded)->head.epoch != self->epoch_) {
        self->let_go(SubmitError::not_owner);
        return done();
      }
      self->adopt(std::move(**loaded));
      done();
      // What was read is larger than what is kept of it: its pages go back to the system.
      asio::post(self->blocking_, [] { malloc_trim(0); });
    });
  });
}

/// Memory becomes what the tables say; versions not applied yet are the first commands.
void Actor::adopt(storage::LoadedMarket loaded) {
  engine_ = Engine{};
  books_ = Books{};
  claims_.clear();
  clicks_.clear();
  notes_.clear();
  applied_once_.clear();
  tick_waiting_ = false;
  log_ahead_.clear();
  log_ahead_bytes_ = 0;
  ahead_due_ = false;
  seq_ = loaded.head.seq;
  hash_ = loaded.head.hash;
  last_at_us_ = loaded.head.last_at_us;
  committed_no_ = 0;
  released_seq_ = seq_;
  std::vector<std::shared_ptr<MarketSettings const>> fresh;
  {
    std::lock_guard const lock{published_};
    for (auto const& stored : loaded.versions) {
      auto read = decode_stored<MarketSettings>(stored.settings);
      LEADEX_CHECK(read.has_value());
      read->rules.version = stored.version;
      auto settings = std::make_shared<MarketSettings const>(std::move(*read));
      versions_[stored.version] = settings;
      duplicate_rules_[stored.version] = stored.duplicates;
      if (stored.version > loaded.applied_version) {
        fresh.push_back(settings);
        continue;
      }
      in_force_ = settings;
      loaded.image.rules.push_back(settings->rules);
    }
    if (in_force_) books_.use(in_force_);
  }
  if (!loaded.last_body.empty()) {
    auto const body = read_body(loaded.last_body);
    LEADEX_CHECK(body.has_value());
    loaded.image.numbers = body->numbers;
  }
  engine_.restore(loaded.image);
  books_.restore(loaded);
  pipeline_ = store_.open_pipeline(
      market_no_, seq_, [weak = weak_from_this()](storage::CommitReport report) {
        if (auto self = weak.lock()) {
          asio::post(self->strand_, [self, report = std::move(report)]() mutable {
            self->on_report(std::move(report));
          });
        }
      });
  state_ = State::running;
  published_epoch_ = epoch_;
  for (auto const& settings : fresh) own(ConfigureMarket{settings->rules}, Lane::real_time);
  for (auto const& campaign : loaded.image.campaigns) {
    if (campaign.latest.terms.buys_listings && campaign.status == CampaignStatus::active) {
      own(SweepListings{campaign.latest.campaign_no}, Lane::bulk);
    }
  }
  log_forgotten();
  ready_ = in_force_ != nullptr;
  log::info("market.loaded", "the market is ready")
      .field("market", std::int64_t{market_no_})
      .field("seq", seq_)
      .field("epoch", epoch_)
      .field("listings", static_cast<std::int64_t>(engine_.listing_count()));
  arm_timer();
  pump();
}

void Actor::refresh(std::function<void()> done) {
  asio::post(strand_, [self = shared_from_this(), done = std::move(done)] {
    if (self->state_ != State::running) return done();
    std::int32_t newest = 0;
    {
      std::lock_guard const lock{self->published_};
      if (!self->versions_.empty()) newest = self->versions_.rbegin()->first;
    }
    asio::post(self->blocking_, [self, done, newest] {
      auto const versions = self->store_.versions_after(self->market_no_, newest);
      asio::post(self->strand_, [self, done, versions] {
        if (!versions || self->state_ != State::running || self->own_work_stopped_) return done();
        for (auto const& stored : *versions) {
          auto read = decode_stored<MarketSettings>(stored.settings);
          LEADEX_CHECK(read.has_value());
          read->rules.version = stored.version;
          auto settings = std::make_shared<MarketSettings const>(std::move(*read));
          self->duplicate_rules_[stored.version] = stored.duplicates;
          {
            std::lock_guard const lock{self->published_};
            if (!self->versions_.try_emplace(stored.version, settings).second) continue;
          }
          self->own(ConfigureMarket{settings->rules}, Lane::real_time);
        }
        auto const in_force = self->settings();
        if (in_force && in_force->rules.version == self->versions_.rbegin()->first) return done();
        self->in_force_waiters_.push_back(done);
        self->pump();
      });
    });
  });
}

/// At least one batch failed and all have reported: what does the head say? A batch that keeps
/// failing (a full disk, a missing right) is sent again at growing distance.
void Actor::recover() {
  auto const seq = in_flight_.front().prepared->seq();
  failed_again_ = seq == failed_seq_ ? failed_again_ + 1 : 0;
  failed_seq_ = seq;
  if (failed_again_ == 0 || state_ == State::stopped) return ask_outcome();
  auto const pause = kRetry * (1 << std::min(failed_again_ - 1, kRetryDoublingsMax));
  auto timer = std::make_shared<asio::steady_timer>(strand_, pause);
  timer->async_wait([self = shared_from_this(), timer](boost::system::error_code) {
    if (self->state_ == State::recovering || self->state_ == State::stopped) self->ask_outcome();
  });
}

void Actor::ask_outcome() {
  asio::post(blocking_, [self = shared_from_this(), epoch = epoch_] {
    auto resolved = self->store_.resolve(self->market_no_, epoch, self->options_.process_name);
    asio::post(self->strand_, [self, epoch, resolved = std::move(resolved)] {
      self->on_resolved(epoch, resolved);
    });
  });
}

void Actor::on_resolved(std::int64_t epoch,
                        Result<storage::Resolved, storage::MarketStoreError> const& resolved) {
  // Meanwhile the market may have been let go, or even come back: the answer is of another time.
  bool const waited_for = state_ == State::recovering || state_ == State::stopped;
  if (!waited_for || epoch != epoch_ || in_flight_.empty()) return;
  if (!resolved) {  // the database does not answer: ask again, answer nothing meanwhile
    auto timer = std::make_shared<asio::steady_timer>(strand_, kRetry);
    timer->async_wait([self = shared_from_this(), timer](boost::system::error_code) {
      if (self->state_ == State::recovering || self->state_ == State::stopped) self->ask_outcome();
    });
    return;
  }
  if (!resolved->owner) return let_go(SubmitError::not_owner);
  epoch_ = resolved->epoch;
  published_epoch_ = epoch_;
  while (!in_flight_.empty() && in_flight_.front().prepared->seq() <= resolved->seq) {
    release(in_flight_.front());
    in_flight_.pop_front();
  }
  bool const refused = std::any_of(in_flight_.begin(), in_flight_.end(), [](auto const& batch) {
    return batch.failure == storage::CommitFailure::refused;
  });
  if (refused && state_ == State::stopped) return let_go(SubmitError::not_owner);
  if (refused) return run_one_by_one();
  pipeline_->reset(resolved->seq);
  if (state_ == State::recovering) state_ = State::running;
  for (auto& batch : in_flight_) {  // the same bytes again, under the new epoch
    batch.reported = false;
    batch.failure = storage::CommitFailure::none;
    pipeline_->submit(batch.prepared, epoch_);
  }
  if (in_flight_.empty() && state_ == State::stopped) return let_go(SubmitError::not_owner);
  start_look_up();
  pump();
}

/// A constraint said no: a bug in memory. Loads afresh and runs the commands one by one; the one
/// that is refused again is the offender.
void Actor::run_one_by_one() {
  std::deque<ItemPtr> again;
  for (auto& batch : in_flight_) {
    auto const followers = std::count_if(batch.items.begin(), batch.items.end(),
                                         [](auto const& item) { return item->follows; });
    bool const offended = std::ssize(batch.items) == followers + 1 && batch.items.front()->alone &&
                          batch.failure == storage::CommitFailure::refused;
    for (auto& item : batch.items) {
      if (offended && !item->follows) {
        log::error("market.quarantined", "a command breaks an invariant of the database")
            .field("market", std::int64_t{market_no_})
            .field("command", static_cast<std::int64_t>(item->submission.command.index()));
        // Of the actor's own it would only come anew, and with it the same refusal.
        if (!item->done) own_work_stopped_ = true;
        finish(item, refuse(SubmitError::internal_invariant));
        continue;
      }
      item->alone = true;
      item->follows = false;
      item->duplicate = false;
      item->answer = Answer{};
      again.push_back(item);
    }
  }
  in_flight_.clear();
  for (auto& item : alone_) again.push_back(std::move(item));
  alone_ = std::move(again);
  // Claims made since a look-up were in memory alone, which is gone: looked up once more, they are
  // found in the tables.
  std::deque<ItemPtr> relook;
  for (auto* queue : {&real_time_, &bulk_, &alone_}) {
    std::erase_if(*queue, [&](ItemPtr const& item) {
      if (!item->looked_up) return false;
      item->looked_up = false;
      item->found.clear();
      item->elsewhere.clear();
      item->unsold.clear();
      item->withheld.clear();
      item->leads.clear();
      item->clicks.clear();
      relook.push_back(item);
      return true;
    });
  }
  for (auto& item : relook) {
    bool const bulk = item->submission.lane == Lane::bulk;
    (bulk ? bulk_for_look_up_ : for_look_up_).push_back(std::move(item));
  }
  pipeline_.reset();
  state_ = State::loading;
  load([self = shared_from_this()] { self->start_look_up(); });
}

void Actor::drop_all(SubmitError error) {
  for (auto& batch : in_flight_) {
    for (auto const& item : batch.items) finish(item, refuse(error));
  }
  in_flight_.clear();
  for (auto* queue : {&real_time_, &bulk_, &alone_, &for_look_up_, &bulk_for_look_up_}) {
    for (auto const& item : *queue) finish(item, refuse(error));
    queue->clear();
  }
}

/// Memory is worthless from here on.
void Actor::let_go(SubmitError error) {
  ready_ = false;
  published_epoch_ = 0;
  drop_all(error);
  for (auto const& waiter : std::exchange(in_force_waiters_, {})) waiter();
  timer_.cancel();
  // The pipeline's threads may be inside the database: they are joined elsewhere.
  if (pipeline_) {
    asio::post(blocking_, [old = std::shared_ptr<storage::CommitPipeline>(
                               std::move(pipeline_))]() mutable { old.reset(); });
  }
  engine_ = Engine{};
  books_ = Books{};
  claims_.clear();
  clicks_.clear();
  notes_.clear();
  log_ahead_.clear();
  log_ahead_bytes_ = 0;
  if (state_ != State::stopped) {
    state_ = State::idle;
    return;
  }
  if (on_stopped_) std::exchange(on_stopped_, nullptr)();
}

void Actor::set_halted(bool halted) {
  asio::post(strand_, [self = shared_from_this(), halted] { self->halted_ = halted; });
}

void Actor::lease_lost() {
  asio::post(strand_, [self = shared_from_this()] {
    if (self->state_ == State::running || self->state_ == State::recovering) {
      self->let_go(SubmitError::not_owner);
    }
  });
}

void Actor::stop(std::function<void()> done) {
  asio::post(strand_, [self = shared_from_this(), done = std::move(done)] {
    bool const idle = self->state_ == State::idle;
    self->state_ = State::stopped;
    self->on_stopped_ = done;
    for (auto* queue : {&self->real_time_, &self->bulk_, &self->alone_, &self->for_look_up_,
                        &self->bulk_for_look_up_}) {
      for (auto const& item : *queue) self->finish(item, refuse(SubmitError::not_owner));
      queue->clear();
    }
    self->ready_ = false;
    if (idle || self->in_flight_.empty()) self->let_go(SubmitError::not_owner);
  });
}

}  // namespace leadex::market
