// Pings: applied and answered at once, logged with the next batch. See docs/decisions/0015.

#include <algorithm>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "billing/commission/commission.hpp"
#include "server/market/actor.hpp"

namespace leadex::market {

namespace asio = boost::asio;

namespace {
constexpr std::size_t kAheadDue = 256;     // then a batch is made for the log alone
constexpr std::size_t kAheadMax = 16'384;  // then pings are refused: half a second of many
constexpr std::size_t kAheadBytesMax = 8 * 1024 * 1024;  // all of it goes into one batch's body

/// What a ping takes in the log, about.
std::size_t bytes_of(OfferPing const& ping) {
  std::size_t bytes = 256 + 32 * ping.live.size();
  for (auto const& attribute : ping.lead.attributes) bytes += 16 + attribute.text.size();
  return bytes;
}
}  // namespace

asio::awaitable<Result<PingAnswer, SubmitError>> Actor::ping(OfferPing ping,
                                                             Clock::time_point deadline,
                                                             std::size_t ask_max) {
  using Value = Result<PingAnswer, SubmitError>;
  // The shortest way there and back: pings are many, and each is little work.
  auto initiate = [](auto handler, std::shared_ptr<Actor> self, OfferPing given,
                     Clock::time_point until, std::size_t most) {
    auto& strand = self->strand_;
    asio::post(strand, [self = std::move(self), given = std::move(given), until, most,
                        handler = std::move(handler)]() mutable {
      auto executor = asio::get_associated_executor(handler);
      asio::post(executor, [handler = std::move(handler),
                            answer = self->apply_ping(std::move(given), until, most)]() mutable {
        std::move(handler)(std::move(answer));
      });
    });
  };
  co_return co_await asio::async_initiate<asio::use_awaitable_t<> const, void(Value)>(
      initiate, asio::use_awaitable, shared_from_this(), std::move(ping), deadline, ask_max);
}

/// Whatever is in flight stands before it in the log and whatever is built later stands behind it,
/// so the order of the log stays the order of application.
Result<PingAnswer, SubmitError> Actor::apply_ping(OfferPing ping, Clock::time_point deadline,
                                                  std::size_t ask_max) {
  if (state_ == State::idle || state_ == State::loading || state_ == State::stopped) {
    return refuse(SubmitError::not_owner);
  }
  if (halted_) return refuse(SubmitError::halted);
  auto const settings = this->settings();
  if (state_ != State::running || !settings || log_ahead_.size() >= kAheadMax ||
      log_ahead_bytes_ >= kAheadBytesMax) {
    return refuse(SubmitError::busy);
  }
  if (Clock::now() > deadline) return refuse(SubmitError::deadline_passed);
  auto const at_us = now_us();
  if (ask_max > 0) {
    auto bidders = engine_.live_bidders(ping, at_us, ask_max);
    if (!bidders.empty()) return PingAnswer{.to_ask = std::move(bidders)};
  }
  last_at_us_ = at_us;
  ping.ttl_us = settings->ping_ttl_us;
  auto const bytes = bytes_of(ping);
  Command const command{std::move(ping)};
  roll_zones(log_ahead_, command, at_us);
  auto applied = engine_.apply(from_unix_micros(at_us), command);
  PingAnswer answer;
  answer.refusal = applied.outcome.refusal;
  answer.expires_us = at_us + settings->ping_ttl_us;
  for (auto const& effect : applied.effects) {
    auto const* held = std::get_if<PingReserved>(&effect);
    if (held == nullptr) continue;
    answer.bids = held->bids;
    for (auto& bid : answer.bids) {
      bid.net_micros = price_sale(Money{bid.price_micros}, settings->commission()).net.micros;
    }
  }
  if (applied.effects.empty()) return answer;  // it reserved nothing, so it leaves no trace
  log_ahead_.push_back(
      {at_us, command, std::move(applied.outcome), log_form(std::move(applied.effects))});
  log_ahead_bytes_ += bytes;
  if (log_ahead_.size() >= kAheadDue || log_ahead_bytes_ >= options_.batch_bytes_max) {
    ahead_due_ = true;
    asio::post(strand_, [self = shared_from_this()] { self->pump(); });
  }
  return answer;
}

/// After a load: the log may tell of reservations that memory has no more. A replay lets go of them
/// at the same place.
void Actor::log_forgotten() {
  if (seq_ == 0) return;
  auto const at_us = now_us();
  last_at_us_ = at_us;
  auto applied = engine_.apply(from_unix_micros(at_us), ForgetPings{});
  log_ahead_.push_back({at_us, ForgetPings{}, std::move(applied.outcome), {}});
}

/// Nobody waits for a ping to be durable, so it waits for a batch that is made anyway; not for
/// ever, since the log should tell of what was promised.
void Actor::flush_ahead() {
  bool const pinged = std::any_of(log_ahead_.begin(), log_ahead_.end(), [](auto const& item) {
    return std::holds_alternative<OfferPing>(item.command);
  });
  if (!pinged || state_ != State::running) return;
  ahead_due_ = true;
  pump();
}

}  // namespace leadex::market
