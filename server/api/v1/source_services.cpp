#include "server/api/v1/source_services.hpp"

#include "server/api/market_ref.hpp"
#include "server/api/v1/intake_services.hpp"
#include "server/api/v1/trade_support.hpp"
#include "server/render/passport.hpp"

namespace leadex::api {

namespace {

ApiResult passport_answer(
    ApiCall const& call,
    Result<std::optional<storage::PassportFacts>, storage::StoreError> const& found) {
  if (!found) return refuse(problem_of(found.error()));
  if (!*found) return problem(Code::not_found);
  json::JsonWriter out;
  render::write_passport(out, **found, call.ctx.ids.seal((*found)->lead));
  return answer(200, out);
}

}  // namespace

asio::awaitable<Result<app::SourceTaxonomies::Version, ApiProblem>> taxonomy_of(ApiCall& call,
                                                                                MarketNo market) {
  auto* const intake = call.ctx.intake;
  if (intake == nullptr || intake->sources == nullptr) co_return app::SourceTaxonomies::Version{};
  auto found = co_await intake->sources->taxonomies.of(market);
  if (!found) co_return refuse(problem_of(found.error()));
  co_return std::move(*found);
}

asio::awaitable<ApiResult> get_lead_passport(ApiCall& call, SourceServices& services) {
  auto const id = path_id<LeadId>(call);
  if (!id) co_return refuse(id.error());
  co_return passport_answer(call, co_await services.passports.of_lead(viewer_of(call), *id));
}

asio::awaitable<ApiResult> get_sale_passport(ApiCall& call, SourceServices& services) {
  auto const id = path_sale(call);
  if (!id) co_return refuse(id.error());
  co_return passport_answer(call, co_await services.passports.of_sale(viewer_of(call), *id));
}

void register_sources(http::Router& router, ApiContext& context, SourceServices& services) {
  using Handler = asio::awaitable<ApiResult> (*)(ApiCall&, SourceServices&);
  auto const put = [&](std::string_view id, Handler handler) {
    add(router, context, id,
        [&services, handler](ApiCall& call) { return handler(call, services); });
  };
  put("get_taxonomy", get_taxonomy);
  put("put_taxonomy", put_taxonomy);
  put("get_attribution", get_attribution);
  put("get_lead_passport", get_lead_passport);
  put("get_sale_passport", get_sale_passport);
}

}  // namespace leadex::api
