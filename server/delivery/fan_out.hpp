#pragma once
// FanOut: follows the markets' batches and makes events, deliveries and postbacks of them, each
// exactly once, however many processes do so. run() is one coroutine on an executor that runs one
// thing at a time; nudge() and stop() come from any thread.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <map>
#include <memory>

#include "server/crypto/public_id.hpp"
#include "server/delivery/signal.hpp"
#include "server/storage/deliveries.hpp"

namespace leadex::delivery {

struct FanOutOptions {
  std::chrono::milliseconds poll{100};         ///< between looks when nothing is there
  std::chrono::milliseconds pause{5000};       ///< for a market whose last step failed
  int batches_max = 32;                        ///< of one transaction
  int own_events_max = 500;                    ///< of one transaction
  std::function<void()> made_deliveries = {};  ///< called after a step that made some
};

/// The job of one step, for a store's fan_out: events and deliveries of its batches. It throws
/// std::runtime_error when a body is none this program can read.
[[nodiscard]] storage::DeliveryStore::FanOutJob fan_out_job(crypto::PublicIdCodec const& ids,
                                                            MarketNo market, Timestamp now);

class FanOut {
 public:
  /// `store` and `ids` outlive this.
  FanOut(boost::asio::any_io_executor const& executor, storage::DeliveryStore& store,
         crypto::PublicIdCodec const& ids, FanOutOptions options = {});

  /// Once; returns after stop(), when its last transaction is done.
  [[nodiscard]] boost::asio::awaitable<void> run();
  /// Something was committed: look now.
  void nudge() { signal_->nudge(); }
  void stop() { signal_->stop(); }

 private:
  [[nodiscard]] boost::asio::awaitable<bool> round();
  [[nodiscard]] boost::asio::awaitable<bool> follow(MarketNo market);
  [[nodiscard]] boost::asio::awaitable<bool> follow_own();
  void made(storage::FanOutStep const& step) const;

  std::shared_ptr<Signal> signal_;
  storage::DeliveryStore& store_;
  crypto::PublicIdCodec const& ids_;
  FanOutOptions options_;
  std::map<MarketNo, std::chrono::steady_clock::time_point> paused_until_;
};

}  // namespace leadex::delivery
