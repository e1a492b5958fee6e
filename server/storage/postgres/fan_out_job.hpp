#pragma once
// One transaction of the fan-out: the market's lock, its next batches, what the worker asks about
// them, and the rows it makes. Inside this room only; on the pool's thread.

#include <pqxx/transaction_base>

#include "server/storage/deliveries.hpp"
#include "server/storage/numbers.hpp"

namespace leadex::storage::postgres {

/// Follows a market's batches from its cursor and moves the cursor behind them.
[[nodiscard]] FanOutStep follow_market(pqxx::transaction_base& tx, NumberRanges& numbers,
                                       MarketNo market, int batches_max,
                                       DeliveryStore::FanOutJob const& job);

/// Makes the deliveries of events told outside the markets' batches.
[[nodiscard]] FanOutStep follow_own_events(pqxx::transaction_base& tx, NumberRanges& numbers,
                                           int limit, Timestamp now);

}  // namespace leadex::storage::postgres
