#pragma once
// The audit log in the database: appending to the chain of a stream, lists, heads. One database
// job; append_audit also serves stores that have a transaction of their own.

#include <pqxx/transaction_base>
#include <span>
#include <vector>

#include "billing/values/time.hpp"
#include "server/privacy/audit_chain.hpp"
#include "server/storage/audit.hpp"

namespace leadex::storage::postgres {

/// Locks the stream's head until the transaction ends (made at first use), chains the entries after
/// it and moves it. Call it last in a transaction: everybody who audits waits for it.
/// @param at  the instant of all entries.
void append_audit(pqxx::transaction_base& tx, Timestamp at, MarketNo stream,
                  std::span<AuditEntry const> entries);

/// A row as the chain hashes it.
[[nodiscard]] privacy::AuditRow chain_row(AuditRecord const& record);
[[nodiscard]] AuditRecord read_audit_record(pqxx::row const& row);
/// The columns that read_audit_record takes, in order; ends before "from audit".
#define LEADEX_AUDIT_COLUMNS                                                                 \
  "select stream, seq, at_us, principal_no, tenant_no, action, object_kind, object_market, " \
  "object_no, payload, hash "

class PostgresAuditRows final : public AuditRows {
 public:
  PostgresAuditRows(pqxx::transaction_base& tx, Timestamp now) : tx_(tx), now_(now) {}
  void append(MarketNo stream, std::span<AuditEntry const> entries) override {
    append_audit(tx_, now_, stream, entries);
  }
  [[nodiscard]] std::vector<AuditRecord> list(AuditFilter const& filter) override;
  [[nodiscard]] std::vector<AuditStreamHead> heads() override;

 private:
  pqxx::transaction_base& tx_;
  Timestamp now_;
};

}  // namespace leadex::storage::postgres
