#pragma once
// Commission: how the gross price of a sale splits into the exchange's cut and the generator's net,
// what is held back of the net, and how a partial credit shrinks both. Pure; any thread.

#include <optional>

#include "billing/values/money.hpp"

namespace leadex {

/// The market's rule as snapshotted with the sale.
struct CommissionRule {
  BasisPoints rate;              ///< 0 … 10'000
  std::optional<Money> minimum;  ///< ≥ 0
  std::optional<Money> maximum;  ///< ≥ minimum
  friend bool operator==(CommissionRule const&, CommissionRule const&) = default;
};

/// Whether the rule can be stored: rate within 0 … 10'000, 0 ≤ minimum ≤ maximum.
[[nodiscard]] bool valid(CommissionRule const& rule);

/// A gross price in its two parts; commission + net = gross to the micro, neither is negative.
struct SalePrice {
  Money gross;
  Money commission;
  Money net;
  friend bool operator==(SalePrice const&, SalePrice const&) = default;
};

/// commission = half-even(gross × rate / 10'000) to the micro, then raised to the minimum, then cut
/// to the maximum, never above gross; net = gross − commission. `gross` ≥ 0 and a valid rule are
/// invariants.
[[nodiscard]] SalePrice price_sale(Money gross, CommissionRule const& rule);

/// floor(net × rate / 10'000) to the micro; net ≥ 0, rate 0 … 10'000.
[[nodiscard]] Money holdback_of(Money net, BasisPoints rate);

/// The part of a sale that goes back to the buyer once `credited` of `sold.gross` in all has been
/// credited (0 ≤ credited ≤ gross): the buyer gets exactly `credited` (result.gross), the
/// commission gives half-even(commission × credited / gross), the net gives the rest. Counting from
/// the start of the sale makes two credits of a half equal to one of the whole.
[[nodiscard]] SalePrice credited_part(SalePrice const& sold, Money credited);

}  // namespace leadex
