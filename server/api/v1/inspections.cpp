// How strictly each source's lots are checked: read by the source itself and by staff, who lift a
// stop; and whether the verifiers agree.

#include "matching/quality/source_grade.hpp"
#include "server/api/kept_answer.hpp"
#include "server/api/paging.hpp"
#include "server/api/v1/intake_handlers.hpp"
#include "server/app/plan_lot.hpp"
#include "server/app/source_standing.hpp"

namespace leadex::api {

namespace {

constexpr std::string_view kGrades = "ABCDE";

void write_inspection(json::JsonWriter& out, ApiContext const& context, MarketRef const& market,
                      storage::SourceStanding const& source) {
  auto const grade = quality::grade_of({.judged = source.checked, .bad = source.bad},
                                       app::check_settings_of(*market.settings));
  auto const scope = out.object();
  out.field("market", market.name());
  out.field("account_id", context.ids.seal(AccountId{0, source.tenant_no}));
  out.field("mode", app::text(source.standing.mode));
  out.field("since", source.since);
  out.field("accepted_in_row", source.standing.accepted_in_row);
  out.field("rejected", source.standing.rejected);
  {
    auto const lots = out.object("lots");
    out.field("accepted", source.lots_accepted);
    out.field("rejected", source.lots_rejected);
    out.field("skipped", source.lots_skipped);
  }
  out.field("checked", source.checked);
  out.field("bad", source.bad);
  out.field("bad_ppm", grade.bad_ppm);
  out.field("bad_low_ppm", grade.low_ppm);
  out.field("bad_high_ppm", grade.high_ppm);
  std::optional<std::string_view> letter;
  if (grade.grade) letter = kGrades.substr(static_cast<std::size_t>(*grade.grade - 1), 1);
  out.field("grade", letter);
}

/// Of a source that is not stopped: 409; of one that never had a lot there: 404.
asio::awaitable<ApiResult> lift_now(ApiCall& call) {
  auto const account = call.ctx.ids.open_as<AccountId>(call.param("id"));
  if (!account || account->market != 0) co_return problem(Code::not_found);
  auto const* const name = json::find_member(call.body, "market");
  auto const market = find_market(call.ctx, json::text_of(*name));  // the contract asks for it
  if (!market) {
    if (market.error().code == Code::not_found) co_return problem(Code::market_unknown);
    co_return refuse(market.error());
  }
  auto const lifted =
      co_await app::lift_source(call.ctx.intake->lots, market->no(), account->no, actor_of(call));
  if (!lifted) co_return refuse(problem_of(lifted.error()));
  json::JsonWriter out;
  write_inspection(out, call.ctx, *market, *lifted);
  co_return answer(200, out);
}

void write_agreement(json::JsonWriter& out, std::string const& market,
                     quality::OpinionTable const& table) {
  auto const agreement = quality::agreement_of(table);
  auto const scope = out.object();
  out.field("market", market);
  out.field("rows", agreement.rows);
  out.field("agreed", agreement.agreed);
  {
    auto const list = out.array("opinions");
    for (std::size_t first = 0; first < table.size(); ++first) {
      for (std::size_t second = 0; second < table.at(first).size(); ++second) {
        auto const rows = table.at(first).at(second);
        if (rows == 0) continue;
        auto const pair = out.object();
        out.field("first", storage::kCheckVerdictTexts.at(first));
        out.field("second", storage::kCheckVerdictTexts.at(second));
        out.field("rows", rows);
      }
    }
  }
  auto const told = [&](std::int64_t ppm) {
    return agreement.defined ? std::optional{ppm} : std::nullopt;
  };
  out.field("kappa_ppm", told(agreement.kappa_ppm));
  out.field("kappa_low_ppm", told(agreement.low_ppm));
  out.field("kappa_high_ppm", told(agreement.high_ppm));
}

}  // namespace

asio::awaitable<ApiResult> get_inspection(ApiCall& call) {
  auto const market = find_market(call.ctx, call.param("id"));
  if (!market) co_return refuse(market.error());
  auto job = [no = market->no(), tenant_no = call.account_no()](storage::LotTx& tx) {
    return tx.inspection().source(no, tenant_no);
  };
  auto const source = co_await call.ctx.intake->lots.store.transact(job);
  if (!source) co_return refuse(problem_of(source.error()));
  json::JsonWriter out;
  write_inspection(out, call.ctx, *market, *source);
  co_return answer(200, out);
}

asio::awaitable<ApiResult> list_inspections(ApiCall& call) {
  auto const market = find_market(call.ctx, call.param("id"));
  if (!market) co_return refuse(market.error());
  auto const page = read_page(call);
  if (!page) co_return refuse(page.error());
  auto job = [no = market->no(), after = page->before_no().value_or(0), limit = page->fetch()](
                 storage::LotTx& tx) { return tx.inspection().sources(no, after, limit); };
  auto const sources = co_await call.ctx.intake->lots.store.transact(job);
  if (!sources) co_return refuse(problem_of(sources.error()));
  auto const write = [&](json::JsonWriter& out, storage::SourceStanding const& source) {
    write_inspection(out, call.ctx, *market, source);
  };
  auto const key = [](storage::SourceStanding const& source) {
    return std::vector{source.tenant_no};
  };
  co_return answer_page(call, *page, *sources, write, key);
}

asio::awaitable<ApiResult> lift_inspection(ApiCall& call) {
  co_return co_await answer_once(call, lift_now);
}

asio::awaitable<ApiResult> get_agreement(ApiCall& call) {
  auto const market = find_market(call.ctx, call.param("id"));
  if (!market) co_return refuse(market.error());
  auto job = [no = market->no()](storage::LotTx& tx) { return tx.inspection().opinion_table(no); };
  auto const table = co_await call.ctx.intake->lots.store.transact(job);
  if (!table) co_return refuse(problem_of(table.error()));
  json::JsonWriter out;
  write_agreement(out, market->name(), *table);
  co_return answer(200, out);
}

}  // namespace leadex::api
