#pragma once
// FindingRows over the tables finding, judged_period and holdout_outcome. Inside this room; lives
// for one database job.

#include <pqxx/transaction_base>

#include "server/storage/findings.hpp"

namespace leadex::storage::postgres {

class PostgresFindingRows final : public FindingRows {
 public:
  explicit PostgresFindingRows(pqxx::transaction_base& tx) : tx_(tx) {}

  [[nodiscard]] bool open(NewFinding const& found, OpeningTimes const& at) override;
  [[nodiscard]] std::optional<FindingCase> find(MarketNo market, std::int64_t finding_no) override;
  [[nodiscard]] std::vector<FindingCase> list(FindingFilter const& filter) override;
  [[nodiscard]] bool decide(FindingCase const& decided) override;

  void mark_judged(MarketNo market, std::int32_t from_day, Timestamp at) override;

  [[nodiscard]] std::optional<HoldoutSale> holdout_sale(SaleId sale) override;
  [[nodiscard]] bool record(HoldoutOutcome const& outcome) override;

 private:
  pqxx::transaction_base& tx_;
};

}  // namespace leadex::storage::postgres
