#pragma once
// refresh_estimates: new estimates of what bids per acquisition are worth, from what became of the
// leads sold so far; and how well earlier ones foretold it. Safe to run twice, on any node. Any
// executor. See docs/decisions/0012-cpa-estimates.md.

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <functional>

#include "billing/values/time.hpp"
#include "matching/estimate/calibration.hpp"
#include "server/market/market_host.hpp"
#include "server/storage/conversion_reads.hpp"

namespace leadex::app {

struct EstimateServices {
  storage::ConversionReads& conversions;
  market::MarketHost& markets;
  std::function<Timestamp()> now;  ///< the wall clock
};

/// One round over all markets owned here that have sold leads. @return how many got a new version
[[nodiscard]] boost::asio::awaitable<std::int64_t> refresh_estimates(EstimateServices services);

struct EstimateReport {
  estimate::EstimateVersion in_force;
  /// What each day's estimates foretold of the leads (not the visits) sold that day; of days before
  /// the first version, what is assumed of a market without history.
  estimate::CalibrationReport calibration;
};

/// @errors of the store
[[nodiscard]] boost::asio::awaitable<Result<EstimateReport, storage::StoreError>> report_estimates(
    EstimateServices services, std::shared_ptr<market::MarketActor> market);

}  // namespace leadex::app
