#include "server/jobs/job_loop.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <stdexcept>
#include <thread>

namespace leadex::jobs {
namespace {

using namespace std::chrono_literals;

boost::asio::awaitable<void> count(std::atomic<int>& runs) {
  ++runs;
  co_return;
}

boost::asio::awaitable<void> fail(std::atomic<int>& runs) {
  ++runs;
  throw std::runtime_error("on purpose");
  co_return;
}

bool reaches(std::atomic<int> const& runs, int wanted) {
  for (int i = 0; i < 500 && runs < wanted; ++i) std::this_thread::sleep_for(10ms);
  return runs >= wanted;
}

TEST(JobLoop, RunsEachJobByItsOwnClock) {
  std::atomic<int> often{0};
  std::atomic<int> seldom{0};
  JobLoop loop({{"often", 10ms, [&] { return count(often); }},
                {"seldom", 1h, [&] { return count(seldom); }}});
  loop.start();
  EXPECT_TRUE(reaches(often, 5));
  loop.stop();
  EXPECT_EQ(seldom, 1) << "once at the start";
}

TEST(JobLoop, TriesAJobAgainThatThrew) {
  std::atomic<int> runs{0};
  JobLoop loop({{"fails", 5ms, [&] { return fail(runs); }}});
  loop.start();
  EXPECT_TRUE(reaches(runs, 3));
}

TEST(JobLoop, StopsWithoutWaitingForTheClock) {
  std::atomic<int> runs{0};
  JobLoop loop({{"seldom", 1h, [&] { return count(runs); }}});
  loop.start();
  EXPECT_TRUE(reaches(runs, 1));
  auto stopped = std::async(std::launch::async, [&] { loop.stop(); });
  EXPECT_EQ(stopped.wait_for(5s), std::future_status::ready);
  auto const before = runs.load();
  std::this_thread::sleep_for(20ms);
  EXPECT_EQ(runs, before);
}

TEST(JobLoop, StopsThoughItNeverStarted) {
  std::atomic<int> runs{0};
  JobLoop loop({{"never", 1ms, [&] { return count(runs); }}});
  loop.stop();
  loop.stop();
}

}  // namespace
}  // namespace leadex::jobs
