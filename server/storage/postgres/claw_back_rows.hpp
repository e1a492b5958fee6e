#pragma once
// ClawBackRows over the table claw_back. Inside this room; lives for one database job.

#include <pqxx/transaction_base>

#include "server/storage/claw_backs.hpp"

namespace leadex::storage::postgres {

class PostgresClawBackRows final : public ClawBackRows {
 public:
  explicit PostgresClawBackRows(pqxx::transaction_base& tx) : tx_(tx) {}

  [[nodiscard]] std::optional<ClawBackSale> sale_locked(SaleId sale) override;
  void insert(ClawBackOrder const& order, bool ready) override;
  [[nodiscard]] std::optional<ClawBackOrder> find(std::int64_t order_no) override;
  void approve(std::int64_t order_no, std::int64_t principal_no) override;
  void give_up(std::int64_t order_no) override;
  [[nodiscard]] std::vector<OpenClawBack> open(std::optional<MarketNo> market, int limit) override;
  [[nodiscard]] std::vector<ClawBackRow> list(std::optional<std::int64_t> before_no,
                                              int limit) override;

 private:
  pqxx::transaction_base& tx_;
};

}  // namespace leadex::storage::postgres
