// Column mappings: what a generator calls the columns of a market's leads, kept per market.

#include "billing/values/check.hpp"
#include "server/api/v1/intake_handlers.hpp"
#include "server/intake/column_mapping.hpp"
#include "server/intake/lead_rows.hpp"

namespace leadex::api {

namespace {

using storage::StoredColumnMapping;

Result<MarketRef, ApiProblem> market_of(ApiCall const& call) {
  auto market = find_market(call.ctx, *call.query("market"));
  if (!market && market.error().code == Code::not_found) return problem(Code::market_unknown);
  return market;
}

storage::ColumnMappingKey key_of(ApiCall const& call, MarketRef const& market) {
  return {market.no(), call.account_no(), std::string{call.param("name")}};
}

void write_pairs(json::JsonWriter& out, std::string_view list, std::string_view from,
                 std::string_view to, std::vector<intake::ColumnMapping::Pair> const& pairs) {
  auto const items = out.array(list);
  for (auto const& pair : pairs) {
    auto const item = out.object();
    out.field(from, pair.from);
    out.field(to, pair.to);
  }
}

void write_mapping(json::JsonWriter& out, MarketRef const& market,
                   StoredColumnMapping const& stored) {
  auto const definition = json::parse(stored.definition);
  LEADEX_CHECK(definition.has_value());
  auto const mapping = intake::read_mapping(*definition);
  auto const whole = out.object();
  out.field("name", stored.name);
  out.field("market", market.actor->name());
  write_pairs(out, "columns", "from", "to", mapping.columns);
  {
    auto const ignored = out.array("ignored");
    for (auto const& name : mapping.ignored) out.value(name);
  }
  write_pairs(out, "constants", "column", "value", mapping.constants);
  out.field("updated_at", stored.updated_at);
}

http::Response render(MarketRef const& market, StoredColumnMapping const& stored) {
  json::JsonWriter out;
  write_mapping(out, market, stored);
  return answer(200, out);
}

}  // namespace

asio::awaitable<ApiResult> put_column_mapping(ApiCall& call) {
  auto const market = market_of(call);
  if (!market) co_return refuse(market.error());
  auto const mapping = intake::read_mapping(call.body);
  auto faults = intake::check_mapping(mapping, intake::rules_of(*market->settings));
  if (!faults.empty()) co_return invalid(std::move(faults));
  auto job = [key = key_of(call, *market), definition = intake::mapping_json(mapping)](
                 storage::LotTx& tx) -> std::optional<StoredColumnMapping> {
    if (!tx.mappings().put(key, definition)) return std::nullopt;
    return tx.mappings().find(key);
  };
  auto const stored = co_await call.ctx.intake->lots.store.transact(job);
  if (!stored) co_return refuse(problem_of(stored.error()));
  if (!*stored) co_return problem(Code::limit_reached);
  co_return render(*market, **stored);
}

asio::awaitable<ApiResult> get_column_mapping(ApiCall& call) {
  auto const market = market_of(call);
  if (!market) co_return refuse(market.error());
  auto job = [key = key_of(call, *market)](storage::LotTx& tx) { return tx.mappings().find(key); };
  auto const stored = co_await call.ctx.intake->lots.store.transact(job);
  if (!stored) co_return refuse(problem_of(stored.error()));
  if (!*stored) co_return problem(Code::not_found);
  co_return render(*market, **stored);
}

asio::awaitable<ApiResult> delete_column_mapping(ApiCall& call) {
  auto const market = market_of(call);
  if (!market) co_return refuse(market.error());
  auto job = [key = key_of(call, *market)](storage::LotTx& tx) {
    return tx.mappings().remove(key);
  };
  auto const removed = co_await call.ctx.intake->lots.store.transact(job);
  if (!removed) co_return refuse(problem_of(removed.error()));
  if (!*removed) co_return problem(Code::not_found);
  co_return no_content();
}

asio::awaitable<ApiResult> list_column_mappings(ApiCall& call) {
  auto const market = market_of(call);
  if (!market) co_return refuse(market.error());
  auto job = [no = market->no(), tenant_no = call.account_no()](storage::LotTx& tx) {
    return tx.mappings().list(no, tenant_no);
  };
  auto const all = co_await call.ctx.intake->lots.store.transact(job);
  if (!all) co_return refuse(problem_of(all.error()));
  json::JsonWriter out;
  {
    auto const whole = out.object();
    {
      auto const data = out.array("data");
      for (auto const& stored : *all) write_mapping(out, *market, stored);
    }
    out.field("has_more", false);
    out.field("next_cursor", nullptr);
  }
  co_return answer(200, out);
}

}  // namespace leadex::api
