#include "server/api/v1/number_blocks.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <utility>

namespace leadex::api {

namespace {
constexpr std::chrono::milliseconds kWaitForBlock{2};  // between looks whether another's is here
}  // namespace

NumberBlocks::Taken NumberBlocks::take(MarketNo market) {
  std::lock_guard const lock{guard_};
  auto& blocks = blocks_[market];
  if (blocks.now.left() == 0) blocks.now = std::exchange(blocks.ahead, {});
  Taken taken;
  taken.failures = blocks.failures;
  if (blocks.now.left() > 0) taken.number = blocks.now.next++;
  bool const low = blocks.now.left() <= block_ / 2 && blocks.ahead.left() == 0;
  taken.fetch = low && !blocks.fetching;
  if (taken.fetch) blocks.fetching = true;
  return taken;
}

/// Ends the fetch under way. What was fetched always fits: nobody else has put anything meanwhile.
void NumberBlocks::put(MarketNo market, Fetched first) {
  std::lock_guard const lock{guard_};
  auto& blocks = blocks_[market];
  blocks.fetching = false;
  if (first) {
    blocks.ahead = {*first, *first + block_};
  } else {
    ++blocks.failures;
    blocks.error = first.error();
  }
}

boost::asio::awaitable<NumberBlocks::Fetched> NumberBlocks::fetch(MarketNo market) {
  Fetched first = refuse(storage::StoreError::unavailable);
  try {
    first = co_await ranges_.reserve_later(market, kind_, block_);
  } catch (...) {
    put(market, first);  // else nobody would ever fetch again
    throw;
  }
  put(market, first);
  co_return first;
}

std::optional<storage::StoreError> NumberBlocks::failed_since(MarketNo market,
                                                              std::int64_t failures) {
  std::lock_guard const lock{guard_};
  auto const& blocks = blocks_[market];
  if (blocks.failures == failures) return std::nullopt;
  return blocks.error;
}

boost::asio::awaitable<Result<std::int64_t, storage::StoreError>> NumberBlocks::next(
    MarketNo market) {
  for (;;) {
    auto const taken = take(market);
    if (taken.fetch) {
      auto const fetched = co_await fetch(market);
      if (!fetched && taken.number == 0) co_return refuse(fetched.error());
    }
    if (taken.number != 0) co_return taken.number;
    if (taken.fetch) continue;
    boost::asio::steady_timer wait{co_await boost::asio::this_coro::executor, kWaitForBlock};
    co_await wait.async_wait(boost::asio::use_awaitable);
    if (auto const error = failed_since(market, taken.failures)) co_return refuse(*error);
  }
}

}  // namespace leadex::api
