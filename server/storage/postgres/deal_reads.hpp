#pragma once
// DealReads over table deal. Any thread.

#include "server/storage/deal_reads.hpp"
#include "server/storage/postgres/pool.hpp"

namespace leadex::storage::postgres {

class PostgresDealReads final : public DealReads {
 public:
  /// @param pool  outlives this.
  explicit PostgresDealReads(Pool& pool) : pool_(pool) {}
  [[nodiscard]] Later<std::vector<DealView>> list(Viewer viewer, DealFilter filter) override;
  [[nodiscard]] Later<std::optional<DealView>> find(Viewer viewer, DealId id) override;
  [[nodiscard]] Later<std::optional<Role>> role_of(std::int64_t account_no) override;
  [[nodiscard]] Later<market::SetSourceTerms> source_terms(MarketNo market,
                                                           std::int64_t generator_no) override;

 private:
  Pool& pool_;
};

}  // namespace leadex::storage::postgres
