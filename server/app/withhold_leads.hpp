#pragma once
// withhold_leads: an entry of a buyer's own list reaches the leads that are there already, or on
// their way. Coroutine of any executor.

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "server/market/market_host.hpp"

namespace leadex::app {

/// Keeps the leads of these persons from the buyer in every market of this process. The entries are
/// committed before: each market looks the persons up in its own order, so what comes to it later
/// finds the list, and what came before is found here. Safe to repeat.
/// @param digests  16 bytes each, as table person has them.
/// @errors  the first market's that did not take it, after all were asked: not_owner where another
///          process has it, busy, deadline_passed, halted
[[nodiscard]] boost::asio::awaitable<Result<void, market::SubmitError>> withhold_leads(
    market::MarketHost& markets, std::int64_t buyer_no, std::vector<std::string> digests,
    std::chrono::steady_clock::time_point deadline);

/// The same in these markets. @return those that did not take it, with the reason
[[nodiscard]] boost::asio::awaitable<std::map<MarketNo, market::SubmitError>> withhold_leads_in(
    std::vector<std::shared_ptr<market::MarketActor>> markets, std::int64_t buyer_no,
    std::vector<std::string> digests, std::chrono::steady_clock::time_point deadline);

}  // namespace leadex::app
