#pragma once
// Verifier: reads the chains of audit and ledger from end to end and names the first row that does
// not fit. Blocking, in its own connection with a snapshot of its own: for tools, not for requests.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "billing/values/ids.hpp"
#include "billing/values/result.hpp"
#include "server/storage/store_error.hpp"

namespace leadex::storage {

struct AuditProblem {
  MarketNo stream{};
  std::int64_t first_bad_seq{};
  std::string reason;  ///< "changed", "gap", "head_mismatch", "truncated", "stored_head_differs", …
};

struct AuditReport {
  std::int64_t rows{};
  std::int64_t heads{};                ///< signed heads that were compared
  std::vector<AuditProblem> problems;  ///< the first of each stream
};

struct LedgerProblem {
  MarketNo market{};
  std::int64_t batch_seq{};   ///< 0 when the fault is not of one batch
  std::int64_t account_no{};  ///< 0 when it is not of one account
  std::string reason;
};

struct LedgerReport {
  std::int64_t batches{};
  std::int64_t transfers{};
  std::int64_t accounts{};
  std::optional<LedgerProblem> problem;  ///< the first
};

class Verifier {
 public:
  virtual ~Verifier() = default;

  /// All streams. `signed_heads` are the lines of the heads file: they show cut and rewritten ends.
  [[nodiscard]] virtual Result<AuditReport, StoreError> verify_audit(
      std::vector<std::string> const& signed_heads) = 0;

  /// Sales and auctions of a stream against its transfers and batches, the counters of every
  /// account against its transfers; for market 0 the hash chain too.
  [[nodiscard]] virtual Result<LedgerReport, StoreError> verify_ledger(MarketNo market) = 0;
};

}  // namespace leadex::storage
