#pragma once
// VerifierRows over tables check_verifier, tenant and principal. One database job.

#include <pqxx/transaction_base>

#include "billing/values/time.hpp"
#include "server/storage/check_verifiers.hpp"

namespace leadex::storage::postgres {

class PostgresVerifierRows final : public VerifierRows {
 public:
  PostgresVerifierRows(pqxx::transaction_base& tx, Timestamp now) : tx_(tx), now_(now) {}

  [[nodiscard]] std::optional<CheckVerifier> find(MarketNo market) override;
  [[nodiscard]] std::vector<CheckVerifier> all() override;
  void put(CheckVerifier const& verifier) override;
  void remove(MarketNo market) override;
  [[nodiscard]] std::optional<std::int64_t> principal_of(std::int64_t tenant_no) override;

 private:
  pqxx::transaction_base& tx_;
  Timestamp now_;
};

}  // namespace leadex::storage::postgres
