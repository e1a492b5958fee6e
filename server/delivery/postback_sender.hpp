#pragma once
// PostbackSender: calls the generators' links that are due, many at once but few of any one
// generator, so that one whose server hangs delays no other. run() is one coroutine on an executor
// that runs one thing at a time; nudge() and stop() from any thread.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <map>
#include <memory>
#include <set>

#include "server/delivery/postback.hpp"
#include "server/delivery/signal.hpp"
#include "server/observe/metrics.hpp"

namespace leadex::delivery {

struct PostbackSenderOptions {
  std::int64_t in_flight_max = 128;
  std::int64_t failing_in_flight_max = 64;  ///< of them, to generators whose last attempt failed
  std::int64_t per_generator_max = 4;
  std::int64_t per_failing_generator_max = 1;
  milliseconds poll{500};             ///< between looks when nothing is due
  milliseconds pause{5000};           ///< after a claim that ended in an exception
  milliseconds lease_margin{20'000};  ///< a claim lasts for an attempt's timeout and this
  PostbackOptions attempt;
};

/// All outlive the sender. `metrics` may be null.
struct PostbackSenderParts {
  storage::PostbackStore& store;
  PostbackParts attempt;
  Metrics* metrics{};
};

class PostbackSender {
 public:
  PostbackSender(boost::asio::any_io_executor executor, PostbackSenderParts parts,
                 PostbackSenderOptions options = {});

  /// Once; returns after stop(), when the last attempt under way has ended (the timeout bounds it).
  [[nodiscard]] boost::asio::awaitable<void> run();
  /// Something may be due: look now.
  void nudge() { signal_->nudge(); }
  void stop() { signal_->stop(); }

 private:
  [[nodiscard]] boost::asio::awaitable<void> claim_and_start();
  [[nodiscard]] storage::PostbackClaim claim_request() const;
  void start(storage::ClaimedPostback claimed);
  void ended(std::int64_t tenant_no, bool failing);
  [[nodiscard]] boost::asio::awaitable<void> deliver(storage::ClaimedPostback claimed);
  [[nodiscard]] boost::asio::awaitable<void> save(storage::PostbackOutcome outcome);
  void count(storage::DeliveryStatus status) const;

  boost::asio::any_io_executor executor_;
  PostbackSenderParts parts_;
  PostbackSenderOptions options_;
  std::shared_ptr<Signal> signal_;
  std::map<std::int64_t, std::int64_t> busy_;  // generator → in flight
  std::set<std::int64_t> failing_;             // generators whose last attempt from here failed
  std::int64_t in_flight_ = 0;
  std::int64_t failing_in_flight_ = 0;
};

}  // namespace leadex::delivery
