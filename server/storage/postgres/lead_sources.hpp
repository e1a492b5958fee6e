#pragma once
// LeadSources over the tables taxonomy_version, lead_source, lead and sale. Any thread.

#include "server/storage/lead_sources.hpp"
#include "server/storage/postgres/pool.hpp"

namespace leadex::storage::postgres {

class PostgresLeadSources final : public LeadSources {
 public:
  /// @param pool  outlives this.
  explicit PostgresLeadSources(Pool& pool) : pool_(pool) {}

  [[nodiscard]] Later<std::int64_t> put(MarketNo market, std::vector<LeadSource> sources) override;
  [[nodiscard]] Later<TaxonomyVersion> in_force(MarketNo market) override;
  [[nodiscard]] Later<std::optional<TaxonomyVersion>> taxonomy(
      MarketNo market, std::optional<std::int32_t> version) override;
  [[nodiscard]] Later<bool> add_taxonomy(TaxonomyVersion taxonomy, AuditEntry entry) override;
  [[nodiscard]] Later<std::int64_t> last_lead(MarketNo market) override;
  [[nodiscard]] Later<std::vector<SourcedLead>> leads(SourcedFilter filter,
                                                      LeadNumbers numbers) override;

 private:
  Pool& pool_;
};

}  // namespace leadex::storage::postgres
