#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <condition_variable>
#include <thread>

#include "server/market/actor.hpp"
#include "server/observe/log.hpp"

namespace leadex::market {

namespace asio = boost::asio;

namespace {

constexpr std::size_t kBlockingThreads = 4;

/// Runs `job` once for each of many and `done` after the last.
class Countdown {
 public:
  Countdown(std::size_t count, std::function<void()> done) : left_(count), done_(std::move(done)) {}
  void arrive() {
    if (left_.fetch_sub(1) == 1) done_();
  }

 private:
  std::atomic<std::size_t> left_;
  std::function<void()> done_;
};

class Host final : public MarketHost {
 public:
  explicit Host(HostOptions options)
      : options_(std::move(options)),
        store_(storage::make_market_store(options_.database)),
        pace_(options_.real_time_p99_max),
        blocking_(kBlockingThreads),
        guard_(asio::make_work_guard(context_)) {}

  ~Host() override {
    stop();
    guard_.reset();
    context_.stop();
    for (auto& thread : threads_) thread.join();
    blocking_.join();
  }

  void start() override {
    for (std::size_t i = 0; i < std::max<std::size_t>(1, options_.threads); ++i) {
      threads_.emplace_back([this] { context_.run(); });
    }
    round();
    beating_ = std::thread{[this] { beat(); }};
  }

  void stop() override {
    {
      std::lock_guard const lock{mutex_};
      if (stopping_) return;
      stopping_ = true;
    }
    wake_.notify_all();
    if (beating_.joinable()) beating_.join();
    auto const actors = snapshot();
    if (actors.empty()) return;
    wait_for(actors, [](Actor& actor, std::function<void()> done) { actor.stop(std::move(done)); });
    for (auto const& actor : actors) {
      store_->give_up(actor->market_no(), options_.process_name);
    }
  }

  std::shared_ptr<MarketActor> find(MarketNo market) const override {
    std::lock_guard const lock{mutex_};
    auto const found = actors_.find(market);
    return found == actors_.end() ? nullptr : found->second;
  }
  std::shared_ptr<MarketActor> find(std::string_view name) const override {
    std::lock_guard const lock{mutex_};
    for (auto const& [no, actor] : actors_) {
      if (actor->name() == name) return actor;
    }
    return nullptr;
  }
  std::vector<std::shared_ptr<MarketActor>> all() const override {
    std::vector<std::shared_ptr<MarketActor>> everyone;
    for (auto const& actor : snapshot()) everyone.push_back(actor);
    return everyone;
  }

  asio::awaitable<void> refresh() override {
    auto initiate = [this](auto handler) {
      auto executor = asio::get_associated_executor(handler);
      auto held = std::make_shared<decltype(handler)>(std::move(handler));
      asio::post(blocking_, [this, held, executor] {
        round();
        asio::post(executor, [held] { std::move (*held)(); });
      });
    };
    co_await asio::async_initiate<asio::use_awaitable_t<> const, void()>(initiate,
                                                                         asio::use_awaitable);
  }

 private:
  using ActorPtr = std::shared_ptr<Actor>;

  std::vector<ActorPtr> snapshot() const {
    std::lock_guard const lock{mutex_};
    std::vector<ActorPtr> all;
    for (auto const& [no, actor] : actors_) all.push_back(actor);
    return all;
  }

  template <class Job>
  void wait_for(std::vector<ActorPtr> const& actors, Job job) {
    if (actors.empty()) return;
    std::mutex mutex;
    std::condition_variable all_done;
    bool done = false;
    auto countdown = std::make_shared<Countdown>(actors.size(), [&] {
      std::lock_guard const lock{mutex};
      done = true;
      all_done.notify_all();
    });
    for (auto const& actor : actors) {
      auto once = std::make_shared<std::atomic<bool>>(false);
      job(*actor, [countdown, once] {
        if (!once->exchange(true)) countdown->arrive();
      });
    }
    std::unique_lock lock{mutex};
    all_done.wait(lock, [&] { return done; });
  }

  /// Meets new markets, tries for those nobody holds, brings new settings into force.
  void round() {
    std::lock_guard const one_at_a_time{round_mutex_};
    auto const markets = store_->markets();
    if (!markets) return;
    std::vector<ActorPtr> idle;
    std::vector<std::pair<std::int64_t, std::string>> abandoned;
    {
      std::lock_guard const lock{mutex_};
      if (stopping_) return;
      for (auto const& row : *markets) {
        auto const no = static_cast<MarketNo>(row.market_id);
        auto& actor = actors_[no];
        if (!actor) {
          actor = std::make_shared<Actor>(context_.get_executor(), blocking_, *store_, options_,
                                          pace_, no, row.name);
        }
        actor->set_halted(row.status == "halted");
        bool const left = actor->epoch() == 0 && options_.has_ended && !row.owner.empty() &&
                          options_.has_ended(row.owner);
        if (left) abandoned.emplace_back(row.market_id, row.owner);
        if (actor->epoch() == 0) idle.push_back(actor);
      }
    }
    for (auto const& [market, owner] : abandoned) store_->give_up(market, owner);
    wait_for(idle, [](Actor& actor, auto done) { actor.acquire(std::move(done)); });
    auto const everyone = snapshot();
    wait_for(everyone, [](Actor& actor, auto done) { actor.refresh(std::move(done)); });
  }

  void beat() {
    for (;;) {
      {
        std::unique_lock lock{mutex_};
        if (wake_.wait_for(lock, options_.beat, [&] { return stopping_; })) return;
      }
      std::vector<std::int64_t> owned;
      for (auto const& actor : snapshot()) {
        if (actor->epoch() != 0) owned.push_back(actor->market_no());
      }
      if (!owned.empty()) {
        if (auto const lost = store_->beat(owned, options_.process_name)) {
          for (auto const no : *lost) {
            log::warn("market.lease_lost", "another process owns the market").field("market", no);
            std::lock_guard const lock{mutex_};
            actors_.at(static_cast<MarketNo>(no))->lease_lost();
          }
        }
      }
      round();
    }
  }

  HostOptions const options_;
  std::unique_ptr<storage::MarketStore> store_;
  RealTimePace pace_;
  asio::io_context context_;
  asio::thread_pool blocking_;
  asio::executor_work_guard<asio::io_context::executor_type> guard_;
  std::vector<std::thread> threads_;
  std::thread beating_;
  std::mutex round_mutex_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_{};
  std::map<MarketNo, ActorPtr> actors_;
};

}  // namespace

std::unique_ptr<MarketHost> make_market_host(HostOptions options) {
  return std::make_unique<Host>(std::move(options));
}

}  // namespace leadex::market
