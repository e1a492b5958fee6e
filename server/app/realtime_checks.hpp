#pragma once
// From a chosen posted lead to its check, and from a verdict to what follows of it: a lead found
// bad goes off sale and its buyers have their money back, outside the ceiling of returns. Jobs run
// these; twice does no harm. Coroutines of any executor.

#include <boost/asio/awaitable.hpp>
#include <cstdint>

#include "server/app/lot_services.hpp"
#include "server/crypto/public_id.hpp"

namespace leadex::app {

struct RealtimeServices {
  LotServices lots;
  crypto::PublicIdCodec const& ids;
};

/// Opens the checks of chosen leads that have none. @param days_back  leads of older days are not
/// looked for: as many as the store may have been away
/// @return how many were opened
[[nodiscard]] boost::asio::awaitable<std::int64_t> open_realtime_checks(RealtimeServices services,
                                                                        std::int32_t days_back);

/// Acts on verdicts that were not acted on: what a bad lead still has on sale is taken off, sales
/// that wait for delivery are voided, delivered ones inside their window come back by an automatic
/// ruling, returns that its buyers opened are accepted. Then the check counts for its source; a
/// source surely worse than acceptable is checked as tightened. What a market does not take now is
/// left to the next round. @return how many were acted on
[[nodiscard]] boost::asio::awaitable<std::int64_t> apply_realtime_verdicts(LotServices services);

}  // namespace leadex::app
