#include "server/delivery/fan_out.hpp"

#include <exception>
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

FanOut::FanOut(asio::any_io_executor const& executor, storage::DeliveryStore& store,
               crypto::PublicIdCodec const& ids, FanOutOptions options)
    : signal_(std::make_shared<Signal>(executor)),
      store_(store),
      ids_(ids),
      options_(std::move(options)) {}

asio::awaitable<void> FanOut::run() {
  while (!signal_->stopping()) {
    auto pause = options_.poll;
    try {
      if (co_await round()) continue;
    } catch (std::exception const& error) {
      // A bug, e.g. a statement the database refuses: the worker goes on, and tells.
      log::error("fan_out.failed", "a round ended in an exception").field("error", error.what());
      pause = options_.pause;
    }
    co_await signal_->wait(pause);
  }
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
    if (signal_->stopping()) co_return false;
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
