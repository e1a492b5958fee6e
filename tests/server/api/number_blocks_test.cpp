// P, numbers of rows handed out from blocks: many callers at once get each number once, and a block
// is fetched about once for all of them.

#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/use_future.hpp>
#include <chrono>
#include <future>
#include <set>

#include "server/api/v1/number_blocks.hpp"

namespace leadex::api {
namespace {

namespace asio = boost::asio;
using storage::NumberKind;
using storage::StoreError;

constexpr MarketNo kMarket{3};
constexpr std::int64_t kBlock = 100;

/// A sequence in memory that takes its time, as a database does.
class SlowRanges final : public storage::NumberRanges {
 public:
  Result<std::int64_t, StoreError> next(MarketNo market, NumberKind kind) override {
    return reserve(market, kind, 1);
  }
  Result<std::int64_t, StoreError> reserve(MarketNo /*market*/, NumberKind /*kind*/,
                                           std::int64_t count) override {
    if (down) return refuse(StoreError::unavailable);
    ++fetches;
    return next_.fetch_add(count);
  }
  asio::awaitable<Result<std::int64_t, StoreError>> reserve_later(MarketNo market, NumberKind kind,
                                                                  std::int64_t count) override {
    asio::steady_timer wait{co_await asio::this_coro::executor};
    wait.expires_after(std::chrono::milliseconds{2});
    co_await wait.async_wait(asio::use_awaitable);
    co_return reserve(market, kind, count);
  }

  std::atomic<std::int64_t> fetches{};
  std::atomic<bool> down{};

 private:
  std::atomic<std::int64_t> next_{1};
};

class NumberBlocksTest : public testing::Test {
 protected:
  std::future<std::vector<std::int64_t>> callers(int calls) {
    return asio::co_spawn(
        threads_,
        [this, calls]() -> asio::awaitable<std::vector<std::int64_t>> {
          std::vector<std::int64_t> numbers;
          for (int i = 0; i < calls; ++i) {
            auto const number = co_await blocks_.next(kMarket);
            numbers.push_back(number ? *number : 0);
          }
          co_return numbers;
        },
        asio::use_future);
  }

  asio::thread_pool threads_{4};
  SlowRanges ranges_;
  NumberBlocks blocks_{ranges_, NumberKind::lead, kBlock};
};

TEST_F(NumberBlocksTest, GiveEachNumberOnceToManyAtATime) {
  constexpr int kCallers = 32;
  constexpr int kCalls = 500;
  std::vector<std::future<std::vector<std::int64_t>>> running;
  for (int i = 0; i < kCallers; ++i) running.push_back(callers(kCalls));
  std::set<std::int64_t> seen;
  for (auto& caller : running) {
    for (auto const number : caller.get()) {
      EXPECT_GT(number, 0);
      EXPECT_TRUE(seen.insert(number).second) << number << " was given twice";
    }
  }
  EXPECT_EQ(seen.size(), kCallers * kCalls);
  // However many wait at the end of a block, one fetches; the last is fetched ahead.
  EXPECT_LE(ranges_.fetches, kCallers * kCalls / kBlock + 1);
}

TEST_F(NumberBlocksTest, FetchEachBlockOnceWhereNobodyHasToWaitForIt) {
  auto const numbers = callers(10 * kBlock).get();
  EXPECT_EQ(std::set<std::int64_t>(numbers.begin(), numbers.end()).size(), 10 * kBlock);
  // Ten were used; the next has been fetched ahead.
  EXPECT_LE(ranges_.fetches, 11);
}

TEST_F(NumberBlocksTest, GoOnWithWhatIsLeftWhileTheDatabaseIsAway) {
  EXPECT_EQ(callers(1).get(), std::vector<std::int64_t>{1});
  ranges_.down = true;
  for (std::int64_t i = 2; i <= kBlock; ++i) {
    EXPECT_EQ(callers(1).get(), std::vector<std::int64_t>{i});
  }
  EXPECT_EQ(callers(1).get(), std::vector<std::int64_t>{0}) << "nothing is left to give";
  std::vector<std::future<std::vector<std::int64_t>>> waiting;
  for (int i = 0; i < 8; ++i) waiting.push_back(callers(1));
  for (auto& caller : waiting) EXPECT_EQ(caller.get(), std::vector<std::int64_t>{0});
  ranges_.down = false;
  EXPECT_EQ(callers(1).get(), std::vector<std::int64_t>{kBlock + 1});
}

}  // namespace
}  // namespace leadex::api
