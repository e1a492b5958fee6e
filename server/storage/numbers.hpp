#pragma once
// NumberRanges: numbers of rows, handed out from blocks of table number_range; gaps are allowed,
// repeats are not. Any thread. next and reserve may block on the database (one short statement on a
// connection of their own): call them in database jobs, at start or in tools, never on a strand.

#include <boost/asio/awaitable.hpp>
#include <cstdint>

#include "billing/values/ids.hpp"
#include "billing/values/result.hpp"
#include "server/storage/store_error.hpp"

namespace leadex::storage {

/// The numbers are stored: never renumber, only add. Platform kinds use market 0.
enum class NumberKind : std::uint8_t {
  tenant = 1,
  principal = 2,
  api_key = 3,
  approval = 4,
  payout_run = 5,
  payout = 6,
  webhook_endpoint = 7,
  webhook_delivery = 8,
  market = 9,
  claw_back = 10,
  postback_token = 11,
  finding = 12,
  fraud_case = 13,
  planted_contact = 14,
  fund_intent = 20,  // per market, both directions
  batch = 21,
  lead = 22,
  campaign = 23,
  bid = 24,
  order = 25,
  return_case = 26,
  spot_check = 27,
  commitment = 28,
  auction = 29,
  placement = 30,
};

class NumberRanges {
 public:
  virtual ~NumberRanges() = default;

  /// The next number, from 1. Touches the database once per block.
  [[nodiscard]] virtual Result<std::int64_t, StoreError> next(MarketNo market, NumberKind kind) = 0;

  /// The first of `count` > 0 numbers in a row, straight from the database.
  [[nodiscard]] virtual Result<std::int64_t, StoreError> reserve(MarketNo market, NumberKind kind,
                                                                 std::int64_t count) = 0;

  /// reserve on a thread of the pool, for coroutines.
  [[nodiscard]] virtual boost::asio::awaitable<Result<std::int64_t, StoreError>> reserve_later(
      MarketNo market, NumberKind kind, std::int64_t count) = 0;
};

}  // namespace leadex::storage
