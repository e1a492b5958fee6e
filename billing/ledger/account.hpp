#pragma once
// Account: one balance of one stream (a market or the platform) with four counters after
// TigerBeetle's model; a balance is computed from them and never stored. Pure; any thread.

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace leadex {

/// What an account holds. The numbers are stored; new codes go at the end.
enum class AccountCode : std::uint8_t {
  bank,                ///< the exchange's money at its bank (platform); no floor
  wallet,              ///< a buyer's money (platform)
  budget,              ///< a campaign's or desk's money (market)
  generator_pending,   ///< sold, not yet settled (market)
  generator_earned,    ///< settled earnings; may go negative by a claw-back
  generator_holdback,  ///< settled, kept until the risk has passed (market)
  commission,          ///< the exchange's cut (market)
  inventory,           ///< leads the exchange bought itself (principal mode)
  promise,             ///< what the exchange pays to keep a promised price
  suspense,            ///< money not yet assigned
  payout_clearing,     ///< payouts on their way to the bank (platform)
  clearing,            ///< the other stream's side of a crossing; no floor, nets to zero
};

inline constexpr std::array<std::string_view, 12> kAccountCodeTexts{"bank",
                                                                    "wallet",
                                                                    "budget",
                                                                    "generator_pending",
                                                                    "generator_earned",
                                                                    "generator_holdback",
                                                                    "commission",
                                                                    "inventory",
                                                                    "promise",
                                                                    "suspense",
                                                                    "payout_clearing",
                                                                    "clearing"};

[[nodiscard]] constexpr std::string_view text(AccountCode code) {
  return kAccountCodeTexts.at(static_cast<std::size_t>(code));
}

/// The code of that text, as the API writes it; nothing for an unknown one.
[[nodiscard]] constexpr std::optional<AccountCode> account_code_from_text(std::string_view name) {
  for (std::size_t i = 0; i < kAccountCodeTexts.size(); ++i) {
    if (kAccountCodeTexts.at(i) == name) return static_cast<AccountCode>(i);
  }
  return std::nullopt;
}

/// The floor a new account gets: budgets, wallets and what is kept for others never go below zero;
/// bank, clearing, earnings (claw-backs) and the exchange's own accounts have no floor.
[[nodiscard]] constexpr std::optional<std::int64_t> default_floor_micros(AccountCode code) {
  switch (code) {
    case AccountCode::wallet:
    case AccountCode::budget:
    case AccountCode::generator_pending:
    case AccountCode::generator_holdback:
    case AccountCode::payout_clearing:
      return 0;
    default:
      return std::nullopt;
  }
}

/// One account of one stream. Counters are micros, never negative; each pending counter holds what
/// open two-phase transfers reserve.
struct Account {
  std::int64_t account_no{};
  AccountCode code{};
  std::int64_t owner_no{};  ///< number of the tenant's account; 0 = the exchange
  std::int64_t sub_no{};    ///< campaign number for budgets, market number for clearing, else 0
  std::optional<std::int64_t> floor_micros;
  std::int64_t debits_pending{};
  std::int64_t debits_posted{};
  std::int64_t credits_pending{};
  std::int64_t credits_posted{};

  /// What can be spent, in micros: pending debits are gone already, pending credits not there yet.
  [[nodiscard]] constexpr std::int64_t available() const {
    return credits_posted - debits_posted - debits_pending;
  }
  friend bool operator==(Account const&, Account const&) = default;
};

}  // namespace leadex
