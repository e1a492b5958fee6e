#pragma once
// LeadStories over the tables lead, disposition and lead_rest. Inside this room; lives for one
// database job.

#include <pqxx/transaction_base>

#include "server/storage/lead_stories.hpp"

namespace leadex::storage::postgres {

class PostgresLeadStories final : public LeadStories {
 public:
  explicit PostgresLeadStories(pqxx::transaction_base& tx) : tx_(tx) {}

  [[nodiscard]] std::optional<ScoredLeadRow> scored(Viewer viewer, LeadId lead) override;
  [[nodiscard]] LeadStoryRows story(Viewer viewer, LeadId lead) override;
  [[nodiscard]] std::optional<ToldSale> bought(std::int64_t buyer_no, SaleId sale) override;
  [[nodiscard]] std::optional<ToldSale> visible(Viewer viewer, SaleId sale) override;
  [[nodiscard]] std::vector<DispositionRow> told(Viewer viewer, SaleId sale) override;
  void add(DispositionRow const& word) override;
  [[nodiscard]] std::vector<LossCount> losses(Viewer viewer, LossFilter const& filter) override;

 private:
  pqxx::transaction_base& tx_;
};

}  // namespace leadex::storage::postgres
