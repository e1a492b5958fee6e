#pragma once
// PlatformLedger over market_head, commit_batch, account, transfer and fund_intent of market 0. The
// head's row lock makes the job the stream's only writer; the floors are checked by the pure ledger
// first, and by the table's CHECK at last. One database job.

#include <functional>
#include <map>
#include <optional>
#include <pqxx/transaction_base>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "billing/ledger/ledger.hpp"
#include "billing/settlement/crossing.hpp"
#include "server/crypto/hash.hpp"
#include "server/privacy/key_ring.hpp"
#include "server/storage/platform_ledger.hpp"

namespace leadex::storage::postgres {

/// Reads an account row: account_no, code, owner_no, sub_no, floor_micros, debits_pending,
/// debits_posted, credits_pending, credits_posted, from column `first` on.
[[nodiscard]] Account read_account(pqxx::row const& row, int first = 0);

class PostgresPlatformLedger final : public PlatformLedger {
 public:
  using NextNumber = std::function<std::int64_t(MarketNo)>;

  /// @param next_intent  a fresh intent number of a market
  PostgresPlatformLedger(pqxx::transaction_base& tx, privacy::KeyRing const& ring, Timestamp now,
                         NextNumber next_intent)
      : tx_(tx), ring_(ring), now_(now), next_intent_(std::move(next_intent)) {}

  /// After a rollback to a savepoint: what was read or written since may not be true any more.
  void forget();

  [[nodiscard]] Result<PlatformBatch, PlatformRefusal> deposit(std::int64_t tenant_no,
                                                               std::string_view currency,
                                                               Money amount,
                                                               std::string_view reference) override;
  [[nodiscard]] Result<FundIntent, PlatformRefusal> fund_leaves(std::int64_t tenant_no,
                                                                MarketNo market,
                                                                std::int64_t campaign_no,
                                                                Money amount) override;
  [[nodiscard]] Result<PlatformBatch, PlatformRefusal> defund_arrives(
      MarketNo market, std::int64_t intent_no) override;
  [[nodiscard]] Result<PlatformBatch, PlatformRefusal> earnings_arrive(
      MarketNo market, std::int64_t intent_no) override;
  [[nodiscard]] Result<FundIntent, PlatformRefusal> claw_back_leaves(std::int64_t tenant_no,
                                                                     MarketNo market,
                                                                     Money amount) override;
  [[nodiscard]] Result<std::vector<FundIntent>, PlatformRefusal> cover_claw_backs(
      MarketNo market, int limit) override;
  [[nodiscard]] Result<PlatformBatch, PlatformRefusal> payouts_drafted(
      std::int64_t run_no, std::string_view currency,
      std::span<PayoutAmount const> payouts) override;
  [[nodiscard]] Result<PlatformBatch, PlatformRefusal> payouts_paid(
      std::int64_t run_no, std::string_view currency,
      std::span<PayoutAmount const> payouts) override;
  [[nodiscard]] Result<PlatformBatch, PlatformRefusal> payouts_failed(
      std::int64_t run_no, std::string_view currency,
      std::span<PayoutAmount const> payouts) override;
  [[nodiscard]] std::vector<FundIntent> open_intents(int limit) override;
  [[nodiscard]] std::optional<FundIntent> find_intent(MarketNo market,
                                                      std::int64_t intent_no) override;
  [[nodiscard]] std::vector<Earned> earned_locked(std::string_view currency, int limit) override;
  [[nodiscard]] Money wallet(std::int64_t tenant_no, std::string_view currency) override;
  [[nodiscard]] TrialBalance trial_balance(std::string_view currency, int rows_max) override;

 private:
  struct Head {
    std::int64_t epoch{};
    std::int64_t seq{};
    crypto::Digest hash{};
    std::int64_t last_at_us{};
  };
  enum class PayoutStep : std::uint8_t { drafted, paid, failed };

  void lock_head();
  /// The number of that account, loaded into the book; made (in memory) when it is new.
  [[nodiscard]] std::int64_t account(AccountCode code, std::int64_t owner_no, std::int64_t sub_no);
  /// Books the transfers and writes the batch with every row it changes.
  [[nodiscard]] Result<PlatformBatch, PlatformRefusal> commit(std::string body,
                                                              std::span<Transfer const> transfers);
  void write_accounts(std::span<Account const> accounts, std::int64_t seq);
  void write_transfers(std::span<Transfer const> transfers, std::int64_t seq);
  [[nodiscard]] std::optional<std::int64_t> market_currency(MarketNo market);
  [[nodiscard]] Result<FundIntent, PlatformRefusal> leave(FundIntent intent, AccountCode from,
                                                          Transfer (*build)(Path, Money));
  [[nodiscard]] Result<PlatformBatch, PlatformRefusal> arrive(MarketNo market,
                                                              std::int64_t intent_no,
                                                              IntentDirection direction,
                                                              AccountCode to,
                                                              Transfer (*build)(Path, Money));
  [[nodiscard]] Result<PlatformBatch, PlatformRefusal> payouts(
      PayoutStep step, std::int64_t run_no, std::string_view currency,
      std::span<PayoutAmount const> payouts);

  pqxx::transaction_base& tx_;
  privacy::KeyRing const& ring_;
  Timestamp now_;
  NextNumber next_intent_;
  std::optional<Head> head_;  // set once the row is locked
  Ledger book_;               // the accounts that this job touched
  std::map<std::tuple<AccountCode, std::int64_t, std::int64_t>, std::int64_t> numbers_;
  std::set<std::int64_t> stored_;  // accounts of the book that have a row
  std::int64_t next_account_no_{};
};

}  // namespace leadex::storage::postgres
