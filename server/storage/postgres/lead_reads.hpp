#pragma once
// LeadReads over tables lead and commit_batch. Any thread.

#include <pqxx/transaction_base>

#include "server/storage/lead_reads.hpp"
#include "server/storage/postgres/pool.hpp"

namespace leadex::storage::postgres {

class PostgresLeadReads final : public LeadReads {
 public:
  /// @param pool  outlives this.
  explicit PostgresLeadReads(Pool& pool) : pool_(pool) {}
  [[nodiscard]] Later<std::optional<LeadView>> find(Viewer viewer, LeadId lead) override;
  [[nodiscard]] Later<std::vector<LeadRoundView>> rounds(Viewer viewer, LeadId lead) override;
  [[nodiscard]] Later<std::vector<LeadView>> listed(MarketNo market,
                                                    std::vector<std::int64_t> leads) override;
  [[nodiscard]] Later<PersonSeen> person_seen(MarketNo market, std::int64_t generator_no,
                                              std::vector<std::string> digests,
                                              std::int64_t since_us) override;
  [[nodiscard]] Later<std::optional<std::string>> batch_body(MarketNo market,
                                                             std::int64_t seq) override;

 private:
  Pool& pool_;
};

/// Column attributes of table lead.
[[nodiscard]] std::vector<market::AttributeText> read_attributes(pqxx::field const& field);

/// The lead behind a sale of the viewer's, as buyer or generator.
[[nodiscard]] std::optional<LeadView> lead_of_sale(pqxx::transaction_base& tx, Viewer viewer,
                                                   SaleId sale);

}  // namespace leadex::storage::postgres
