#pragma once
// RealTimePace: whether real-time commands are answered in time, over the last second. The markets'
// actors note what they took; intake and the bulk lane look and give way. One per host. Any thread.

#include <array>
#include <chrono>
#include <cstdint>
#include <mutex>

namespace leadex::market {

class RealTimePace {
 public:
  using Clock = std::chrono::steady_clock;

  /// @param p99_max  what one command in a hundred may exceed; zero: nobody ever gives way
  explicit RealTimePace(Clock::duration p99_max) : p99_max_(p99_max) {}

  /// A real-time command was answered at `at` after `took`.
  void note(Clock::time_point at, Clock::duration took);
  /// Whether more than one in a hundred of the last second's answers took too long. No answers: no.
  [[nodiscard]] bool pressed(Clock::time_point at) const;

 private:
  /// Answers of half a second; two of them, so that what is looked at never drops to nothing.
  struct Window {
    std::int64_t no{-1};  // since the clock's start
    std::int64_t answered{};
    std::int64_t slow{};
  };

  Clock::duration const p99_max_;
  mutable std::mutex guard_;
  std::array<Window, 2> windows_;
};

}  // namespace leadex::market
