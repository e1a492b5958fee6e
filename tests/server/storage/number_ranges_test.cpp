#include <gtest/gtest.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_future.hpp>
#include <mutex>
#include <set>
#include <thread>

#include "tests/support/platform_rig.hpp"

namespace leadex::storage::postgres {
namespace {

TEST(NumberRanges, NeverGiveANumberTwiceAcrossThreadsAndProcesses) {
  test::PlatformRig rig;
  PostgresNumberRanges other({.conninfo = rig.files.app()}, rig.pool);  // as a second process
  std::mutex guard;
  std::set<std::int64_t> seen;
  std::vector<std::thread> threads;
  constexpr int kThreads = 8;
  constexpr int kEach = 200;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      auto& ranges = i % 2 == 0 ? rig.numbers : other;
      for (int n = 0; n < kEach; ++n) {
        auto const number = ranges.next(7, NumberKind::lead);
        std::lock_guard const lock(guard);
        EXPECT_TRUE(number && seen.insert(*number).second);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(seen.size(), std::size_t{kThreads} * kEach);
  EXPECT_EQ(*seen.begin(), 1);
}

TEST(NumberRanges, ReserveNumbersInARowPerMarketAndKind) {
  test::PlatformRig rig;
  auto const first = rig.numbers.reserve(3, NumberKind::lead, 1000).value();
  EXPECT_EQ(first, 1);
  EXPECT_EQ(rig.numbers.reserve(3, NumberKind::lead, 5).value(), 1001);
  EXPECT_EQ(rig.numbers.reserve(3, NumberKind::batch, 5).value(), 1);
  EXPECT_EQ(rig.numbers.reserve(4, NumberKind::lead, 5).value(), 1);
  EXPECT_GT(rig.numbers.next(3, NumberKind::lead).value(), 1005);
  boost::asio::io_context context;
  auto later = boost::asio::co_spawn(context, rig.numbers.reserve_later(4, NumberKind::lead, 2),
                                     boost::asio::use_future);
  context.run();
  EXPECT_EQ(later.get().value(), 6);
}

TEST(NumberRanges, NumbersOfARolledBackJobAreLostNotRepeated) {
  test::PlatformRig rig;
  std::int64_t lost = 0;
  auto const undone = rig.database.run_now([&](PlatformTx& tx) {
    lost = tx.next_number(0, NumberKind::approval);
    return false;
  });
  ASSERT_TRUE(undone);
  EXPECT_GT(rig.numbers.next(0, NumberKind::approval).value(), lost);
}

}  // namespace
}  // namespace leadex::storage::postgres
