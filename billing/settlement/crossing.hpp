#pragma once
// Crossing: money between the platform's stream and a market's goes through a clearing account on
// both sides, one transfer each; the pair of clearing accounts nets to zero. Pure; any thread.

#include <cstdint>
#include <optional>

#include "billing/ledger/transfer.hpp"

namespace leadex {

/// From the debited to the credited account, by number; the accounts meant stand at each function.
struct Path {
  std::int64_t debit{};
  std::int64_t credit{};
};

// A buyer's money: platform wallet ↔ market budget. `amount` > 0.
[[nodiscard]] Transfer fund_leaves(Path wallet_to_clearing, Money amount);
[[nodiscard]] Transfer fund_arrives(Path clearing_to_budget, Money amount);
[[nodiscard]] Transfer defund_leaves(Path budget_to_clearing, Money amount);
[[nodiscard]] Transfer defund_arrives(Path clearing_to_wallet, Money amount);

/// A generator's settled earnings, market → platform: what is available above `keep` (≥ 0); nothing
/// when that is not positive, as after a claw-back.
[[nodiscard]] std::optional<Transfer> remit(Path earned_to_clearing, Money available, Money keep);
[[nodiscard]] Transfer earnings_arrive(Path clearing_to_earned, Money amount);

/// A claw-back that the market's own earnings did not cover, platform → market. `amount` > 0.
[[nodiscard]] Transfer claw_back_leaves(Path earned_to_clearing, Money amount);
[[nodiscard]] Transfer claw_back_arrives(Path clearing_to_earned, Money amount);

}  // namespace leadex
