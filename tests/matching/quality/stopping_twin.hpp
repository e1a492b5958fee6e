#pragma once
// The slow, plain twin of stopping plans: goes through every order in which a lot's rows can be
// drawn, one by one, and counts. For lots of at most some twenty rows. One thread.

#include <cstdint>

#include "matching/quality/stopping_plan.hpp"

namespace leadex::quality {

struct CountedOrders {
  std::int64_t orders{};  // all places the bad rows can take
  std::int64_t accepted{};
  std::int64_t rejected{};
  std::int64_t checks{};  // of all orders together
};

/// By the published bounds, not by the steps, so that both are compared.
inline CountedOrders count_orders(StoppingPlan const& plan, std::int64_t bad_rows) {
  auto const accepts = accept_at(plan);
  auto const rejects = reject_at(plan);
  CountedOrders counted;
  auto const rows = static_cast<unsigned>(plan.lot_size);
  for (std::uint32_t places = 0; places < (1U << rows); ++places) {
    if (__builtin_popcount(places) != bad_rows) continue;
    ++counted.orders;
    std::int64_t bad = 0;
    for (std::size_t n = 0;; ++n) {
      if (bad <= accepts.at(n)) {
        ++counted.accepted;
        break;
      }
      if (bad >= rejects.at(n)) {
        ++counted.rejected;
        break;
      }
      bad += (places >> n) & 1U;
      ++counted.checks;
    }
  }
  return counted;
}

}  // namespace leadex::quality
