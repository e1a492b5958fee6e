#pragma once
// Database: runs plain functions as transactions on a fixed pool of threads, one connection each.
// transact is for coroutines and comes back on their executor; transact_now blocks, for start-up
// and tools. Any thread.

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "billing/values/result.hpp"
#include "server/storage/platform_tx.hpp"
#include "server/storage/store_error.hpp"

namespace leadex::storage {

namespace detail {
template <class T>
inline constexpr bool kIsResult = false;
template <class T, class E>
inline constexpr bool kIsResult<tl::expected<T, E>> = true;

/// A job that returns a refusal is rolled back; every other value commits.
template <class T>
[[nodiscard]] bool commits(T const& value) {
  if constexpr (kIsResult<T>) {
    return value.has_value();
  } else {
    return true;
  }
}
}  // namespace detail

class Database {
 public:
  /// One transaction: true commits, false rolls back.
  using Job = std::function<bool(PlatformTx&)>;

  virtual ~Database() = default;

  /// Runs `job` (a copyable callable `T(PlatformTx&)`, T not void) as one transaction. It may run
  /// again from the start after a collision with another transaction, so it must not use up what it
  /// captured, and it captures by value. When T is a Result that holds a refusal, all is undone.
  /// What the job throws arrives at the caller.
  /// @errors retry_later (queue full, timeouts), unavailable, conflict, outcome_unknown
  template <class F>
  [[nodiscard]] boost::asio::awaitable<
      Result<std::decay_t<std::invoke_result_t<F&, PlatformTx&>>, StoreError>>
  transact(F job) {
    using T = std::decay_t<std::invoke_result_t<F&, PlatformTx&>>;
    auto outcome = std::make_shared<std::optional<T>>();
    Job erased = erase<T>(outcome, std::move(job));
    Result<void, StoreError> done = co_await run(std::move(erased));
    if (!done) co_return refuse(done.error());
    co_return std::move(**outcome);
  }

  template <class F>
  [[nodiscard]] Result<std::decay_t<std::invoke_result_t<F&, PlatformTx&>>, StoreError>
  transact_now(F job) {
    using T = std::decay_t<std::invoke_result_t<F&, PlatformTx&>>;
    auto outcome = std::make_shared<std::optional<T>>();
    auto const done = run_now(erase<T>(outcome, std::move(job)));
    if (!done) return refuse(done.error());
    return std::move(**outcome);
  }

  [[nodiscard]] virtual boost::asio::awaitable<Result<void, StoreError>> run(Job job) = 0;
  [[nodiscard]] virtual Result<void, StoreError> run_now(Job job) = 0;

 private:
  template <class T, class F>
  static Job erase(std::shared_ptr<std::optional<T>> outcome, F job) {
    return [outcome = std::move(outcome), job = std::move(job)](PlatformTx& tx) mutable {
      outcome->emplace(job(tx));
      return detail::commits(**outcome);
    };
  }
};

}  // namespace leadex::storage
