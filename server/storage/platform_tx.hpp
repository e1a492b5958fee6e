#pragma once
// PlatformTx: one transaction of the platform's tables, as a database job sees it. Lives for the
// job only, on the pool's thread; never keep it, never hand it to a coroutine.

#include <functional>

#include "billing/values/time.hpp"
#include "server/storage/api_keys.hpp"
#include "server/storage/approvals.hpp"
#include "server/storage/audit.hpp"
#include "server/storage/claw_backs.hpp"
#include "server/storage/findings.hpp"
#include "server/storage/lead_estimates.hpp"
#include "server/storage/lead_stories.hpp"
#include "server/storage/lot_pictures.hpp"
#include "server/storage/lots.hpp"
#include "server/storage/markets.hpp"
#include "server/storage/numbers.hpp"
#include "server/storage/payouts.hpp"
#include "server/storage/planted.hpp"
#include "server/storage/platform_idempotency.hpp"
#include "server/storage/platform_ledger.hpp"
#include "server/storage/posted_signs.hpp"
#include "server/storage/tenants.hpp"
#include "server/storage/webhooks.hpp"

namespace leadex::storage {

class PlatformTx {
 public:
  virtual ~PlatformTx() = default;

  /// The instant of this transaction: the same for all of its rows.
  [[nodiscard]] virtual Timestamp now() const = 0;

  [[nodiscard]] virtual TenantRows& tenants() = 0;
  [[nodiscard]] virtual ApiKeyRows& api_keys() = 0;
  [[nodiscard]] virtual ApprovalRows& approvals() = 0;
  [[nodiscard]] virtual PayoutRows& payouts() = 0;
  [[nodiscard]] virtual PlatformLedger& ledger() = 0;
  [[nodiscard]] virtual ClawBackRows& claw_backs() = 0;
  [[nodiscard]] virtual FindingRows& findings() = 0;
  [[nodiscard]] virtual FraudRows& fraud() = 0;
  [[nodiscard]] virtual LeadStories& lead_stories() = 0;
  [[nodiscard]] virtual LeadEstimates& lead_estimates() = 0;
  [[nodiscard]] virtual PlatformIdempotency& idempotency() = 0;
  [[nodiscard]] virtual AuditRows& audit() = 0;
  [[nodiscard]] virtual WebhookRows& webhooks() = 0;
  [[nodiscard]] virtual MarketCatalog& markets() = 0;
  /// Commitments of a new market come with it; all else of lots has jobs of its own (LotStore).
  [[nodiscard]] virtual LotRows& lots() = 0;

  /// The next number of a platform kind (or of a market's fund_intent).
  [[nodiscard]] virtual std::int64_t next_number(MarketNo market, NumberKind kind) = 0;

  /// Runs `part` under a savepoint; what it wrote is undone when it returns false.
  virtual bool attempt(std::function<bool()> const& part) = 0;

  [[nodiscard]] virtual PlantedRows& planted() = 0;
  [[nodiscard]] virtual PostedSignRows& posted_signs() = 0;
};

}  // namespace leadex::storage
