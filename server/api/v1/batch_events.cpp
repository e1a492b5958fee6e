// How an upload and its lot go on, as server-sent events. A stream ends with the batch, or after
// some minutes: the client comes again, and so shows its key again.

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>

#include "server/api/v1/intake_handlers.hpp"

namespace leadex::api {

namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kLookEvery = std::chrono::milliseconds{500};
constexpr auto kHeartbeatEvery = std::chrono::seconds{10};
constexpr std::int64_t kStreamMaxS = 600;

bool has_ended(storage::Batch const& batch) {
  using storage::BatchStatus;
  return batch.status == BatchStatus::listed || batch.status == BatchStatus::rejected ||
         batch.status == BatchStatus::closed;
}

/// One of the streams that may be open.
class Place {
 public:
  Place(EventStreams& all, std::int64_t tenant_no) : all_(all), tenant_no_(tenant_no) {
    held_ = all_.begin(tenant_no_);
  }
  ~Place() {
    if (held_) all_.end(tenant_no_);
  }
  Place(Place const&) = delete;
  Place& operator=(Place const&) = delete;
  [[nodiscard]] bool held() const { return held_; }

 private:
  EventStreams& all_;
  std::int64_t tenant_no_;
  bool held_{};
};

class EventBody final : public http::BodySource {
 public:
  EventBody(ApiContext& context, BatchId id, storage::BatchViewer viewer,
            std::unique_ptr<Place> place, std::chrono::seconds length)
      : context_(context),
        id_(id),
        viewer_(viewer),
        place_(std::move(place)),
        until_(Clock::now() + length) {}

  asio::awaitable<Result<std::string, http::SourceError>> next() override {
    if (begun_) co_await wait();
    begun_ = true;
    for (; !ended_; co_await wait()) {
      auto const now = Clock::now();
      if (now >= until_ || (context_.draining && context_.draining())) break;
      auto job = [id = id_, viewer = viewer_](storage::LotTx& tx) {
        return tx.batches().find(id, viewer);
      };
      auto const batch = co_await context_.intake->lots.store.transact(job);
      if (!batch || !*batch) co_return refuse(http::SourceError::failed);
      auto text = render(**batch);
      ended_ = has_ended(**batch);
      if (text != told_) {
        told_ = text;
        told_at_ = now;
        co_return std::string{ended_ ? "event: end\ndata: " : "event: progress\ndata: "} +
            std::move(text) + "\n\n";
      }
      if (now - told_at_ >= kHeartbeatEvery) {
        told_at_ = now;
        co_return std::string{":\n\n"};
      }
    }
    co_return std::string{};
  }

 private:
  asio::awaitable<void> wait() const {
    if (ended_) co_return;
    asio::steady_timer timer{co_await asio::this_coro::executor, kLookEvery};
    co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
  }
  [[nodiscard]] std::string render(storage::Batch const& batch) const {
    json::JsonWriter out;
    write_batch(out, context_, batch);
    return out.str();
  }

  ApiContext& context_;
  BatchId id_;
  storage::BatchViewer viewer_;
  std::unique_ptr<Place> place_;
  Clock::time_point const until_;
  Clock::time_point told_at_ = Clock::now();
  std::string told_;
  bool begun_{};
  bool ended_{};
};

}  // namespace

asio::awaitable<ApiResult> stream_batch_events(ApiCall& call) {
  auto const id = batch_of_path(call);
  if (!id) co_return refuse(id.error());
  auto const viewer = batch_viewer(call);
  auto job = [id = *id, viewer](storage::LotTx& tx) { return tx.batches().find(id, viewer); };
  auto const batch = co_await call.ctx.intake->lots.store.transact(job);
  if (!batch) co_return refuse(problem_of(batch.error()));
  if (!*batch) co_return problem(Code::not_found);
  auto place = std::make_unique<Place>(call.ctx.intake->event_streams, call.account_no());
  if (!place->held()) {
    constexpr std::int64_t kRetryS = 5;
    co_return refuse(
        ApiProblem{Code::rate_limited, "Too many streams of events are open.", {}, kRetryS});
  }
  auto response = http::make_response(200, "text/event-stream", {});
  std::chrono::seconds const length{call.query_int("max_s").value_or(kStreamMaxS)};
  response.stream = std::make_unique<EventBody>(call.ctx, *id, viewer, std::move(place), length);
  co_return response;
}

}  // namespace leadex::api
