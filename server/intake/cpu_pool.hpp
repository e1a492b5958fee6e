#pragma once
// CpuPool: threads for the work of uploads that would keep a connection's thread busy. Any thread.
// Each upload has one piece of work here at a time, so uploads share it evenly. Stop it before the
// executors of its callers end.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/execution/outstanding_work.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace leadex::intake {

class CpuPool {
 public:
  explicit CpuPool(std::size_t threads) : pool_(threads) {}

  /// Runs `work` (T(), T not void) on a thread of the pool and comes back on the caller's executor.
  /// What `work` throws arrives at the caller, who keeps alive what it refers to.
  template <class F>
  [[nodiscard]] boost::asio::awaitable<std::invoke_result_t<F&>> run(F work) {
    using T = std::invoke_result_t<F&>;
    auto value = std::make_shared<std::optional<T>>();
    auto initiate = [this, value, work = std::move(work)](auto handler) mutable {
      auto executor = boost::asio::prefer(boost::asio::get_associated_executor(handler),
                                          boost::asio::execution::outstanding_work.tracked);
      boost::asio::post(
          pool_, [value, work = std::move(work), executor, handler = std::move(handler)]() mutable {
            std::exception_ptr thrown;
            try {
              value->emplace(work());
            } catch (...) {
              thrown = std::current_exception();
            }
            boost::asio::post(executor, [handler = std::move(handler), thrown]() mutable {
              std::move(handler)(thrown);
            });
          });
    };
    co_await boost::asio::async_initiate<boost::asio::use_awaitable_t<> const,
                                         void(std::exception_ptr)>(std::move(initiate),
                                                                   boost::asio::use_awaitable);
    co_return std::move(**value);
  }

  [[nodiscard]] boost::asio::any_io_executor executor() { return pool_.get_executor(); }

  void stop() {
    pool_.stop();
    pool_.join();
  }

 private:
  boost::asio::thread_pool pool_;
};

}  // namespace leadex::intake
