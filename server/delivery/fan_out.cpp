#include "server/delivery/fan_out.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <stdexcept>
#include <utility>

#include "server/observe/log.hpp"

namespace leadex::delivery {

namespace asio = boost::asio;

namespace {

using Clock = std::chrono::steady_clock;

Timestamp wall_now() {
  return std::chrono::time_point_cast<Micros>(std::chrono::system_clock::now());
}

}  // namespace

FanOut::FanOut(asio::any_io_executor executor, storage::DeliveryStore& store,
               crypto::PublicIdCodec const& ids, FanOutOptions options)
    : executor_(std::move(executor)),
      store_(store),
      ids_(ids),
      options_(std::move(options)),
      wake_(executor_) {}

asio::awaitable<void> FanOut::run() {
  while (!stopping_) {
    nudged_ = false;
    bool const more = co_await round();
    if (more || nudged_ || stopping_) continue;
    wake_.expires_after(options_.poll);
    co_await wake_.async_wait(asio::as_tuple(asio::use_awaitable));
  }
}

void FanOut::nudge() {
  asio::post(executor_, [this] {
    nudged_ = true;
    wake_.cancel();
  });
}

void FanOut::stop() {
  asio::post(executor_, [this] {
    stopping_ = true;
    wake_.cancel();
  });
}

/// One step of every market that is behind; whether something is left.
asio::awaitable<bool> FanOut::round() {
  bool more = co_await follow_own();
  auto const behind = co_await store_.markets_behind();
  if (!behind) {
    log::warn("fan_out.waiting", "the database does not answer")
        .field("error", text(behind.error()));
    co_return false;
  }
  for (auto const market : *behind) {
    if (stopping_) co_return false;
    if (auto const paused = paused_until_.find(market); paused != paused_until_.end()) {
      if (Clock::now() < paused->second) continue;
      paused_until_.erase(paused);
    }
    if (co_await follow(market)) more = true;
  }
  co_return more;
}

asio::awaitable<bool> FanOut::follow(MarketNo market) {
  std::string fault;
  try {
    auto const step = co_await store_.fan_out(market, options_.batches_max,
                                              fan_out_job(ids_, market, wall_now()));
    if (step) {
      made(*step);
      co_return step->more;
    }
    fault = text(step.error());
  } catch (std::runtime_error const& error) {
    fault = error.what();  // a sentence of this program: jobs throw nothing else
  }
  // The others go on; this market is tried again, since nothing of it may be left out.
  log::error("fan_out.failed", "a market's events are not told")
      .field("market", market)
      .field("error", fault);
  paused_until_[market] = Clock::now() + options_.pause;
  co_return false;
}

asio::awaitable<bool> FanOut::follow_own() {
  auto const step = co_await store_.fan_out_own(options_.own_events_max, wall_now());
  if (!step) co_return false;
  made(*step);
  co_return step->more;
}

void FanOut::made(storage::FanOutStep const& step) const {
  if (step.deliveries > 0 && options_.made_deliveries) options_.made_deliveries();
}

}  // namespace leadex::delivery
