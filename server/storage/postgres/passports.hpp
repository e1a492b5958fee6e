#pragma once
// PassportReads over the tables lead, lead_source, batch, spot_check, lead_rest, sale. Any thread.

#include "server/storage/passports.hpp"
#include "server/storage/postgres/pool.hpp"

namespace leadex::storage::postgres {

class PostgresPassportReads final : public PassportReads {
 public:
  /// @param pool  outlives this.
  explicit PostgresPassportReads(Pool& pool) : pool_(pool) {}

  [[nodiscard]] Later<std::optional<PassportFacts>> of_lead(Viewer viewer, LeadId lead) override;
  [[nodiscard]] Later<std::optional<PassportFacts>> of_sale(Viewer viewer, SaleId sale) override;

 private:
  Pool& pool_;
};

}  // namespace leadex::storage::postgres
