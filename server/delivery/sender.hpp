#pragma once
// Sender: sends the webhooks that are due, signed, many at once but few to any one endpoint, so
// that one that hangs delays no other; and tells the market what the answers mean for its sales.
// run() is one coroutine on an executor that runs one thing at a time; nudge() and stop() from any
// thread.

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <map>
#include <memory>

#include "server/delivery/attempt.hpp"
#include "server/delivery/signal.hpp"
#include "server/observe/metrics.hpp"
#include "server/storage/deliveries.hpp"

namespace leadex::delivery {

struct SenderOptions {
  std::int64_t in_flight_max = 256;
  std::int64_t failing_in_flight_max = 128;  ///< of them, to endpoints whose last attempt failed
  std::int64_t per_endpoint_max = 4;
  std::int64_t per_failing_endpoint_max = 1;
  milliseconds poll{100};             ///< between looks when nothing is due
  milliseconds pause{5000};           ///< after a claim that ended in an exception
  milliseconds lease_margin{20'000};  ///< a claim lasts for an attempt's timeout and this
  AttemptOptions attempt;
};

/// All outlive the sender. `metrics` may be null.
struct SenderParts {
  storage::DeliveryStore& store;
  AttemptParts attempt;
  Metrics* metrics{};
};

class Sender {
 public:
  Sender(boost::asio::any_io_executor executor, SenderParts parts, SenderOptions options = {});
  ~Sender();
  Sender(Sender const&) = delete;
  Sender& operator=(Sender const&) = delete;

  /// Once; returns after stop(), when the last attempt under way has ended (the timeout bounds it).
  [[nodiscard]] boost::asio::awaitable<void> run();
  /// Something may be due: look now.
  void nudge() { signal_->nudge(); }
  void stop() { signal_->stop(); }

 private:
  struct Counters;

  [[nodiscard]] boost::asio::awaitable<void> claim_and_start();
  [[nodiscard]] storage::ClaimRequest claim_request() const;
  void start(storage::ClaimedDelivery claimed);
  void ended(std::int64_t endpoint_no, bool failing);
  [[nodiscard]] boost::asio::awaitable<void> deliver(storage::ClaimedDelivery claimed);
  [[nodiscard]] boost::asio::awaitable<void> save(storage::DeliveryOutcome outcome);

  boost::asio::any_io_executor executor_;
  SenderParts parts_;
  SenderOptions options_;
  std::shared_ptr<Signal> signal_;
  std::unique_ptr<Counters> counters_;         // null without metrics
  std::map<std::int64_t, std::int64_t> busy_;  // endpoint → in flight
  std::int64_t in_flight_ = 0;
  std::int64_t failing_in_flight_ = 0;
};

}  // namespace leadex::delivery
