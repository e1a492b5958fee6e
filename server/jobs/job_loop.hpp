#pragma once
// JobLoop: runs named jobs again and again, each by its own clock, on one thread of its own. A job
// that is late is not run twice; one that throws is logged and tried again at its next turn.
// start and stop from any one thread; run_now from any executor.

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace leadex::jobs {

struct Job {
  std::string name;  // snake_case
  std::chrono::milliseconds every{1000};
  std::function<boost::asio::awaitable<void>()> run;  // its captures outlive the loop
};

class JobLoop {
 public:
  explicit JobLoop(std::vector<Job> jobs);
  ~JobLoop();  ///< stop()
  JobLoop(JobLoop const&) = delete;
  JobLoop& operator=(JobLoop const&) = delete;

  /// Each job runs at once, then by its clock.
  void start();
  /// No job begins any more; returns when those that run have ended. What they wait for (database,
  /// markets) must still answer. Twice is fine; not on the loop's thread.
  void stop();

 private:
  struct Turn;
  boost::asio::awaitable<void> loop(std::shared_ptr<Turn> turn);

  boost::asio::thread_pool thread_{1};
  std::vector<std::shared_ptr<Turn>> turns_;
  bool started_{};
  bool stopping_{};  // belongs to the loop's thread
};

}  // namespace leadex::jobs
