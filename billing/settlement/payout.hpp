#pragma once
// Deposits and payouts: how money enters and leaves the platform's stream at the bank. Pure; any
// thread.

#include <optional>
#include <string_view>

#include "billing/ledger/transfer.hpp"
#include "billing/settlement/crossing.hpp"

namespace leadex {

/// Decimal places of a currency's coins by ISO 4217 (USD 2, JPY 0, KWD 3); nothing for a code of
/// another form than three capital letters. @source ISO 4217 list one
[[nodiscard]] std::optional<int> currency_exponent(std::string_view currency);

/// What can be sent of `available`: rounded down to the currency's smallest coin; 0 when nothing
/// or less is available. `exponent` 0 … 6.
[[nodiscard]] Money payout_amount(Money available, int exponent);

// `amount` > 0 in all of these.
[[nodiscard]] Transfer deposit(Path bank_to_wallet, Money amount);

/// A payout enters a run: the money leaves the earnings, so that no second run takes it.
[[nodiscard]] Transfer payout_drafted(Path earned_to_payout_clearing, Money amount);
/// The bank has sent it.
[[nodiscard]] Transfer payout_paid(Path payout_clearing_to_bank, Money amount);
/// It never left: back to the earnings.
[[nodiscard]] Transfer payout_failed(Path payout_clearing_to_earned, Money amount);
/// It had left and came back: to payout clearing; then payout_failed gives it back.
[[nodiscard]] Transfer payout_reversed(Path bank_to_payout_clearing, Money amount);

}  // namespace leadex
