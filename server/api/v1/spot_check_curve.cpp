#include "server/api/v1/intake_handlers.hpp"
#include "server/app/source_standing.hpp"

namespace leadex::api {

namespace {

using Curve = std::optional<std::vector<app::ModeCurve>>;

void write_curve(json::JsonWriter& out, app::ModeCurve const& curve) {
  auto const scope = out.object();
  bool const fixed = curve.planned.method == quality::PlanMethod::fixed;
  out.field("mode", app::text(curve.mode));
  out.field("method", fixed ? "fixed" : "sequential");
  out.field("sample_size", curve.planned.fixed.sample_size);
  out.field("acceptance_number", curve.planned.fixed.acceptance_number);
  out.field("checks_max", curve.planned.steps.checks_max());
  auto const points = out.array("points");
  for (auto const& point : curve.points) {
    auto const one = out.object();
    out.field("bad_rate_bp", point.bad_rate_bp);
    out.field("bad", point.bad);
    out.field("accept_ppm", point.accept_ppm);
    out.field("checks_milli", point.checks_milli);
  }
}

/// Kept, or computed where it keeps neither connections nor uploads waiting.
asio::awaitable<Result<CurveDesk::Curve, ApiProblem>> find_curve(
    ApiCall const& call, quality::SpotCheckSettings settings, quality::PlanMethod method,
    std::int64_t lot_size) {
  auto& services = *call.ctx.intake;
  auto const key = CurveDesk::key_of(settings, method, lot_size);
  if (auto kept = services.curves.find(key)) co_return kept;
  CurveDesk::Turn const turn{services.curves, call.account_no()};
  if (!turn.held()) co_return problem(Code::busy, "Another curve of yours is being computed.");
  auto work = [settings, method, lot_size] {
    return std::make_shared<Curve const>(app::check_curve(settings, method, lot_size));
  };
  CurveDesk::Curve curve = co_await services.curve_cpu.run(work);
  services.curves.keep(key, curve);
  co_return curve;
}

}  // namespace

asio::awaitable<ApiResult> get_spot_check_curve(ApiCall& call) {
  auto const market = find_market(call.ctx, call.param("id"));
  if (!market) co_return refuse(market.error());
  auto& services = *call.ctx.intake;
  auto find_terms = [no = market->no(), version = market->settings->rules.version](
                        storage::LotTx& tx) { return tx.inspection().terms(no, version); };
  auto const terms = co_await services.lots.store.transact(find_terms);
  if (!terms) co_return refuse(problem_of(terms.error()));
  auto const lot_size = call.query_int("lot_size").value_or(0);
  auto const curve =
      co_await find_curve(call, app::check_settings_of(*market->settings), terms->method, lot_size);
  if (!curve) co_return refuse(curve.error());
  auto const& modes = **curve;
  if (!modes) {
    co_return invalid("/query/lot_size", "too_large",
                      "The plan of such a lot has too many states to be shown.");
  }
  json::JsonWriter out;
  {
    auto const scope = out.object();
    out.field("market", market->name());
    out.field("lot_size", lot_size);
    auto const list = out.array("modes");
    for (auto const& mode : *modes) write_curve(out, mode);
  }
  co_return answer(200, out);
}

}  // namespace leadex::api
