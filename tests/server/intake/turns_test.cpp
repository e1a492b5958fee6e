// Pieces of work go through stages in their order, however long each takes.

#include "server/intake/turns.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <vector>

#include "tests/matching/seed.hpp"

namespace leadex::intake {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kStages = 3;
constexpr std::int64_t kPieces = 40;

struct Left {
  std::size_t stage{};
  std::int64_t no{};
};

/// What left which stage, in that order. @param stopped  the piece that fails in the second stage,
/// or −1. Each piece rests in each stage for a random number of turns of the loop.
std::vector<Left> run_pieces(std::int64_t stopped) {
  asio::io_context loop;
  Turns<kStages> turns{loop.get_executor()};
  std::mt19937_64 random{seed_of_run()};
  std::vector<Left> left;
  std::array<int, kStages> at_work{};
  auto const piece = [&](std::int64_t no) -> asio::awaitable<void> {
    for (std::size_t stage = 0; stage < kStages; ++stage) {
      bool const goes_on = co_await turns.enter(stage, no);
      if (!goes_on) co_return;
      EXPECT_EQ(++at_work.at(stage), 1) << "two at once in stage " << stage;
      for (auto rests = random() % 5; rests > 0; --rests) {
        co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
      }
      --at_work.at(stage);
      if (stage == 1 && no == stopped) {
        turns.stop(no);
        co_return;
      }
      left.push_back({stage, no});
      turns.leave(stage, no);
    }
  };
  for (std::int64_t no = 0; no < kPieces; ++no) {
    asio::co_spawn(loop, piece(no), asio::detached);
  }
  loop.run();
  return left;
}

std::vector<std::int64_t> of_stage(std::vector<Left> const& left, std::size_t stage) {
  std::vector<std::int64_t> pieces;
  for (auto const& one : left) {
    if (one.stage == stage) pieces.push_back(one.no);
  }
  return pieces;
}

std::vector<std::int64_t> first(std::int64_t count) {
  std::vector<std::int64_t> pieces;
  for (std::int64_t no = 0; no < count; ++no) pieces.push_back(no);
  return pieces;
}

TEST(Turns, EachStageSeesAllPiecesInTheirOrderOneAtATime) {
  auto const left = run_pieces(-1);
  for (std::size_t stage = 0; stage < kStages; ++stage) {
    EXPECT_EQ(of_stage(left, stage), first(kPieces)) << stage;
  }
  // Beside each other: one is in the first stage before another has left the last.
  auto const last_of_first = std::ranges::find_if(
      left, [](Left const& one) { return one.stage == 0 && one.no == kPieces - 1; });
  auto const first_of_last =
      std::ranges::find_if(left, [](Left const& one) { return one.stage == kStages - 1; });
  EXPECT_LT(first_of_last, last_of_first);
}

TEST(Turns, BehindOneThatStopsNoneGoesOnAndAllBeforeItDo) {
  auto const left = run_pieces(17);
  EXPECT_EQ(of_stage(left, 1), first(17));
  EXPECT_EQ(of_stage(left, 2), first(17));
  EXPECT_GE(of_stage(left, 0).size(), 18U);
}

}  // namespace
}  // namespace leadex::intake
