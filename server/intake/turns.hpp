#pragma once
// Turns: pieces of work under way beside each other pass through stages in their order, each stage
// one piece at a time. All on one strand.

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace leadex::intake {

template <std::size_t kStages>
class Turns {
 public:
  explicit Turns(boost::asio::any_io_executor const& strand)
      : moved_(strand, std::chrono::steady_clock::time_point::max()) {}

  /// Waits until all pieces before `no` have left the stage; the first is number 0.
  /// @return false when one before it was stopped: it goes no further
  [[nodiscard]] boost::asio::awaitable<bool> enter(std::size_t stage, std::int64_t no) {
    while (stopped_ >= no && next_.at(stage) != no) {
      co_await moved_.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    }
    co_return stopped_ >= no;
  }
  void leave(std::size_t stage, std::int64_t no) {
    next_.at(stage) = no + 1;
    moved_.cancel();
  }
  /// Those behind `no` go no further; those before it do.
  void stop(std::int64_t no) {
    stopped_ = std::min(stopped_, no);
    moved_.cancel();
  }

 private:
  boost::asio::steady_timer moved_;  // never expires: whoever waits is woken to look again
  std::array<std::int64_t, kStages> next_{};
  std::int64_t stopped_{std::numeric_limits<std::int64_t>::max()};
};

}  // namespace leadex::intake
