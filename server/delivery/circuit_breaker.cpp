#include "server/delivery/circuit_breaker.hpp"

#include <algorithm>

namespace leadex::delivery {

std::optional<CircuitBreaker::Ticket> CircuitBreaker::admit(Instant now) {
  if (state_ == BreakerState::closed) return ticket_;
  if (now < until_) return std::nullopt;
  state_ = BreakerState::probing;
  until_ = now + options_.rest_last;
  return ++ticket_;
}

void CircuitBreaker::succeeded(Ticket ticket) {
  if (ticket != ticket_ || state_ == BreakerState::resting) return;
  failures_ = 0;
  rest_ = {};
  if (state_ == BreakerState::closed) return;
  state_ = BreakerState::closed;
  ++ticket_;
}

void CircuitBreaker::failed(Ticket ticket, Instant now) {
  if (ticket != ticket_ || state_ == BreakerState::resting) return;
  if (state_ == BreakerState::closed && ++failures_ < options_.failures_max) return;
  rest(now);
}

void CircuitBreaker::rest(Instant now) {
  rest_ = rest_.count() == 0 ? options_.rest_first : std::min(rest_ * 2, options_.rest_last);
  rest_ = std::min(rest_, options_.rest_last);
  until_ = now + rest_;
  state_ = BreakerState::resting;
  failures_ = 0;
  ++ticket_;
}

}  // namespace leadex::delivery
