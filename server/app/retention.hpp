#pragma once
// Retention: destroys the contacts of leads whose market keeps them for a time that is over, and
// forgets the visitors of clicks of more than a day ago. Safe to run twice, on any node, and to be
// killed anywhere. Any executor. See docs/decisions/0028-consent.md.

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>

#include "server/app/forget_persons.hpp"

namespace leadex::app {

struct RetentionOptions {
  /// Slices of a thousand leads follow each other for so long; at least one of each market.
  std::chrono::milliseconds budget{20'000};
  /// Walks that are over begin again at once: what somebody asked for does not wait for its hour.
  bool anew{};
};

/// One round: each market's walk over the leads that it still holds goes on where the last round of
/// any process ended, a slice of each in turn; then visitors, a million at most.
/// @return how many leads and visitors were forgotten
/// @cost   about 0.2 ms a lead that is destroyed, 10 µs one that is looked at
[[nodiscard]] boost::asio::awaitable<std::int64_t> run_retention(ForgetServices services,
                                                                 RetentionOptions options = {});

}  // namespace leadex::app
