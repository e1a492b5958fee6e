#pragma once
// From a chosen posted lead to its check, and from a verdict to what follows of it: a lead found
// bad goes off sale and its buyers have their money back, outside the ceiling of returns. Jobs run
// these; twice does no harm. Coroutines of any executor.

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <set>

#include "server/app/lot_services.hpp"
#include "server/crypto/public_id.hpp"

namespace leadex::app {

/// Opens the checks of chosen leads. Any one thread at a time.
class RealtimeChecks {
 public:
  /// @param ids  outlives this.
  RealtimeChecks(LotServices services, crypto::PublicIdCodec const& ids)
      : services_(services), ids_(ids) {}

  /// One round over the markets that are at work here. The first one of a market looks for all that
  /// were left without a check, later ones at the last days alone. @return how many were opened
  [[nodiscard]] boost::asio::awaitable<std::int64_t> open();

 private:
  [[nodiscard]] boost::asio::awaitable<std::int64_t> open_in(MarketNo market);

  LotServices services_;
  crypto::PublicIdCodec const& ids_;
  std::set<MarketNo> looked_through_;
};

/// Acts on verdicts that were not acted on: what a bad lead still has on sale is taken off, sales
/// that wait for delivery are voided, delivered ones inside their window come back by an automatic
/// ruling, returns that its buyers opened are accepted. Then the check counts for its source; a
/// source surely worse than acceptable is checked as tightened. What a market does not take now is
/// left to the next round. @return how many were acted on
[[nodiscard]] boost::asio::awaitable<std::int64_t> apply_realtime_verdicts(LotServices services);

}  // namespace leadex::app
