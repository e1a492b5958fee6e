#pragma once
// CircuitBreaker: whether an endpoint that fails again and again is asked at all. Closed it is
// asked; after so many failures in a row it rests, twice as long each time, and then one probe
// decides. Pure: the clock comes in. Belongs to one thread.

#include <chrono>
#include <cstdint>
#include <optional>

namespace leadex::delivery {

struct BreakerOptions {
  int failures_max = 5;  ///< in a row, ≥ 1: then it rests
  std::chrono::milliseconds rest_first{1000};
  std::chrono::milliseconds rest_last{60'000};  ///< doubling ends here
};

enum class BreakerState : std::uint8_t { closed, resting, probing };

class CircuitBreaker {
 public:
  using Instant = std::chrono::steady_clock::time_point;
  /// Of one request that was let through. What came of requests from before the last change of the
  /// state changes nothing.
  using Ticket = std::uint64_t;

  explicit CircuitBreaker(BreakerOptions const& options) : options_(options) {}

  /// Lets a request through, or not. Who gets a ticket gives it back by succeeded or failed; a
  /// probe that nobody hears of again makes room for another after the longest rest.
  [[nodiscard]] std::optional<Ticket> admit(Instant now);
  void succeeded(Ticket ticket);
  void failed(Ticket ticket, Instant now);

  [[nodiscard]] BreakerState state() const { return state_; }

 private:
  void rest(Instant now);

  BreakerOptions options_;
  BreakerState state_{BreakerState::closed};
  Ticket ticket_{};  // of the requests that count
  int failures_{};   // in a row
  std::chrono::milliseconds rest_{};
  Instant until_{};  // of the rest, or of waiting for the probe
};

}  // namespace leadex::delivery
