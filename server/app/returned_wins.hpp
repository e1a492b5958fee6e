#pragma once
// Leads that their buyers returned and yet won, themselves or as another lead of the same person.
// For find_untruths; any executor. See docs/decisions/0013-buyer-truth.md.

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <vector>

#include "server/app/buyer_tests.hpp"
#include "server/app/find_untruths.hpp"

namespace leadex::app {

/// Of the newest returns and conversions since then, 20,000 of each at most. Contacts of both are
/// opened to see whose they are, and nothing of them is kept; what was erased is compared by its
/// lead alone. @return nothing when the store does not answer
[[nodiscard]] boost::asio::awaitable<std::vector<storage::NewFinding>> find_returned_wins(
    UntruthServices services, std::shared_ptr<market::MarketActor> market, std::int64_t since_us,
    PastFindings past);

}  // namespace leadex::app
