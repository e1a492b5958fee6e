#pragma once
// Pool: a fixed number of threads, each with a connection of its own, and a bounded queue of jobs
// in front of them. The only way from coroutines to the database outside the markets' pipelines.
// Any thread. Stop it before the executors of its callers end.

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <pqxx/transaction>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "billing/values/result.hpp"
#include "server/storage/postgres/session.hpp"
#include "server/storage/store_error.hpp"

namespace leadex::storage::postgres {

struct PoolOptions {
  SessionOptions session;
  std::size_t threads = 4;
  std::size_t queue_max = 256;  ///< jobs waiting; one more is refused with retry_later
  /// A job that has waited so long without being begun is refused with retry_later: when the
  /// database stands still, those who wait for their turn are told so.
  std::chrono::milliseconds wait_max{5'000};
};

class Pool {
 public:
  using Job = Session::Job;

  explicit Pool(PoolOptions options);
  ~Pool();
  Pool(Pool const&) = delete;
  Pool& operator=(Pool const&) = delete;

  /// Runs `job` (copyable, `T(pqxx::work&)`, T not void) as one transaction and comes back on the
  /// caller's executor. It may run again after a collision: it captures by value and uses nothing
  /// up. @errors as Session::run, retry_later when the queue is full or did not move, unavailable
  /// after stop
  template <class F>
  [[nodiscard]] boost::asio::awaitable<
      Result<std::decay_t<std::invoke_result_t<F&, pqxx::work&>>, StoreError>>
  run(F job) {
    using T = std::decay_t<std::invoke_result_t<F&, pqxx::work&>>;
    auto outcome = std::make_shared<std::optional<T>>();
    Job erased = [outcome, job = std::move(job)](pqxx::work& tx) mutable {
      outcome->emplace(job(tx));
      return true;
    };
    Result<void, StoreError> done = co_await run_job(std::move(erased));
    if (!done) co_return refuse(done.error());
    co_return std::move(**outcome);
  }

  /// The same, blocking: for start-up and tools, never on a strand and never inside a job.
  template <class F>
  [[nodiscard]] Result<std::decay_t<std::invoke_result_t<F&, pqxx::work&>>, StoreError> run_now(
      F job) {
    using T = std::decay_t<std::invoke_result_t<F&, pqxx::work&>>;
    std::optional<T> outcome;
    auto const done = run_job_now([&outcome, &job](pqxx::work& tx) {
      outcome.emplace(job(tx));
      return true;
    });
    if (!done) return refuse(done.error());
    return std::move(*outcome);
  }

  /// As run, for a job that decides itself whether to commit.
  [[nodiscard]] boost::asio::awaitable<Result<void, StoreError>> run_job(Job job);
  [[nodiscard]] Result<void, StoreError> run_job_now(Job job);

  /// Finishes what is queued, refuses what comes, joins the threads. Twice is fine.
  void stop();

 private:
  using Clock = std::chrono::steady_clock;
  using Outcome = Result<void, StoreError>;
  using Done = std::function<void(std::exception_ptr, Outcome)>;
  struct Task {
    Job job;
    Done done;
    Clock::time_point queued_at;
  };

  /// Queues, or calls `done` at once when that is refused.
  void submit(Job job, Done done);
  void work(Session& session);
  /// Refuses those that have waited too long.
  void watch();

  PoolOptions options_;
  std::mutex guard_;
  std::condition_variable changed_;
  std::deque<Task> queue_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;  ///< the workers, then the one that watches
  std::condition_variable stop_;      ///< told with changed_, heard by the watcher
};

}  // namespace leadex::storage::postgres
