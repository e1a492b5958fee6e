#pragma once
// PayoutRows over tables payout_run and payout. One database job.

#include <pqxx/transaction_base>

#include "server/storage/payouts.hpp"

namespace leadex::storage::postgres {

class PostgresPayoutRows final : public PayoutRows {
 public:
  explicit PostgresPayoutRows(pqxx::transaction_base& tx) : tx_(tx) {}
  void insert(PayoutRun const& run) override;
  [[nodiscard]] std::optional<PayoutRun> find(std::int64_t run_no) override;
  [[nodiscard]] std::optional<PayoutRun> find_locked(std::int64_t run_no) override;
  [[nodiscard]] std::vector<PayoutRun> list(std::optional<std::int64_t> before_no,
                                            int limit) override;
  [[nodiscard]] std::vector<Payout> list_of(std::int64_t tenant_no,
                                            std::optional<std::int64_t> before_no,
                                            int limit) override;
  void approve(std::int64_t run_no, std::int64_t principal_no, Timestamp at) override;
  void set_status(std::int64_t run_no, PayoutStatus status,
                  std::optional<Timestamp> closed_at) override;

 private:
  [[nodiscard]] std::optional<PayoutRun> with_payouts(char const* statement, std::int64_t run_no);

  pqxx::transaction_base& tx_;
};

}  // namespace leadex::storage::postgres
