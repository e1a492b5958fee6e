#pragma once
// ConversionReads over tables conversion, sale and estimate_version. Any thread.

#include "server/storage/conversion_reads.hpp"
#include "server/storage/postgres/pool.hpp"

namespace leadex::storage::postgres {

class PostgresConversionReads final : public ConversionReads {
 public:
  /// @param pool  outlives this.
  explicit PostgresConversionReads(Pool& pool) : pool_(pool) {}
  [[nodiscard]] Later<std::vector<ConversionView>> list(Viewer viewer,
                                                        ConversionFilter filter) override;
  [[nodiscard]] Later<std::optional<ConversionView>> find(Viewer viewer, ConversionId id) override;
  [[nodiscard]] Later<std::optional<BoughtSale>> bought(std::int64_t buyer_no,
                                                        LeadId number) override;
  [[nodiscard]] Later<std::vector<SoldCounts>> sold_counts(MarketNo market,
                                                           CountedDays days) override;
  [[nodiscard]] Later<std::vector<estimate::EstimateVersion>> estimates(MarketNo market,
                                                                        int limit) override;

 private:
  Pool& pool_;
};

}  // namespace leadex::storage::postgres
