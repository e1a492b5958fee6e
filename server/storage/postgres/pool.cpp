#include "server/storage/postgres/pool.hpp"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <future>

#include "billing/values/check.hpp"

namespace leadex::storage::postgres {

namespace asio = boost::asio;

Pool::Pool(PoolOptions options) : options_(std::move(options)) {
  LEADEX_CHECK(options_.threads > 0 && options_.wait_max.count() > 0);
  for (std::size_t i = 0; i < options_.threads; ++i) {
    threads_.emplace_back([this] {
      Session session(options_.session);
      work(session);
    });
  }
  threads_.emplace_back([this] { watch(); });
}

Pool::~Pool() { stop(); }

asio::awaitable<Result<void, StoreError>> Pool::run_job(Job job) {
  auto initiate = [this](auto handler, Job wanted) {
    // Handlers move only; the queue's function type copies, so they share one.
    auto shared = std::make_shared<decltype(handler)>(std::move(handler));
    auto executor = asio::prefer(asio::get_associated_executor(*shared),
                                 asio::execution::outstanding_work.tracked);
    submit(std::move(wanted),
           [shared = std::move(shared), executor](std::exception_ptr thrown, Outcome outcome) {
             asio::post(executor, [shared, thrown, outcome]() mutable {
               std::move (*shared)(thrown, outcome);
             });
           });
  };
  co_return co_await asio::async_initiate<asio::use_awaitable_t<> const,
                                          void(std::exception_ptr, Outcome)>(
      std::move(initiate), asio::use_awaitable, std::move(job));
}

Result<void, StoreError> Pool::run_job_now(Job job) {
  auto promise = std::make_shared<std::promise<Outcome>>();
  auto future = promise->get_future();
  submit(std::move(job), [promise](std::exception_ptr thrown, Outcome outcome) {
    if (thrown) {
      promise->set_exception(thrown);
    } else {
      promise->set_value(outcome);
    }
  });
  return future.get();
}

void Pool::stop() {
  {
    std::lock_guard const lock(guard_);
    stopping_ = true;
  }
  changed_.notify_all();
  stop_.notify_all();
  for (auto& thread : threads_) {
    if (thread.joinable()) thread.join();
  }
}

void Pool::submit(Job job, Done done) {
  std::optional<StoreError> refusal;
  {
    std::lock_guard const lock(guard_);
    if (stopping_) {
      refusal = StoreError::unavailable;
    } else if (queue_.size() >= options_.queue_max) {
      refusal = StoreError::retry_later;
    } else {
      queue_.push_back({std::move(job), std::move(done), Clock::now()});
    }
  }
  if (refusal) {
    done(nullptr, refuse(*refusal));  // NOLINT(bugprone-use-after-move): not moved where refused
  } else {
    changed_.notify_one();
  }
}

void Pool::watch() {
  std::unique_lock lock(guard_);
  while (!stopping_) {
    // The oldest stands in front. One that comes while the queue is empty is due no earlier.
    auto const now = Clock::now();
    std::deque<Task> late;
    while (!queue_.empty() && now - queue_.front().queued_at >= options_.wait_max) {
      late.push_back(std::move(queue_.front()));
      queue_.pop_front();
    }
    if (!late.empty()) {
      lock.unlock();
      for (auto& task : late) {
        task.job = nullptr;
        task.done(nullptr, refuse(StoreError::retry_later));
      }
      late.clear();
      lock.lock();
      continue;
    }
    auto const from = queue_.empty() ? now : queue_.front().queued_at;
    stop_.wait_until(lock, from + options_.wait_max, [this] { return stopping_; });
  }
}

void Pool::work(Session& session) {
  for (;;) {
    Task task;
    {
      std::unique_lock lock(guard_);
      changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
      if (queue_.empty()) return;
      task = std::move(queue_.front());
      queue_.pop_front();
    }
    std::exception_ptr thrown;
    Outcome outcome = refuse(StoreError::unavailable);
    try {
      outcome = session.run(task.job);
    } catch (...) {
      thrown = std::current_exception();
    }
    task.job = nullptr;  // what it captured goes before the answer, not with the next job
    task.done(thrown, outcome);
  }
}

}  // namespace leadex::storage::postgres
