#include <algorithm>

#include "server/api/paging.hpp"
#include "server/api/v1/intake_handlers.hpp"
#include "server/app/claim_check.hpp"
#include "server/app/record_verdict.hpp"
#include "server/json/object_reader.hpp"
#include "server/render/attributes.hpp"

namespace leadex::api {

namespace {

Result<CheckId, ApiProblem> check_of_path(ApiCall const& call) {
  auto const id = call.ctx.ids.open_as<CheckId>(call.param("check_id"));
  if (!id) return problem(Code::not_found);
  return *id;
}

template <class Enum, std::size_t N>
std::optional<Enum> word_of(std::string_view word, std::array<std::string_view, N> const& texts) {
  auto const at = std::ranges::find(texts, word);
  if (at == texts.end()) return std::nullopt;
  return static_cast<Enum>(at - texts.begin());
}

Result<storage::CheckFilter, ApiProblem> read_filter(ApiCall const& call, PageRequest const& page) {
  storage::CheckFilter filter{.limit = page.fetch()};
  auto const market = market_of_query(call);
  if (!market) return refuse(market.error());
  filter.market = *market;
  for (auto const& word : call.query_list("status")) {
    auto const status = word_of<storage::CheckStatus>(word, storage::kCheckStatusTexts);
    if (status) filter.statuses.push_back(*status);
  }
  if (auto const batch = call.query("batch_id")) {
    auto const id = call.ctx.ids.open_as<BatchId>(*batch);
    if (!id) return problem(Code::not_found);
    filter.batch = *id;
  }
  if (!page.after.empty()) filter.after = {page.after[0], page.after[1]};
  return filter;
}

void write_taken(json::JsonWriter& out, ApiContext const& ctx, app::VerdictTaken const& taken) {
  auto const scope = out.object();
  write_check(out, ctx, taken.check);
  std::optional<std::string_view> verdict;
  if (!storage::is_realtime(taken.check)) verdict = text(taken.batch.decision);
  out.field("batch_verdict", verdict);
}

}  // namespace

void write_claimed(json::JsonWriter& out, ApiContext const& ctx, app::ClaimedCheck const& claimed) {
  auto const& check = claimed.check;
  auto const market = ctx.markets.find(check.id.market);
  auto const settings = market ? market->settings(claimed.version) : nullptr;
  auto const scope = out.object();
  out.field("check_id", ctx.ids.seal(check.id));
  write_lot_of(out, ctx, check);
  out.field("lead_id", ctx.ids.seal(LeadId{check.id.market, check.lead_no}));
  auto const contact =
      json::parse(claimed.contact_json.empty() ? "{}" : claimed.contact_json.view());
  if (!contact) throw std::runtime_error("a stored contact is no JSON");
  out.key("contact");
  out.value(static_cast<json::Value const&>(*contact));
  std::vector<targeting::AttributeDef> definitions;
  if (settings) definitions = settings->rules.attributes;
  render::write_attributes(out, "attributes", definitions, claimed.attributes);
  out.field("lease_expires_at", check.lease_until);
}

asio::awaitable<ApiResult> list_spot_checks(ApiCall& call) {
  auto const page = read_page(call, 2);
  if (!page) co_return refuse(page.error());
  auto const filter = read_filter(call, *page);
  if (!filter) co_return refuse(filter.error());
  bool const verifier = call.principal.role == storage::Role::verifier;
  auto const principal_no = call.principal.principal_no;
  auto job = [filter = *filter, verifier, principal_no](storage::LotTx& tx) {
    return verifier ? tx.inspection().queue(filter, principal_no)
                    : tx.lots().waiting_checks(filter);
  };
  auto const checks = co_await call.ctx.intake->lots.store.transact(job);
  if (!checks) co_return refuse(problem_of(checks.error()));
  auto const write = [&](json::JsonWriter& out, storage::SpotCheck const& check) {
    auto const scope = out.object();
    write_check(out, call.ctx, check);
  };
  auto const key = [](storage::SpotCheck const& check) {
    return std::vector<std::int64_t>{check.id.market, check.id.no};
  };
  co_return answer_page(call, *page, *checks, write, key);
}

asio::awaitable<ApiResult> claim_spot_check(ApiCall& call) {
  auto const id = check_of_path(call);
  if (!id) co_return refuse(id.error());
  auto once = lot_once<app::ClaimedCheck>(call, write_claimed);
  auto const claimed =
      co_await app::claim_check(call.ctx.intake->lots, *id, actor_of(call), std::move(once));
  if (!claimed) co_return refuse(problem_of(claimed.error()));
  if (!claimed->fresh) co_return kept_answer_of(claimed->kept);
  json::JsonWriter out;
  write_claimed(out, call.ctx, *claimed->fresh);
  co_return answer(200, out);
}

asio::awaitable<ApiResult> record_verdict(ApiCall& call) {
  auto const id = check_of_path(call);
  if (!id) co_return refuse(id.error());
  json::FieldErrors errors;
  json::ObjectReader body{call.body, errors};
  app::GivenVerdict given{.check = *id};
  auto const verdict =
      word_of<storage::CheckVerdict>(body.require_string("verdict"), storage::kCheckVerdictTexts);
  given.reason = body.require_string("reason");
  given.note = body.optional_string("note");
  if (!body.ok() || !verdict) co_return invalid(std::move(errors));
  given.verdict = *verdict;

  auto& services = *call.ctx.intake;
  auto once = lot_once<app::VerdictTaken>(call, write_taken);
  auto const taken = co_await app::record_verdict(services.lots, std::move(given), actor_of(call),
                                                  std::move(once));
  if (!taken) co_return refuse(problem_of(taken.error()));
  if (!taken->fresh) co_return kept_answer_of(taken->kept);
  auto const& batch = taken->fresh->batch;
  if (batch.decision != storage::LotDecision::pending) {
    services.finish_later(batch.id);
  } else if (taken->fresh->stand_in_needed) {
    // The verdict stands whatever comes of this; a job draws the stand-in then.
    services.extend_later(batch.id);
  }
  json::JsonWriter out;
  write_taken(out, call.ctx, *taken->fresh);
  co_return answer(200, out);
}

asio::awaitable<ApiResult> decide_batch(ApiCall& call) {
  auto const id = batch_of_path(call);
  if (!id) co_return refuse(id.error());
  json::FieldErrors errors;
  json::ObjectReader body{call.body, errors};
  app::DecideLot given{.batch = *id};
  bool const accepted = body.require_string("decision") == "accept";
  given.decision = accepted ? storage::LotDecision::accepted : storage::LotDecision::rejected;
  given.reason = body.require_string("reason");
  if (!body.ok()) co_return invalid(std::move(errors));
  auto& services = *call.ctx.intake;
  auto once = lot_once<storage::Batch>(call, write_batch);
  auto const decided =
      co_await app::decide_lot(services.lots, std::move(given), actor_of(call), std::move(once));
  if (!decided) co_return refuse(problem_of(decided.error()));
  if (!decided->fresh) co_return kept_answer_of(decided->kept);
  services.finish_later(*id);
  json::JsonWriter out;
  write_batch(out, call.ctx, *decided->fresh);
  co_return answer(200, out);
}

}  // namespace leadex::api
