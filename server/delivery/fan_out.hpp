#pragma once
// FanOut: follows the markets' batches and makes events and deliveries of them, each exactly once,
// however many processes do so. run() is one coroutine on an executor that runs one thing at a
// time; nudge() and stop() come from any thread.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <map>

#include "server/crypto/public_id.hpp"
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
  FanOut(boost::asio::any_io_executor executor, storage::DeliveryStore& store,
         crypto::PublicIdCodec const& ids, FanOutOptions options = {});

  /// Once; returns after stop(), when its last transaction is done.
  [[nodiscard]] boost::asio::awaitable<void> run();
  /// Something was committed: look now. It must not be called after run() has returned and this
  /// is gone.
  void nudge();
  void stop();

 private:
  [[nodiscard]] boost::asio::awaitable<bool> round();
  [[nodiscard]] boost::asio::awaitable<bool> follow(MarketNo market);
  [[nodiscard]] boost::asio::awaitable<bool> follow_own();
  void made(storage::FanOutStep const& step) const;

  boost::asio::any_io_executor executor_;
  storage::DeliveryStore& store_;
  crypto::PublicIdCodec const& ids_;
  FanOutOptions options_;
  boost::asio::steady_timer wake_;
  std::map<MarketNo, std::chrono::steady_clock::time_point> paused_until_;
  bool stopping_ = false;
  bool nudged_ = false;
};

}  // namespace leadex::delivery
