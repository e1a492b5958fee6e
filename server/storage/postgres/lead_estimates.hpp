#pragma once
// LeadEstimates over the tables lead_outcome and lead_estimate. Inside this room; lives for one
// database job.

#include <pqxx/transaction_base>

#include "server/storage/lead_estimates.hpp"

namespace leadex::storage::postgres {

class PostgresLeadEstimates final : public LeadEstimates {
 public:
  explicit PostgresLeadEstimates(pqxx::transaction_base& tx) : tx_(tx) {}

  [[nodiscard]] std::vector<LeadEstimateRow> versions(MarketNo market,
                                                      std::optional<std::int64_t> before_version,
                                                      int limit) override;
  void add(MarketNo market, LeadEstimateRow const& version) override;
  [[nodiscard]] std::int64_t recorded(MarketNo market) override;
  [[nodiscard]] std::vector<LeadOutcome> unread(MarketNo market, std::int64_t since_us,
                                                int limit) override;
  void record(MarketNo market, std::optional<std::int32_t> version,
              std::vector<NewLeadOutcome> const& outcomes) override;
  [[nodiscard]] std::vector<LeadOutcome> latest(MarketNo market, int limit) override;
  [[nodiscard]] std::vector<JudgedOutcome> judged(MarketNo market, std::int32_t first,
                                                  std::int32_t last, int limit) override;

 private:
  pqxx::transaction_base& tx_;
};

}  // namespace leadex::storage::postgres
