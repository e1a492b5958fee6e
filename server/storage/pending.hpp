#pragma once
// Pending: work under way while its starter goes on, waited for later: the way to have a few
// transactions or submissions in flight. Starter, work and waiter share one executor that runs one
// thing at a time; on_strand makes one.

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

namespace leadex::storage {

/// Runs `work` one step at a time, whatever threads the caller's executor has.
template <class T>
[[nodiscard]] boost::asio::awaitable<T> on_strand(boost::asio::awaitable<T> work) {
  auto const executor = co_await boost::asio::this_coro::executor;
  co_return co_await boost::asio::co_spawn(boost::asio::make_strand(executor), std::move(work),
                                           boost::asio::use_awaitable);
}

template <class T>
class Pending {
 public:
  /// Starts `work`. What it refers to must live until wait() has returned: whoever starts work
  /// waits for it on every way out.
  Pending(boost::asio::any_io_executor const& executor, boost::asio::awaitable<T> work)
      : state_(std::make_shared<State>(executor)) {
    boost::asio::co_spawn(executor, std::move(work),
                          [state = state_](std::exception_ptr thrown, T value) {
                            state->thrown = thrown;
                            if (!thrown) state->value.emplace(std::move(value));
                            state->done = true;
                            state->woken.cancel();
                          });
  }

  /// Once. Throws what the work threw.
  [[nodiscard]] boost::asio::awaitable<T> wait() {
    auto const state = state_;
    while (!state->done) {
      state->woken.expires_at(std::chrono::steady_clock::time_point::max());
      co_await state->woken.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
    }
    if (state->thrown) std::rethrow_exception(state->thrown);
    co_return std::move(*state->value);
  }

 private:
  struct State {
    explicit State(boost::asio::any_io_executor const& executor) : woken(executor) {}
    boost::asio::steady_timer woken;
    bool done = false;
    std::exception_ptr thrown;
    std::optional<T> value;
  };
  std::shared_ptr<State> state_;
};

}  // namespace leadex::storage
