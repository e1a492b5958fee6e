#pragma once
// find_untruths: tests what buyers report (conversions, returns) and opens a case for each finding
// that has none open; staff decides those, and nobody is charged. Safe to run twice, on any node.
// Any executor. See docs/decisions/0013-buyer-truth.md.

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "billing/values/time.hpp"
#include "server/market/market_host.hpp"
#include "server/storage/database.hpp"
#include "server/storage/truth_reads.hpp"

namespace leadex::app {

struct UntruthServices {
  storage::TruthReads& truth;
  storage::Database& database;
  market::MarketHost& markets;
  /// By which the person of a lead is known, 16 bytes each, from its sealed contact in a market of
  /// that country; none when it does not open.
  std::function<std::vector<std::string>(LeadId, storage::SealedLead const&, std::string const&)>
      persons;
  std::function<Timestamp()> now;  ///< the wall clock
};

/// One round over all markets owned here. @return how many cases were opened
[[nodiscard]] boost::asio::awaitable<std::int64_t> find_untruths(UntruthServices services);

}  // namespace leadex::app
