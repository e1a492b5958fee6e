#include "server/app/holdout.hpp"

#include <algorithm>

#include "matching/quality/under_reporting.hpp"

namespace leadex::app {

namespace {

/// Instants are told by the second, so an outcome may seem a moment older than its sale.
constexpr std::chrono::seconds kTold{1};

tl::unexpected<AppError> faulty(std::string pointer, std::string code, std::string detail) {
  return fail(AppCode::validation_failed, "The outcome has faults.",
              {{std::move(pointer), std::move(code), std::move(detail)}});
}

}  // namespace

bool held_out(privacy::KeyRing const& ring, SaleId sale, BasisPoints share) {
  crypto::Bytes name;
  crypto::append_be32(name, sale.market);
  crypto::append_be64(name, static_cast<std::uint64_t>(sale.lead_no));
  crypto::append_be32(name, static_cast<std::uint32_t>(sale.slot));
  auto const digest = ring.holdout().sign(crypto::ByteView{name});
  quality::DrawHash hash{};
  std::ranges::transform(digest, hash.begin(), [](std::uint8_t byte) { return std::byte{byte}; });
  return quality::in_holdout(hash, share);
}

AppResult<storage::HoldoutOutcome> record_outcome(AppTools const& tools, PlatformTx& tx,
                                                  Principal const& actor, BasisPoints share,
                                                  VerifiedOutcome const& verified) {
  if (auto allowed = require_admin(actor); !allowed) return refuse(allowed.error());
  auto const sale = tx.findings().holdout_sale(verified.sale);
  if (!sale) return faulty("/sale_id", "sale_unknown", "is no sale");
  if (sale->model != PricingModel::cpa || !sale->stands ||
      !held_out(tools.ring, verified.sale, share)) {
    return faulty("/sale_id", "not_held_out", "is not in the holdout");
  }
  if (verified.at > tx.now() || verified.at < sale->sold_at - kTold) {
    return faulty("/at", "value_invalid", "must lie between the sale and now");
  }
  storage::HoldoutOutcome const outcome{verified.sale, verified.converted, verified.at,
                                        actor.principal_no, tx.now()};
  if (!tx.findings().record(outcome)) {
    return fail(AppCode::wrong_state, "The outcome of this sale is recorded.");
  }
  audit(tx, actor.principal_no, "holdout.recorded", {sale->buyer_no, "sale", verified.sale.lead_no},
        AuditPayload{}
            .add("market", std::int64_t{verified.sale.market})
            .add("slot", std::int64_t{verified.sale.slot})
            .add("converted", std::int64_t{verified.converted ? 1 : 0}));
  return outcome;
}

}  // namespace leadex::app
