#pragma once
// RestRows on PostgreSQL. See server/storage/rests.hpp.

#include <pqxx/transaction_base>

#include "server/storage/rests.hpp"

namespace leadex::storage::postgres {

class PostgresRestRows final : public RestRows {
 public:
  explicit PostgresRestRows(pqxx::transaction_base& tx) : tx_(tx) {}
  [[nodiscard]] std::vector<RestedLead> due(MarketNo market, std::int64_t now_us,
                                            int limit) override;
  void drop(MarketNo market, std::span<RestedRound const> rounds) override;
  bool withdraw(LeadId lead) override;
  bool withdraw(BatchId batch, LeadRange range) override;

 private:
  pqxx::transaction_base& tx_;
};

}  // namespace leadex::storage::postgres
