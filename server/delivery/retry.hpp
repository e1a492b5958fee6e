#pragma once
// When a webhook is tried again, and what its receiver asked for. Pure; any thread. Schedule and
// meanings of the answers: Standard Webhooks 1.0.0.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "billing/values/time.hpp"

namespace leadex::delivery {

using std::chrono::milliseconds;

struct RetryOptions {
  /// Waiting before attempt n + 1, from the first on: 75.6 hours in all.
  std::vector<milliseconds> waits{
      std::chrono::seconds(5), std::chrono::minutes(5), std::chrono::minutes(30),
      std::chrono::hours(2),   std::chrono::hours(5),   std::chrono::hours(10),
      std::chrono::hours(14),  std::chrono::hours(20),  std::chrono::hours(24)};
  /// The first wait where a sale depends on the answer; each one after is twice as long, up to the
  /// last.
  milliseconds sale_first{1000};
  milliseconds sale_last{32'000};
  milliseconds retry_after_max{std::chrono::hours(24)};
  std::chrono::hours disable_after{std::chrono::hours(24 * 5)};
};

/// Before the attempt after number `attempts` (≥ 1); nothing when that was the last.
/// @param jitter  0 … 9999, spreads the wait over ±10 %
[[nodiscard]] std::optional<milliseconds> wait_after(RetryOptions const& options, int attempts,
                                                     int jitter);
/// The same where a sale's deadline bounds the attempts.
[[nodiscard]] milliseconds sale_wait_after(RetryOptions const& options, int attempts, int jitter);

/// A Retry-After header: seconds or a date (IMF-fixdate); nothing when it is neither, never
/// negative.
[[nodiscard]] std::optional<milliseconds> parse_retry_after(std::string_view text, Timestamp now);

/// Before this instant a confirming attempt is begun, and until `due` it may last; after that the
/// sale is about to go to the next bidder, who alone may have the contact.
[[nodiscard]] Timestamp last_attempt_at(Timestamp sold_at, Timestamp due);

}  // namespace leadex::delivery
