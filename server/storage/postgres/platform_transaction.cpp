#include "server/storage/postgres/platform_transaction.hpp"

#include <chrono>

#include "server/storage/postgres/api_key_rows.hpp"
#include "server/storage/postgres/approval_rows.hpp"
#include "server/storage/postgres/audit_rows.hpp"
#include "server/storage/postgres/claw_back_rows.hpp"
#include "server/storage/postgres/finding_rows.hpp"
#include "server/storage/postgres/fraud_rows.hpp"
#include "server/storage/postgres/lead_estimates.hpp"
#include "server/storage/postgres/lead_stories.hpp"
#include "server/storage/postgres/lot_rows.hpp"
#include "server/storage/postgres/market_catalog.hpp"
#include "server/storage/postgres/payout_rows.hpp"
#include "server/storage/postgres/planted_rows.hpp"
#include "server/storage/postgres/platform_idempotency.hpp"
#include "server/storage/postgres/platform_ledger.hpp"
#include "server/storage/postgres/posted_sign_rows.hpp"
#include "server/storage/postgres/statement.hpp"
#include "server/storage/postgres/tenant_rows.hpp"
#include "server/storage/postgres/webhook_rows.hpp"

namespace leadex::storage::postgres {

namespace {

class Transaction final : public PlatformTx {
 public:
  Transaction(pqxx::work& tx, NumberRanges& numbers, privacy::KeyRing const& ring, Timestamp now)
      : tx_(tx),
        numbers_(numbers),
        now_(now),
        tenants_(tx),
        api_keys_(tx),
        approvals_(tx),
        payouts_(tx),
        ledger_(tx, ring, now,
                [this](MarketNo market) { return next_number(market, NumberKind::fund_intent); }),
        claw_backs_(tx),
        findings_(tx),
        fraud_(tx),
        planted_(tx),
        posted_signs_(tx),
        lead_stories_(tx),
        lead_estimates_(tx),
        idempotency_(tx, ring, now),
        audit_(tx, now),
        webhooks_(tx, numbers),
        markets_(tx),
        lots_(tx, now) {}

  [[nodiscard]] Timestamp now() const override { return now_; }
  [[nodiscard]] TenantRows& tenants() override { return tenants_; }
  [[nodiscard]] ApiKeyRows& api_keys() override { return api_keys_; }
  [[nodiscard]] ApprovalRows& approvals() override { return approvals_; }
  [[nodiscard]] PayoutRows& payouts() override { return payouts_; }
  [[nodiscard]] PlatformLedger& ledger() override { return ledger_; }
  [[nodiscard]] ClawBackRows& claw_backs() override { return claw_backs_; }
  [[nodiscard]] FindingRows& findings() override { return findings_; }
  [[nodiscard]] FraudRows& fraud() override { return fraud_; }
  [[nodiscard]] PlantedRows& planted() override { return planted_; }
  [[nodiscard]] PostedSignRows& posted_signs() override { return posted_signs_; }
  [[nodiscard]] LeadStories& lead_stories() override { return lead_stories_; }
  [[nodiscard]] LeadEstimates& lead_estimates() override { return lead_estimates_; }
  [[nodiscard]] PlatformIdempotency& idempotency() override { return idempotency_; }
  [[nodiscard]] AuditRows& audit() override { return audit_; }
  [[nodiscard]] WebhookRows& webhooks() override { return webhooks_; }
  [[nodiscard]] MarketCatalog& markets() override { return markets_; }
  [[nodiscard]] LotRows& lots() override { return lots_; }

  [[nodiscard]] std::int64_t next_number(MarketNo market, NumberKind kind) override {
    auto const number = numbers_.next(market, kind);
    if (!number) throw JobFailed(number.error());
    return *number;
  }

  bool attempt(std::function<bool()> const& part) override {
    execute(tx_, "savepoint part");
    bool const keep = part();
    if (!keep) {
      execute(tx_, "rollback to savepoint part");
      ledger_.forget();
    }
    execute(tx_, "release savepoint part");
    return keep;
  }

 private:
  pqxx::work& tx_;
  NumberRanges& numbers_;
  Timestamp now_;
  PostgresTenantRows tenants_;
  PostgresApiKeyRows api_keys_;
  PostgresApprovalRows approvals_;
  PostgresPayoutRows payouts_;
  PostgresPlatformLedger ledger_;
  PostgresClawBackRows claw_backs_;
  PostgresFindingRows findings_;
  PostgresFraudRows fraud_;
  PostgresPlantedRows planted_;
  PostgresPostedSignRows posted_signs_;
  PostgresLeadStories lead_stories_;
  PostgresLeadEstimates lead_estimates_;
  PostgresIdempotency idempotency_;
  PostgresAuditRows audit_;
  PostgresWebhookRows webhooks_;
  PostgresMarketCatalog markets_;
  PostgresLotRows lots_;
};

Timestamp system_now() {
  return std::chrono::time_point_cast<Micros>(std::chrono::system_clock::now());
}

}  // namespace

bool run_platform_job(pqxx::work& tx, NumberRanges& numbers, privacy::KeyRing const& ring,
                      Timestamp now, Database::Job const& job) {
  Transaction transaction(tx, numbers, ring, now);
  return job(transaction);
}

PostgresDatabase::PostgresDatabase(Pool& pool, NumberRanges& numbers, privacy::KeyRing const& ring,
                                   WallClock clock)
    : pool_(pool),
      numbers_(numbers),
      ring_(ring),
      clock_(clock ? std::move(clock) : WallClock(system_now)) {}

boost::asio::awaitable<Result<void, StoreError>> PostgresDatabase::run(Job job) {
  co_return co_await pool_.run_job(wrap(std::move(job)));
}

Result<void, StoreError> PostgresDatabase::run_now(Job job) {
  return pool_.run_job_now(wrap(std::move(job)));
}

Pool::Job PostgresDatabase::wrap(Job job) const {
  return [this, job = std::move(job)](pqxx::work& tx) {
    return run_platform_job(tx, numbers_, ring_, clock_(), job);
  };
}

}  // namespace leadex::storage::postgres
