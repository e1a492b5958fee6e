#include "server/app/markets.hpp"

#include <charconv>

#include "server/app/approvals.hpp"
#include "server/app/commitments.hpp"

namespace leadex::app {

namespace {

AppResult<void> publish_commitments(AppTools const& tools, storage::NumberRanges& numbers,
                                    PlatformTx& tx, MarketNo market) {
  auto const first = numbers.reserve(market, storage::NumberKind::commitment, kCommitmentsAhead);
  if (!first) return refuse(app_error(first.error()));
  std::vector<storage::Commitment> commitments;
  commitments.reserve(kCommitmentsAhead);
  for (std::int64_t no = *first; no < *first + kCommitmentsAhead; ++no) {
    commitments.push_back(make_commitment(tools.ring, market, no));
  }
  tx.lots().add_commitments(market, commitments);
  auto const entry = commitments_entry(market, commitments);
  tx.audit().append(market, {&entry, 1});
  return {};
}

storage::MarketVersion version_of(StatedMarket const& market, std::int32_t version,
                                  std::int64_t principal_no) {
  return {version, market.text, market::encode_value(settings_of(market.definition, version)),
          principal_no};
}

void audit_version(PlatformTx& tx, std::int64_t principal_no, std::string_view action,
                   storage::CatalogMarket const& market) {
  audit(tx, principal_no, action, {0, "market", market.no},
        AuditPayload().add("id", market.name).add("version", market.version));
}

}  // namespace

AppResult<storage::CatalogMarket> create_market(AppTools const& tools,
                                                storage::NumberRanges& numbers, PlatformTx& tx,
                                                Principal const& actor,
                                                StatedMarket const& market) {
  if (auto const allowed = require_admin(actor); !allowed) return refuse(allowed.error());
  auto const& definition = market.definition;
  if (auto faults = check_market_definition(definition); !faults.empty()) {
    return fail(AppCode::validation_failed, "The market's definition has faults.",
                std::move(faults));
  }
  auto const taken = fail(AppCode::wrong_state, "There is a market of that id already.");
  if (tx.markets().find(definition.id)) return taken;
  storage::CatalogMarket created;
  created.no = static_cast<MarketNo>(tx.next_number(0, storage::NumberKind::market));
  created.name = definition.id;
  created.title = definition.title;
  created.currency = definition.currency;
  created.country = definition.country;
  created.created_at = tx.now();
  created.version = 1;
  created.definition = market.text;
  if (!tx.markets().insert(created, version_of(market, 1, actor.principal_no))) return taken;
  if (auto const done = publish_commitments(tools, numbers, tx, created.no); !done) {
    return refuse(done.error());
  }
  audit_version(tx, actor.principal_no, "market.created", created);
  return created;
}

AppResult<MarketChanged> change_market(AppTools const& tools, PlatformTx& tx,
                                       Principal const& actor, storage::CatalogMarket current,
                                       MarketDefinition const& before, StatedMarket const& after) {
  if (auto const allowed = require_admin(actor); !allowed) return refuse(allowed.error());
  if (auto faults = check_market_definition(after.definition); !faults.empty()) {
    return fail(AppCode::validation_failed, "The market's definition has faults.",
                std::move(faults));
  }
  if (after.text == current.definition) return MarketChanged{std::move(current), {}};
  auto const next = current.version + 1;
  auto const version = version_of(after, next, actor.principal_no);
  if (!same_commission(before, after.definition)) {
    ApprovalRequest request;
    request.kind = kCommissionApproval;
    request.subject_no = current.no;
    request.payload = pack_fields(
        {std::to_string(next), after.definition.title, version.definition, version.settings});
    auto const approval_no = request_approval(tools, tx, actor, request);
    return MarketChanged{std::move(current), approval_no};
  }
  tx.markets().add_version(current.no, after.definition.title, version);
  current.title = after.definition.title;
  current.version = next;
  current.definition = after.text;
  audit_version(tx, actor.principal_no, "market.changed", current);
  return MarketChanged{std::move(current), {}};
}

AppResult<void> confirm_commission(AppTools const& /*tools*/, PlatformTx& tx,
                                   storage::Approval const& approval, std::string const& payload) {
  constexpr std::size_t kFields = 4;
  auto const fields = unpack_fields(payload, kFields);
  auto market = tx.markets().find_locked(static_cast<MarketNo>(approval.subject_no));
  std::int32_t version{};
  bool const sound = fields && std::from_chars(fields->at(0).data(),
                                               fields->at(0).data() + fields->at(0).size(), version)
                                       .ec == std::errc{};
  if (!sound || !market) {
    return fail(AppCode::internal_invariant, "This approval cannot be carried out.");
  }
  // What was asked for was asked of the version then; applied later it would undo what came since.
  if (market->version + 1 != version) {
    return fail(AppCode::wrong_state, "The market was changed since; ask for the change again.");
  }
  tx.markets().add_version(market->no, fields->at(1),
                           {version, fields->at(2), fields->at(3), approval.requested_by});
  market->version = version;
  audit_version(tx, approval.requested_by, "market.changed", *market);
  return {};
}

AppResult<storage::CatalogMarket> set_market_status(PlatformTx& tx, Principal const& actor,
                                                    std::string const& name,
                                                    storage::MarketStatus status) {
  if (auto const allowed = require_admin(actor); !allowed) return refuse(allowed.error());
  auto market = tx.markets().find_locked(name);
  if (!market) return fail(AppCode::not_found, "There is no such market.");
  if (market->status == status) return std::move(*market);
  tx.markets().set_status(market->no, status);
  market->status = status;
  audit_version(tx, actor.principal_no,
                status == storage::MarketStatus::halted ? "market.halted" : "market.resumed",
                *market);
  return std::move(*market);
}

}  // namespace leadex::app
