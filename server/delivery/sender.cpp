#include "server/delivery/sender.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <utility>

#include "server/observe/log.hpp"

namespace leadex::delivery {

namespace asio = boost::asio;

namespace {

constexpr int kSavesMax = 3;
constexpr milliseconds kSaveAgain{200};

Timestamp wall_now() {
  return std::chrono::time_point_cast<Micros>(std::chrono::system_clock::now());
}

}  // namespace

struct Sender::Counters {
  explicit Counters(Metrics& metrics)
      : delivered(metrics.deliveries("webhook", "delivered")),
        failed(metrics.deliveries("webhook", "failed")),
        stopped(metrics.deliveries("webhook", "stopped")),
        again(metrics.deliveries("webhook", "retry")) {}

  void count(storage::DeliveryStatus status) const {
    switch (status) {
      case storage::DeliveryStatus::delivered:
        return delivered.Increment();
      case storage::DeliveryStatus::failed:
        return failed.Increment();
      case storage::DeliveryStatus::stopped:
        return stopped.Increment();
      case storage::DeliveryStatus::waiting:
        return again.Increment();
    }
  }

  prometheus::Counter& delivered;
  prometheus::Counter& failed;
  prometheus::Counter& stopped;
  prometheus::Counter& again;
};

Sender::Sender(asio::any_io_executor executor, SenderParts parts, SenderOptions options)
    : executor_(std::move(executor)),
      parts_(parts),
      options_(std::move(options)),
      signal_(std::make_shared<Signal>(executor_)) {
  if (parts_.metrics != nullptr) counters_ = std::make_unique<Counters>(*parts_.metrics);
}

Sender::~Sender() = default;

asio::awaitable<void> Sender::run() {
  while (!signal_->stopping() || in_flight_ > 0) {
    auto pause = options_.poll;
    try {
      if (!signal_->stopping() && in_flight_ < options_.in_flight_max) co_await claim_and_start();
    } catch (std::exception const& error) {
      // A bug, e.g. a statement the database refuses: the worker goes on, and tells.
      log::error("webhook.failed", "a claim ended in an exception").field("error", error.what());
      pause = options_.pause;
    }
    co_await signal_->wait(pause);
  }
}

storage::ClaimRequest Sender::claim_request() const {
  storage::ClaimRequest request;
  request.now = wall_now();
  request.limit = options_.in_flight_max - in_flight_;
  request.failing_limit =
      std::max<std::int64_t>(0, options_.failing_in_flight_max - failing_in_flight_);
  request.per_endpoint = options_.per_endpoint_max;
  request.per_failing_endpoint = options_.per_failing_endpoint_max;
  for (auto const& [endpoint_no, in_flight] : busy_) {
    request.busy.push_back({endpoint_no, in_flight});
  }
  for (auto const& actor : parts_.attempt.markets.all()) {
    if (actor->ready()) request.markets.push_back(actor->market_no());
  }
  request.lease = options_.attempt.timeout + options_.lease_margin;
  return request;
}

asio::awaitable<void> Sender::claim_and_start() {
  auto claimed = co_await parts_.store.claim(claim_request());
  if (!claimed) {
    log::warn("webhook.waiting", "the database does not answer")
        .field("error", text(claimed.error()));
    co_return;
  }
  for (auto& each : *claimed) start(std::move(each));
}

void Sender::start(storage::ClaimedDelivery claimed) {
  auto const endpoint_no = claimed.endpoint.endpoint_no;
  bool const failing = claimed.endpoint.failing_since.has_value();
  ++busy_[endpoint_no];
  ++in_flight_;
  if (failing) ++failing_in_flight_;
  asio::co_spawn(executor_, deliver(std::move(claimed)),
                 [this, endpoint_no, failing](std::exception_ptr const& thrown) {
                   if (thrown) log::error("webhook.failed", "an attempt ended in an exception");
                   ended(endpoint_no, failing);
                 });
}

/// Looks for more at once only where something may have had to wait for this one.
void Sender::ended(std::int64_t endpoint_no, bool failing) {
  auto const busy = busy_.find(endpoint_no);
  auto const room = failing ? options_.per_failing_endpoint_max : options_.per_endpoint_max;
  bool const was_full = busy->second >= room || in_flight_ >= options_.in_flight_max;
  if (--busy->second == 0) busy_.erase(busy);
  --in_flight_;
  if (failing) --failing_in_flight_;
  if (was_full || signal_->stopping()) signal_->wake();
}

asio::awaitable<void> Sender::deliver(storage::ClaimedDelivery claimed) {
  auto outcome = co_await attempt(parts_.attempt, options_.attempt, std::move(claimed));
  if (counters_) counters_->count(outcome.status);
  co_await save(std::move(outcome));
}

/// What is not saved is sent again when its lease ends: at least once, with the same id.
asio::awaitable<void> Sender::save(storage::DeliveryOutcome outcome) {
  asio::steady_timer pause(executor_);
  for (int i = 0; i < kSavesMax; ++i) {
    auto const disabled = co_await parts_.store.finish(outcome);
    if (disabled) {
      if (*disabled) {
        log::warn("webhook.disabled", "an endpoint is disabled after its failures")
            .field("endpoint_no", outcome.endpoint_no);
      }
      co_return;
    }
    pause.expires_after(kSaveAgain);
    co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  log::error("webhook.unsaved", "what came of a delivery could not be saved")
      .field("delivery_no", outcome.delivery_no);
}

}  // namespace leadex::delivery
