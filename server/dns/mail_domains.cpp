#include "server/dns/mail_domains.hpp"

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <deque>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "server/dns/questions.hpp"
#include "server/dns/verdict_cache.hpp"
#include "server/observe/log.hpp"

namespace leadex::dns {
namespace {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;

/// One call of ask(). Shared by the caller and by the domains it waits for; whichever ends last
/// lets go of it, so it holds nothing of the caller's executor.
struct Waiter {
  std::mutex guard;
  std::size_t open = 0;  // domains without a verdict
  std::vector<MailVerdict> verdicts;
  bool woken = false;
  asio::steady_timer* timer = nullptr;  // on the caller's strand; null once it waits no longer
};
using WaiterPtr = std::shared_ptr<Waiter>;

/// What the caller waits on; in its coroutine's frame.
class Wait {
 public:
  Wait(asio::any_io_executor const& executor, WaiterPtr waiter)
      : timer_(executor), waiter_(std::move(waiter)) {
    waiter_->timer = &timer_;
  }
  ~Wait() {
    std::lock_guard const lock(waiter_->guard);
    waiter_->timer = nullptr;
  }
  Wait(Wait const&) = delete;
  Wait& operator=(Wait const&) = delete;

  [[nodiscard]] asio::steady_timer& timer() { return timer_; }
  [[nodiscard]] bool over() const {
    std::lock_guard const lock(waiter_->guard);
    return waiter_->woken || waiter_->open == 0;
  }
  [[nodiscard]] std::vector<MailVerdict> verdicts() const {
    std::lock_guard const lock(waiter_->guard);
    return waiter_->verdicts;
  }

 private:
  asio::steady_timer timer_;
  WaiterPtr waiter_;
};

void give(WaiterPtr const& waiter, std::size_t place, MailVerdict verdict) {
  std::lock_guard const lock(waiter->guard);
  if (waiter->timer == nullptr) return;
  waiter->verdicts[place] = verdict;
  if (--waiter->open > 0) return;
  waiter->woken = true;
  // Under the lock: the caller is still there, and so is its executor.
  asio::post(waiter->timer->get_executor(), [waiter] {
    std::lock_guard const again(waiter->guard);
    if (waiter->timer != nullptr) waiter->timer->cancel();
  });
}

/// A domain whose questions are on their way or wait for their turn.
struct Domain {
  std::vector<std::pair<WaiterPtr, std::size_t>> callers;
};

std::chrono::seconds at_most(std::uint32_t ttl_s, std::chrono::seconds most) {
  return std::min(std::chrono::seconds{ttl_s}, most);
}

class AskedDomains final : public MailDomains {
 public:
  explicit AskedDomains(MailDomainOptions options)
      : options_(std::move(options)),
        cache_(options_.cached_max),
        questions_({options_.servers, options_.try_timeout, options_.tries}) {}

  asio::awaitable<std::vector<MailVerdict>> ask(std::vector<std::string> domains,
                                                std::chrono::milliseconds wait) override {
    auto const strand = asio::make_strand(co_await asio::this_coro::executor);
    co_return co_await asio::co_spawn(strand, ask_on(strand, std::move(domains), wait),
                                      asio::use_awaitable);
  }

  ~AskedDomains() override { end(); }
  void stop() override { end(); }

  MailDomainCounts counts() const override {
    std::lock_guard const lock(guard_);
    return counts_;
  }

 private:
  void end() {
    {
      std::lock_guard const lock(guard_);
      resting_until_ = Clock::time_point::max();
    }
    questions_.stop();
    std::unordered_map<std::string, Domain> left;
    {
      std::lock_guard const lock(guard_);
      left.swap(asked_);
      waiting_.clear();
    }
    for (auto const& [name, domain] : left) {
      for (auto const& [waiter, place] : domain.callers) give(waiter, place, MailVerdict::unknown);
    }
  }

  asio::awaitable<std::vector<MailVerdict>> ask_on(asio::any_io_executor strand,
                                                   std::vector<std::string> domains,
                                                   std::chrono::milliseconds most) {
    auto const waiter = std::make_shared<Waiter>();
    Wait wait{strand, waiter};
    auto const until = Clock::now() + most;
    waiter->verdicts.assign(domains.size(), MailVerdict::unknown);
    if (begin(waiter, std::move(domains))) questions_.post([this] { ask_waiting(); });
    while (!wait.over() && Clock::now() < until) {
      wait.timer().expires_at(until);
      co_await wait.timer().async_wait(asio::as_tuple(asio::use_awaitable));
    }
    co_return wait.verdicts();
  }

  /// Takes from the cache what is there and puts the rest in the queue. True when that has grown.
  bool begin(WaiterPtr const& waiter, std::vector<std::string> domains) {
    auto const now = Clock::now();
    bool grown = false;
    std::lock_guard const lock(guard_);
    std::lock_guard const own(waiter->guard);
    counts_.domains += domains.size();
    for (std::size_t i = 0; i < domains.size(); ++i) {
      if (auto const kept = cache_.find(domains[i], now)) {
        waiter->verdicts[i] = *kept;
        ++counts_.from_cache;
        continue;
      }
      auto const asked = asked_.find(domains[i]);
      if (asked == asked_.end() &&
          (now < resting_until_ || waiting_.size() >= options_.waiting_max)) {
        ++counts_.turned_away;
        continue;
      }
      ++waiter->open;
      if (asked != asked_.end()) {
        asked->second.callers.emplace_back(waiter, i);
        continue;
      }
      asked_[domains[i]].callers.emplace_back(waiter, i);
      waiting_.push_back(std::move(domains[i]));
      grown = true;
    }
    return grown;
  }

