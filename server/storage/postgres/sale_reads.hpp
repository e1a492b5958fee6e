#pragma once
// SaleReads over tables sale, return_case, contact and lead_key. Any thread.

#include <pqxx/transaction_base>

#include "server/storage/postgres/pool.hpp"
#include "server/storage/sale_reads.hpp"

namespace leadex::storage::postgres {

class PostgresSaleReads final : public SaleReads {
 public:
  /// @param pool  outlives this.
  explicit PostgresSaleReads(Pool& pool) : pool_(pool) {}
  [[nodiscard]] Later<std::vector<SaleView>> list(Viewer viewer, SaleFilter filter) override;
  [[nodiscard]] Later<std::optional<SaleView>> find(Viewer viewer, SaleId sale) override;
  [[nodiscard]] Later<bool> revoked_before_sale(Viewer buyer, SaleId sale) override;
  [[nodiscard]] Later<bool> erased(Viewer viewer, SaleId sale) override;
  [[nodiscard]] Later<std::optional<SealedContactRow>> contact(ContactRequest request) override;

 private:
  Pool& pool_;
};

/// For reads that show a sale beside other things.
[[nodiscard]] std::optional<SaleView> find_sale(pqxx::transaction_base& tx, Viewer viewer,
                                                SaleId sale);

}  // namespace leadex::storage::postgres
