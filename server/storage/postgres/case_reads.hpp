#pragma once
// CaseReads over table return_case and what belongs to its sale. Any thread.

#include "server/storage/case_reads.hpp"
#include "server/storage/postgres/pool.hpp"

namespace leadex::storage::postgres {

class PostgresCaseReads final : public CaseReads {
 public:
  /// @param pool  outlives this.
  explicit PostgresCaseReads(Pool& pool) : pool_(pool) {}
  [[nodiscard]] Later<std::vector<ReturnView>> list(Viewer viewer, CaseFilter filter) override;
  [[nodiscard]] Later<std::optional<ReturnView>> find(Viewer viewer, ReturnId id) override;
  [[nodiscard]] Later<std::optional<CaseFile>> dispute(Viewer viewer, DisputeId id) override;

 private:
  Pool& pool_;
};

}  // namespace leadex::storage::postgres