  // From here on: on the thread of the questions.

  void ask_waiting() {
    // A question that cannot even be sent is replied to at once, from within.
    if (std::exchange(asking_, true)) return;
    while (ask_next()) {
    }
    asking_ = false;
  }

  /// False when none waits, or enough are on their way.
  bool ask_next() {
    std::string domain;
    bool resting = false;
    {
      std::lock_guard const lock(guard_);
      if (waiting_.empty() || on_their_way_ >= options_.asked_max) return false;
      domain = std::move(waiting_.front());
      waiting_.pop_front();
      ++on_their_way_;
      resting = Clock::now() < resting_until_;
      if (resting) ++counts_.turned_away;
    }
    if (resting) {
      finish(domain, MailVerdict::unknown, std::chrono::seconds{0});
    } else {
      put_question(domain, RecordType::mx, options_.bad_ttl_max);
    }
    return true;
  }

  /// @param bad_ttl  how long what was said before this question holds.
  void put_question(std::string const& domain, RecordType type, std::chrono::seconds bad_ttl) {
    {
      std::lock_guard const lock(guard_);
      ++counts_.questions;
    }
    questions_.ask(domain, type, [this, domain, type, bad_ttl](Reply const& reply) {
      on_reply(domain, type, bad_ttl, reply);
      ask_waiting();
    });
  }

  void on_reply(std::string const& domain, RecordType type, std::chrono::seconds bad_ttl,
                Reply const& reply) {
    note(reply.kind);
    if (reply.kind == ReplyKind::failed || reply.kind == ReplyKind::silent) {
      return finish(domain, MailVerdict::unknown, options_.unknown_ttl);
    }
    auto const& answer = reply.answer;
    if (answer.records > 0) {
      bool const refused = type == RecordType::mx && answer.null_mx == answer.records;
      auto const most = refused ? options_.bad_ttl_max : options_.good_ttl_max;
      // An address counts only as long as there is no MX.
      auto const ttl = type == RecordType::mx ? at_most(answer.ttl_s, most)
                                              : std::min(at_most(answer.ttl_s, most), bad_ttl);
      return finish(domain, refused ? MailVerdict::refuses : MailVerdict::accepts, ttl);
    }
    // Without its SOA "there is none" holds for this one time (RFC 2308, 5).
    bad_ttl = std::min(bad_ttl, at_most(answer.negative_ttl_s.value_or(0), bad_ttl));
    if (reply.kind == ReplyKind::no_name || type == RecordType::aaaa) {
      return finish(domain, MailVerdict::refuses, bad_ttl);
    }
    put_question(domain, type == RecordType::mx ? RecordType::a : RecordType::aaaa, bad_ttl);
  }

  /// Servers that say nothing to anybody are left alone for a while, or every chunk of an upload
  /// would wait for them.
  void note(ReplyKind kind) {
    std::lock_guard const lock(guard_);
    if (kind == ReplyKind::failed || kind == ReplyKind::silent) ++counts_.failed;
    if (kind != ReplyKind::silent) {
      silences_ = 0;
      return;
    }
    if (++silences_ < options_.silences_max) return;
    silences_ = 0;
    resting_until_ = std::max(resting_until_, Clock::now() + options_.rest);
    log::warn("dns.silent", "no name server answers; e-mail domains go unchecked for a while")
        .field("rest_s", static_cast<std::int64_t>(options_.rest.count()));
  }

  void finish(std::string const& domain, MailVerdict verdict, std::chrono::seconds ttl) {
    Domain done;
    {
      std::lock_guard const lock(guard_);
      --on_their_way_;
      if (auto asked = asked_.extract(domain)) done = std::move(asked.mapped());
      if (ttl.count() > 0) cache_.put(domain, verdict, Clock::now() + ttl);
    }
    for (auto const& [waiter, place] : done.callers) give(waiter, place, verdict);
  }

  MailDomainOptions const options_;
  mutable std::mutex guard_;  // of all up to silences_; taken before a waiter's
  VerdictCache cache_;
  std::unordered_map<std::string, Domain> asked_;  // waiting or on their way
  std::deque<std::string> waiting_;
  std::size_t on_their_way_ = 0;
  MailDomainCounts counts_;
  Clock::time_point resting_until_;
  int silences_ = 0;
  bool asking_ = false;  // of the thread of the questions
  Questions questions_;  // last: its thread ends before the rest
};

}  // namespace

std::unique_ptr<MailDomains> make_mail_domains(MailDomainOptions options) {
  return std::make_unique<AskedDomains>(std::move(options));
}

}  // namespace leadex::dns
