#include "server/jobs/job_loop.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "server/observe/log.hpp"

namespace leadex::jobs {

namespace asio = boost::asio;

struct JobLoop::Turn {
  Turn(asio::any_io_executor executor, Job given) : job(std::move(given)), timer(executor) {}
  Job job;
  asio::steady_timer timer;
};

JobLoop::JobLoop(std::vector<Job> jobs) {
  for (auto& job : jobs) {
    turns_.push_back(std::make_shared<Turn>(thread_.get_executor(), std::move(job)));
  }
}

JobLoop::~JobLoop() { stop(); }

void JobLoop::start() {
  if (started_) return;
  started_ = true;
  for (auto const& turn : turns_) {
    asio::co_spawn(thread_, loop(turn), [](std::exception_ptr thrown) {
      if (thrown) log::error("jobs.ended", "the loop of a job ended by an exception");
    });
  }
}

void JobLoop::stop() {
  if (started_) {
    asio::post(thread_, [this] {
      stopping_ = true;
      for (auto const& turn : turns_) turn->timer.cancel();
    });
  }
  thread_.join();
}

asio::awaitable<void> JobLoop::loop(std::shared_ptr<Turn> turn) {
  constexpr auto token = asio::as_tuple(asio::use_awaitable);
  while (!stopping_) {
    auto const began = std::chrono::steady_clock::now();
    try {
      co_await turn->job.run();
    } catch (std::exception const&) {
      log::error("jobs.failed", "a job threw; it is tried again at its next turn")
          .field("job", turn->job.name);
    }
    if (stopping_) break;
    turn->timer.expires_at(std::max(
        began + turn->job.every, std::chrono::steady_clock::now() + std::chrono::milliseconds{1}));
    auto const [error] = co_await turn->timer.async_wait(token);
    if (error) break;
  }
}

}  // namespace leadex::jobs
