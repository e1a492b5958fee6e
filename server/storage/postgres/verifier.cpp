#include "server/storage/postgres/verifier.hpp"

#include <functional>
#include <utility>

#include "server/storage/postgres/audit_check.hpp"
#include "server/storage/postgres/ledger_check.hpp"
#include "server/storage/postgres/session.hpp"
#include "server/storage/postgres/statement.hpp"

namespace leadex::storage::postgres {

namespace {

constexpr char const* kOneSnapshot = "set transaction isolation level repeatable read, read only";

class PostgresVerifier final : public Verifier {
 public:
  PostgresVerifier(std::string conninfo, crypto::Ed25519PublicKey head_key)
      : session_({.conninfo = std::move(conninfo),
                  .statement_timeout = std::chrono::minutes(30),
                  .idle_in_transaction_timeout = std::chrono::minutes(30)}),
        head_key_(std::move(head_key)) {}

  [[nodiscard]] Result<AuditReport, StoreError> verify_audit(
      std::vector<std::string> const& signed_heads) override {
    AuditReport report;
    auto const done = session_.run([&](pqxx::work& tx) {
      execute(tx, kOneSnapshot);
      report = check_audit(tx, head_key_, signed_heads);
      return false;
    });
    if (!done) return refuse(done.error());
    return report;
  }

  [[nodiscard]] Result<LedgerReport, StoreError> verify_ledger(MarketNo market) override {
    LedgerReport report;
    auto const done = session_.run([&](pqxx::work& tx) {
      execute(tx, kOneSnapshot);
      report = check_ledger(tx, market);
      return false;
    });
    if (!done) return refuse(done.error());
    return report;
  }

 private:
  Session session_;
  crypto::Ed25519PublicKey head_key_;
};

}  // namespace

std::unique_ptr<Verifier> make_verifier(std::string conninfo, crypto::Ed25519PublicKey head_key) {
  return std::make_unique<PostgresVerifier>(std::move(conninfo), std::move(head_key));
}

}  // namespace leadex::storage::postgres
