#pragma once
// Promise: what the exchange adds when a lead brings its generator less than a ping was promised.
// The money comes from the market's promise account, which may go below zero. Pure; any thread.

#include <cstdint>
#include <optional>

#include "billing/ledger/transfer.hpp"
#include "billing/settlement/crossing.hpp"

namespace leadex {

/// What is missing of a promise, in one posted transfer for that lead; nothing when nothing is
/// missing. Both amounts are the generator's net sums, ≥ 0; never more than `promised`.
[[nodiscard]] std::optional<Transfer> keep_promise(Path promise_to_earned, Money promised,
                                                   Money brought, std::int64_t lead_no);

}  // namespace leadex
