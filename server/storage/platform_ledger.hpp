#pragma once
// PlatformLedger: the exchange's own stream (market 0) of the double-entry books. Each call books
// one batch inside the current database job and holds the stream's head until that job ends, so
// the stream has one writer at a time. Floors refuse; nothing is written by a refused call.
//
// Platform accounts carry their currency: sub_no is the ISO 4217 number (USD 840) for bank, wallet,
// generator_earned, payout_clearing and suspense, and the market's number for clearing, whose
// currency is that market's.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "billing/ledger/account.hpp"
#include "billing/ledger/transfer.hpp"
#include "billing/values/ids.hpp"
#include "billing/values/money.hpp"
#include "billing/values/result.hpp"
#include "billing/values/time.hpp"
#include "server/storage/market_rows.hpp"

namespace leadex::storage {

enum class PlatformRefusal : std::uint8_t {
  amount_not_positive,
  currency_unknown,    ///< no ISO 4217 code
  market_unknown,      ///< fund: no such market
  insufficient_funds,  ///< an account would fall below its floor
  overflow,            ///< a balance would leave int64
  intent_unknown,      ///< no such intent, of that direction
  intent_not_ready,    ///< the market's side has not left yet
  intent_applied,      ///< this side is booked already
};
[[nodiscard]] std::string_view text(PlatformRefusal refusal);

/// A batch of the platform's stream.
struct PlatformBatch {
  std::int64_t seq{};
  Timestamp at{};
};

struct FundIntent {
  MarketNo market{};
  std::int64_t intent_no{};
  IntentDirection direction{};
  std::int64_t tenant_no{};
  std::int64_t sub_no{};  ///< campaign, 0 = desk
  Money amount;
  std::optional<std::int64_t> platform_seq;
  std::optional<std::int64_t> market_seq;
};

struct PayoutAmount {
  std::int64_t payout_no{};
  std::int64_t tenant_no{};
  Money amount;
};

/// What a generator has on the platform's side.
struct Earned {
  std::int64_t tenant_no{};
  Money available;
};

struct AccountRow {
  MarketNo stream{};
  Account account;
};

struct TrialBalance {
  std::vector<AccountRow> accounts;  ///< at most `rows_max`, by stream and number
  bool truncated{};
  std::string posted_sum_micros;   ///< credits − debits over all of them, decimal; "0" when sound
  std::string pending_sum_micros;  ///< the same of what is pending
};

class PlatformLedger {
 public:
  virtual ~PlatformLedger() = default;

  /// bank → wallet. `reference` (the bank's, may name a person) is sealed into the batch's body.
  [[nodiscard]] virtual Result<PlatformBatch, PlatformRefusal> deposit(
      std::int64_t tenant_no, std::string_view currency, Money amount,
      std::string_view reference) = 0;

  /// wallet → clearing, and the intent that the market's fund command takes.
  [[nodiscard]] virtual Result<FundIntent, PlatformRefusal> fund_leaves(std::int64_t tenant_no,
                                                                        MarketNo market,
                                                                        std::int64_t campaign_no,
                                                                        Money amount) = 0;
  /// clearing → wallet, once per intent (direction defund, market side booked).
  [[nodiscard]] virtual Result<PlatformBatch, PlatformRefusal> defund_arrives(
      MarketNo market, std::int64_t intent_no) = 0;
  /// clearing → generator_earned, once per intent (direction remit, market side booked).
  [[nodiscard]] virtual Result<PlatformBatch, PlatformRefusal> earnings_arrive(
      MarketNo market, std::int64_t intent_no) = 0;
  /// generator_earned → clearing (may go negative), and the intent for the market's side.
  [[nodiscard]] virtual Result<FundIntent, PlatformRefusal> claw_back_leaves(std::int64_t tenant_no,
                                                                             MarketNo market,
                                                                             Money amount) = 0;
  /// claw_back_leaves for the generators whose earnings in that market are below zero, each for
  /// what is missing there and not on its way. `limit` > 0 generators.
  [[nodiscard]] virtual Result<std::vector<FundIntent>, PlatformRefusal> cover_claw_backs(
      MarketNo market, int limit) = 0;

  // One batch for all payouts of a run; the spans are not empty.
  [[nodiscard]] virtual Result<PlatformBatch, PlatformRefusal> payouts_drafted(
      std::int64_t run_no, std::string_view currency, std::span<PayoutAmount const> payouts) = 0;
  [[nodiscard]] virtual Result<PlatformBatch, PlatformRefusal> payouts_paid(
      std::int64_t run_no, std::string_view currency, std::span<PayoutAmount const> payouts) = 0;
  [[nodiscard]] virtual Result<PlatformBatch, PlatformRefusal> payouts_failed(
      std::int64_t run_no, std::string_view currency, std::span<PayoutAmount const> payouts) = 0;

  /// Intents with one side missing, oldest first. `limit` 1 … 10'000.
  [[nodiscard]] virtual std::vector<FundIntent> open_intents(int limit) = 0;
  [[nodiscard]] virtual std::optional<FundIntent> find_intent(MarketNo market,
                                                              std::int64_t intent_no) = 0;

  /// Generators whose platform earnings in that currency are above zero, locked against other
  /// writers of the stream until the job ends.
  [[nodiscard]] virtual std::vector<Earned> earned_locked(std::string_view currency, int limit) = 0;
  /// What a wallet has; 0 when it was never used.
  [[nodiscard]] virtual Money wallet(std::int64_t tenant_no, std::string_view currency) = 0;
  /// All accounts of a currency over platform and markets; the sums are computed in SQL.
  [[nodiscard]] virtual TrialBalance trial_balance(std::string_view currency, int rows_max) = 0;
};

}  // namespace leadex::storage
