#include "billing/values/check.hpp"
#include "server/api/v1/intake_handlers.hpp"

namespace leadex::api {

namespace {

Code code_of(app::LotRefusal refusal) {
  using app::LotRefusal;
  switch (refusal) {
    case LotRefusal::not_found:
      return Code::not_found;
    case LotRefusal::not_owner:
      return Code::not_owner;
    case LotRefusal::not_receiving:
    case LotRefusal::still_receiving:
    case LotRefusal::still_listing:
    case LotRefusal::not_needed:
    case LotRefusal::holds_another:
    case LotRefusal::resting:
      return Code::conflict;
    case LotRefusal::already_decided:
      return Code::already_decided;
    case LotRefusal::already_claimed:
      return Code::already_claimed;
    case LotRefusal::not_claimed:
      return Code::lease_expired;
    case LotRefusal::contact_gone:
      return Code::contact_gone;
    case LotRefusal::key_in_progress:
      return Code::in_progress;
    case LotRefusal::key_reused:
      break;
  }
  return Code::idempotency_key_reused;
}

std::string detail_of(app::LotRefusal refusal) {
  using app::LotRefusal;
  switch (refusal) {
    case LotRefusal::not_receiving:
      return "The upload is closed: it took too long, or it was taken back.";
    case LotRefusal::still_receiving:
      return "The upload is not at its end.";
    case LotRefusal::still_listing:
      return "The leads are on their way to the market; try again when the batch is listed.";
    case LotRefusal::holds_another:
      return "You hold another check: give its verdict first, or let its lease end.";
    case LotRefusal::resting:
      return "Nobody was reached twice today: try again tomorrow (UTC).";
    case LotRefusal::not_needed:
      return "The present state asks for no such step.";
    default:
      return {};
  }
}

}  // namespace

http::Response kept_answer_of(std::string const& body) {
  auto response = http::make_response(app::kLotStatus, "application/json", body);
  mark_replayed(response, true);
  return response;
}

ApiProblem problem_of(app::LotError const& error) {
  if (auto const* store = std::get_if<storage::StoreError>(&error)) return problem_of(*store);
  auto const refusal = std::get<app::LotRefusal>(error);
  return {code_of(refusal), detail_of(refusal), {}, {}};
}

storage::BatchViewer batch_viewer(ApiCall const& call) {
  return {.tenant_no = call.account_no(), .staff = call.staff()};
}

app::Actor actor_of(ApiCall const& call) {
  return {.principal_no = call.principal.principal_no, .tenant_no = call.principal.tenant_no};
}

Result<BatchId, ApiProblem> batch_of_path(ApiCall const& call) {
  auto const id = call.ctx.ids.open_as<BatchId>(call.param("id"));
  if (!id) return problem(Code::not_found);
  return *id;
}

Result<std::optional<MarketNo>, ApiProblem> market_of_query(ApiCall const& call) {
  auto const name = call.query("market");
  if (!name) return std::optional<MarketNo>{};
  auto const actor = call.ctx.markets.find(*name);
  if (!actor) return problem(Code::market_unknown);
  return std::optional{actor->market_no()};
}

std::string market_name(ApiContext const& context, MarketNo market) {
  auto const actor = context.markets.find(market);
  LEADEX_CHECK(actor != nullptr);  // a market is never taken away
  return actor->name();
}

void write_counts(json::JsonWriter& out, storage::BatchCounts const& counts) {
  auto const scope = out.object("counts");
  out.field("read", counts.read);
  out.field("accepted", counts.accepted);
  out.field("duplicate", counts.duplicate);
  out.field("suppressed", counts.suppressed);
  out.field("rejected", counts.rejected);
}

void write_batch(json::JsonWriter& out, ApiContext const& context, storage::Batch const& batch) {
  auto const actor = context.markets.find(batch.id.market);
  LEADEX_CHECK(actor != nullptr);
  auto const scope = out.object();
  out.field("id", context.ids.seal(batch.id));
  out.field("market", actor->name());
  // That an accepted lot is on its way to the market is nobody's business: it is not listed yet.
  bool const listing = batch.status == storage::BatchStatus::listing;
  out.field("status", text(listing ? storage::BatchStatus::checking : batch.status));
  {
    auto const progress = out.object("progress");
    out.field("rows", batch.counts.read);
    out.field("bytes", batch.bytes_read);
  }
  write_counts(out, batch.counts);
  out.field("commitment_no", batch.commitment_no);
  auto const settings = actor->settings(batch.market_version);
  if (settings) out.field("ask", batch.ask, settings->currency);
  auto const sealed = [&](std::int64_t no) {
    return context.ids.seal(BatchId{batch.id.market, no});
  };
  std::optional<std::string> corrects;
  if (batch.corrects_no) corrects = sealed(*batch.corrects_no);
  out.field("corrects", corrects);
  {
    auto const corrected_by = out.array("corrected_by");
    for (auto const no : batch.corrected_by) out.value(sealed(no));
  }
  out.field("created_at", batch.created_at);
  out.field("closed_at", batch.closed_at);
}

void write_reject(json::JsonWriter& out, storage::RowReject const& reject) {
  auto const scope = out.object();
  out.field("row", reject.row_no);
  out.field("external_id", reject.external_id);
  out.field("outcome", text(reject.outcome));
  out.field("code", reject.code);
  out.field("pointer", reject.pointer);
  out.field("detail", reject.detail);
  out.field("column", reject.own_column);
}

void write_lot_of(json::JsonWriter& out, ApiContext const& context,
                  storage::SpotCheck const& check) {
  if (storage::is_realtime(check)) {
    out.field("batch_id", nullptr);
    out.field("row", nullptr);
    return;
  }
  out.field("batch_id", context.ids.seal(BatchId{check.id.market, check.batch_no}));
  out.field("row", check.row_no);
}

void write_check(json::JsonWriter& out, ApiContext const& context,
                 storage::SpotCheck const& check) {
  auto const market = check.id.market;
  auto const word = [](auto const& maybe) {
    return maybe ? std::optional{text(*maybe)} : std::nullopt;
  };
  out.field("check_id", context.ids.seal(check.id));
  write_lot_of(out, context, check);
  out.field("lead_id", context.ids.seal(LeadId{market, check.lead_no}));
  out.field("market", market_name(context, market));
  out.field("status", text(check.status));
  out.field("attempts", check.attempts);
  out.field("verdict", word(check.verdict));
  out.field("reason", check.reason);
  out.field("lease_expires_at", check.lease_until);
}

}  // namespace leadex::api
