#include "server/market/real_time_pace.hpp"

namespace leadex::market {
namespace {

constexpr auto kWindow = std::chrono::milliseconds{500};
constexpr std::int64_t kOneIn = 100;  // p99

std::int64_t window_no(RealTimePace::Clock::time_point at) {
  return at.time_since_epoch() / kWindow;
}

}  // namespace

void RealTimePace::note(Clock::time_point at, Clock::duration took) {
  auto const no = window_no(at);
  std::lock_guard const lock{guard_};
  auto& window = windows_[static_cast<std::size_t>(no) % windows_.size()];
  if (window.no > no) return;  // of a thread that came late by a second
  if (window.no != no) window = Window{.no = no};
  ++window.answered;
  if (took > p99_max_) ++window.slow;
}

bool RealTimePace::pressed(Clock::time_point at) const {
  if (p99_max_ == Clock::duration::zero()) return false;
  auto const no = window_no(at);
  std::int64_t answered = 0;
  std::int64_t slow = 0;
  std::lock_guard const lock{guard_};
  for (auto const& window : windows_) {
    if (window.no < 0 || window.no < no - 1) continue;
    answered += window.answered;
    slow += window.slow;
  }
  return slow * kOneIn > answered;
}

}  // namespace leadex::market
