#pragma once
// LedgerReads over tables account, transfer and commit_batch. Any thread.

#include <pqxx/transaction_base>

#include "server/storage/ledger_reads.hpp"
#include "server/storage/postgres/pool.hpp"

namespace leadex::storage::postgres {

class PostgresLedgerReads final : public LedgerReads {
 public:
  /// Transfers looked at for one page.
  static constexpr std::int64_t kScanMax = 100'000;

  /// @param pool  outlives this.
  explicit PostgresLedgerReads(Pool& pool) : pool_(pool) {}
  [[nodiscard]] Later<std::vector<LedgerAccountView>> accounts(Viewer viewer,
                                                               LedgerAccountFilter filter) override;
  [[nodiscard]] Later<TransferPage> transfers(Viewer viewer, TransferFilter filter) override;
  [[nodiscard]] Later<std::vector<TransferView>> of_sale(Viewer viewer, SaleId sale) override;
  [[nodiscard]] Later<std::vector<EarningsView>> earnings(Viewer viewer) override;
  [[nodiscard]] Later<std::vector<Settled>> settled_earnings(MarketNo market, int limit) override;

 private:
  Pool& pool_;
};

/// The transfers of one sale that its award, its settlement or its return booked, oldest first.
/// All of them and alike for whoever may see the sale: no account of a party is named.
[[nodiscard]] std::vector<TransferView> case_transfers(pqxx::transaction_base& tx, Viewer viewer,
                                                       SaleId sale);

}  // namespace leadex::storage::postgres
