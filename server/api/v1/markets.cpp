// Markets: opening, changing, halting by admins; reading by everybody with an account.

#include "server/app/markets.hpp"

#include "server/api/market_ref.hpp"
#include "server/api/paging.hpp"
#include "server/api/v1/market_json.hpp"
#include "server/api/v1/staff.hpp"

namespace leadex::api {

namespace {

app::Answer answer_of(int status, storage::CatalogMarket const& market) {
  json::JsonWriter writer;
  write_market(writer, market, true);  // only staff opens and changes markets
  return {status, writer.str()};
}

app::Answer waiting(ApiContext const& context, std::int64_t approval_no) {
  constexpr int kAccepted = 202;
  json::JsonWriter writer;
  {
    auto const whole = writer.object();
    writer.field("approval_id", context.ids.seal(crypto::IdKind::approval, 0, approval_no));
  }
  return {kAccepted, writer.str()};
}

std::vector<app::FieldFault> faults_of(json::FieldErrors const& errors) {
  std::vector<app::FieldFault> faults;
  for (auto const& error : errors) faults.push_back({error.pointer, error.code, error.detail});
  return faults;
}

Answered set_status(ApiCall& call, storage::MarketStatus status) {
  app::AnswerAction action = [actor = call.principal, name = std::string{call.param("id")},
                              status](storage::PlatformTx& tx) -> app::AppResult<app::Answer> {
    auto const market = app::set_market_status(tx, actor, name, status);
    if (!market) return refuse(market.error());
    return answer_of(200, *market);
  };
  auto result = co_await transact_once(call, std::move(action));
  if (result) co_await call.ctx.markets.refresh();
  co_return result;
}

/// The campaign that takes what nobody took must be one of the market; a new one has none.
void resolve_fallback(crypto::PublicIdCodec const& ids, std::optional<MarketNo> market,
                      app::MarketDefinition& definition, json::FieldErrors& errors) {
  definition.fallback_campaign_no = 0;
  if (definition.fallback_campaign.empty()) return;
  auto const id = ids.open_as<CampaignId>(definition.fallback_campaign);
  if (id && market && id->market == *market) {
    definition.fallback_campaign_no = id->no;
  } else {
    errors.push_back(
        {"/auction/routing/fallback_campaign", "campaign_unknown", "No campaign of this market."});
  }
}

}  // namespace

Answered create_market(ApiCall& call) {
  app::StatedMarket stated;
  json::FieldErrors errors;
  read_market_definition(call.body, stated.definition, errors);
  resolve_fallback(call.ctx.ids, std::nullopt, stated.definition, errors);
  if (!errors.empty()) co_return invalid(std::move(errors));
  stated.text = market_definition_text(stated.definition);

  app::AnswerAction action = [tools = app_tools(call.ctx), numbers = &call.ctx.numbers,
                              actor = call.principal,
                              stated](storage::PlatformTx& tx) -> app::AppResult<app::Answer> {
    auto const market = app::create_market(tools, *numbers, tx, actor, stated);
    if (!market) return refuse(market.error());
    return answer_of(201, *market);
  };
  auto result = co_await transact_once(call, std::move(action), "/v1/markets/");
  if (result) co_await call.ctx.markets.refresh();
  co_return result;
}

Answered patch_market(ApiCall& call) {
  auto* const context = &call.ctx;
  auto const* const body = &call.body;  // outlives the transaction, which is awaited here
  app::AnswerAction action = [tools = app_tools(call.ctx), context, body, actor = call.principal,
                              name = std::string{call.param("id")}](
                                 storage::PlatformTx& tx) -> app::AppResult<app::Answer> {
    auto current = tx.markets().find_locked(name);
    if (!current) return app::fail(app::AppCode::not_found, "There is no such market.");
    auto const before = stored_definition(*current);
    app::StatedMarket after{before, {}};
    json::FieldErrors errors;
    read_market_definition(*body, after.definition, errors);
    resolve_fallback(context->ids, current->no, after.definition, errors);
    if (!errors.empty()) {
      return app::fail(app::AppCode::validation_failed, {}, faults_of(errors));
    }
    after.text = market_definition_text(after.definition);
    auto const changed = app::change_market(tools, tx, actor, std::move(*current), before, after);
    if (!changed) return refuse(changed.error());
    if (changed->approval_no) return waiting(*context, *changed->approval_no);
    return answer_of(200, changed->market);
  };
  auto result = co_await transact(call, std::move(action));
  if (result) co_await call.ctx.markets.refresh();
  co_return result;
}

Answered halt_market(ApiCall& call) {
  co_return co_await set_status(call, storage::MarketStatus::halted);
}

Answered resume_market(ApiCall& call) {
  co_return co_await set_status(call, storage::MarketStatus::open);
}

Answered list_markets(ApiCall& call) {
  auto const page = read_page(call);
  if (!page) co_return refuse(page.error());
  auto const rows = co_await call.ctx.database.transact(
      [before = page->before_no(), limit = page->fetch()](storage::PlatformTx& tx) {
        return tx.markets().list(before, limit);
      });
  if (!rows) co_return refuse(problem_of(rows.error()));
  co_return answer_page(
      call, *page, *rows,
      [&](json::JsonWriter& writer, storage::CatalogMarket const& market) {
        write_market(writer, market, call.staff());
      },
      [](storage::CatalogMarket const& row) { return std::vector<std::int64_t>{row.no}; });
}

Answered get_market(ApiCall& call) {
  auto const market = co_await call.ctx.database.transact(
      [name = std::string{call.param("id")}](storage::PlatformTx& tx) {
        return tx.markets().find(name);
      });
  if (!market) co_return refuse(problem_of(market.error()));
  if (!*market) co_return problem(Code::not_found);
  json::JsonWriter writer;
  write_market(writer, **market, call.staff());
  co_return answer(200, writer);
}

}  // namespace leadex::api
