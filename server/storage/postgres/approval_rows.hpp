#pragma once
// ApprovalRows over table approval. One database job.

#include <pqxx/transaction_base>

#include "server/storage/approvals.hpp"

namespace leadex::storage::postgres {

class PostgresApprovalRows final : public ApprovalRows {
 public:
  explicit PostgresApprovalRows(pqxx::transaction_base& tx) : tx_(tx) {}
  void insert(Approval const& approval) override;
  [[nodiscard]] std::optional<Approval> find_locked(std::int64_t approval_no) override;
  void decide(std::int64_t approval_no, ApprovalState state, std::optional<std::int64_t> decided_by,
              Timestamp at) override;
  [[nodiscard]] std::vector<Approval> list(ApprovalFilter const& filter) override;

 private:
  pqxx::transaction_base& tx_;
};

}  // namespace leadex::storage::postgres
