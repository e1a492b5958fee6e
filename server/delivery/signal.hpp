#pragma once
// Signal: wakes and stops a worker's coroutine from any thread. Shared by the worker and what is
// posted to its executor, so that a late call finds something alive.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <memory>

namespace leadex::delivery {

class Signal : public std::enable_shared_from_this<Signal> {
 public:
  /// @param executor  runs one thing at a time
  explicit Signal(boost::asio::any_io_executor const& executor)
      : executor_(executor), timer_(executor) {}

  // Any thread.
  void nudge() { post(false); }
  void stop() { post(true); }

  // On the executor.
  [[nodiscard]] bool stopping() const { return stopping_; }
  /// Ends the wait under way, or keeps the next one from beginning.
  void wake() {
    nudged_ = true;
    timer_.cancel();
  }
  /// Until `time` is over or somebody calls.
  [[nodiscard]] boost::asio::awaitable<void> wait(std::chrono::milliseconds time) {
    auto const self = shared_from_this();
    if (!nudged_) {
      timer_.expires_after(time);
      co_await timer_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    }
    nudged_ = false;
  }

 private:
  void post(bool stops) {
    boost::asio::post(executor_, [self = shared_from_this(), stops] {
      self->stopping_ = self->stopping_ || stops;
      self->wake();
    });
  }

  boost::asio::any_io_executor executor_;
  boost::asio::steady_timer timer_;
  bool stopping_ = false;
  bool nudged_ = false;
};

}  // namespace leadex::delivery
