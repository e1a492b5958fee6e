#include "server/delivery/postback_sender.hpp"

#include <algorithm>
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

std::string_view word(storage::DeliveryStatus status) {
  if (status == storage::DeliveryStatus::waiting) return "retry";
  return storage::kDeliveryStatusTexts.at(static_cast<std::size_t>(status));
}

}  // namespace

PostbackSender::PostbackSender(asio::any_io_executor executor, PostbackSenderParts parts,
                               PostbackSenderOptions options)
    : executor_(std::move(executor)),
      parts_(parts),
      options_(std::move(options)),
      signal_(std::make_shared<Signal>(executor_)) {}

asio::awaitable<void> PostbackSender::run() {
  while (!signal_->stopping() || in_flight_ > 0) {
    auto pause = options_.poll;
    try {
      if (!signal_->stopping() && in_flight_ < options_.in_flight_max) co_await claim_and_start();
    } catch (std::exception const& error) {
      // A bug, e.g. a statement the database refuses: the worker goes on, and tells.
      log::error("postback.failed", "a claim ended in an exception").field("error", error.what());
      pause = options_.pause;
    }
    co_await signal_->wait(pause);
  }
}

storage::PostbackClaim PostbackSender::claim_request() const {
  storage::PostbackClaim request;
  request.now = std::chrono::time_point_cast<Micros>(std::chrono::system_clock::now());
  request.limit = options_.in_flight_max - in_flight_;
  request.failing_limit =
      std::max<std::int64_t>(0, options_.failing_in_flight_max - failing_in_flight_);
  request.per_tenant = options_.per_generator_max;
  request.per_failing_tenant = options_.per_failing_generator_max;
  for (auto const& [tenant_no, in_flight] : busy_) request.busy.push_back({tenant_no, in_flight});
  request.failing.assign(failing_.begin(), failing_.end());
  request.lease = options_.attempt.timeout + options_.lease_margin;
  request.give_up_after = options_.attempt.give_up_after;
  return request;
}

asio::awaitable<void> PostbackSender::claim_and_start() {
  auto claimed = co_await parts_.store.claim(claim_request());
  if (!claimed) {
    log::warn("postback.waiting", "the database does not answer")
        .field("error", text(claimed.error()));
    co_return;
  }
  for (auto& each : *claimed) start(std::move(each));
}

void PostbackSender::start(storage::ClaimedPostback claimed) {
  auto const tenant_no = claimed.tenant_no;
  bool const failing = failing_.contains(tenant_no);
  ++busy_[tenant_no];
  ++in_flight_;
  if (failing) ++failing_in_flight_;
  asio::co_spawn(executor_, deliver(std::move(claimed)),
                 [this, tenant_no, failing](std::exception_ptr const& thrown) {
                   if (thrown) log::error("postback.failed", "an attempt ended in an exception");
                   ended(tenant_no, failing);
                 });
}

/// Looks for more at once only where something may have had to wait for this one.
void PostbackSender::ended(std::int64_t tenant_no, bool failing) {
  auto const busy = busy_.find(tenant_no);
  auto const room = failing ? options_.per_failing_generator_max : options_.per_generator_max;
  bool const was_full = busy->second >= room || in_flight_ >= options_.in_flight_max;
  if (--busy->second == 0) busy_.erase(busy);
  --in_flight_;
  if (failing) --failing_in_flight_;
  if (was_full || signal_->stopping()) signal_->wake();
}

asio::awaitable<void> PostbackSender::deliver(storage::ClaimedPostback claimed) {
  auto const tenant_no = claimed.tenant_no;
  auto outcome = co_await attempt(parts_.attempt, options_.attempt, std::move(claimed));
  if (outcome.status == storage::DeliveryStatus::delivered) {
    failing_.erase(tenant_no);
  } else {
    failing_.insert(tenant_no);
  }
  count(outcome.status);
  co_await save(std::move(outcome));
}

void PostbackSender::count(storage::DeliveryStatus status) const {
  if (parts_.metrics != nullptr) parts_.metrics->deliveries("postback", word(status)).Increment();
}

/// What is not saved is sent again when its lease ends: at least once, with the same values.
asio::awaitable<void> PostbackSender::save(storage::PostbackOutcome outcome) {
  asio::steady_timer pause(executor_);
  for (int i = 0; i < kSavesMax; ++i) {
    auto const saved = co_await parts_.store.finish(outcome);
    if (saved) co_return;
    pause.expires_after(kSaveAgain);
    co_await pause.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  log::error("postback.unsaved", "what came of a postback could not be saved")
      .field("conversion_no", outcome.conversion.no);
}

}  // namespace leadex::delivery
