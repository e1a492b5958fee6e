#pragma once
// TruthReads over tables finding, judged_period, holdout_outcome, sale, acquisition, conversion,
// return_case and contact. Any thread.

#include "server/storage/postgres/pool.hpp"
#include "server/storage/truth_reads.hpp"

namespace leadex::storage::postgres {

class PostgresTruthReads final : public TruthReads {
 public:
  /// @param pool  outlives this.
  explicit PostgresTruthReads(Pool& pool) : pool_(pool) {}
  [[nodiscard]] Later<std::vector<PastCases>> past_cases(MarketNo market,
                                                         std::int64_t since_us) override;
  [[nodiscard]] Later<std::vector<std::int32_t>> judged(MarketNo market,
                                                        std::int32_t from_day) override;
  [[nodiscard]] Later<std::vector<EventCounts>> conversions(MarketNo market,
                                                            SaleDays days) override;
  [[nodiscard]] Later<std::vector<EventCounts>> returns(MarketNo market, SaleDays days) override;
  [[nodiscard]] Later<std::vector<VerifiedSale>> verified(MarketNo market, SaleDays days) override;
  [[nodiscard]] Later<std::vector<ReturnedSale>> returned(
      MarketNo market, std::optional<std::int64_t> before_no) override;
  [[nodiscard]] Later<std::vector<ReportedSale>> reported(
      MarketNo market, std::optional<std::int64_t> before_no) override;
  [[nodiscard]] Later<std::vector<SealedLead>> contacts(
      MarketNo market, std::vector<std::int64_t> lead_nos) override;
  [[nodiscard]] Later<std::vector<UnverifiedSale>> unverified(MarketNo market,
                                                              std::optional<HoldoutCursor> before,
                                                              std::int64_t since_us) override;

 private:
  [[nodiscard]] Later<std::vector<EventCounts>> counts(char const* statement, MarketNo market,
                                                       SaleDays days);

  Pool& pool_;
};

}  // namespace leadex::storage::postgres
