#include <map>

#include "billing/values/check.hpp"
#include "server/api/v1/listing_query.hpp"
#include "server/api/v1/trade.hpp"
#include "server/api/v1/trade_support.hpp"

namespace leadex::api {

namespace {

static_assert(static_cast<int>(render::Show::band) == static_cast<int>(market::Visibility::band));
static_assert(static_cast<int>(render::Show::hidden) ==
              static_cast<int>(market::Visibility::hidden));

/// The listing as JSON; empty when the version of its attributes is not known here.
std::string render_one(ApiCall const& call, MarketRef const& market, storage::LeadView const& lead,
                       render::ListingTerms const& terms) {
  auto const settings = market.actor->settings(lead.version);
  if (!settings) return {};
  std::vector<render::Show> shows;
  for (auto const visibility : settings->visibility) {
    shows.push_back(static_cast<render::Show>(visibility));
  }
  // Without a rule an attribute is not shown: an empty list would mean all of them.
  shows.resize(settings->rules.attributes.size(), render::Show::hidden);
  json::JsonWriter out;
  if (shows.empty()) {
    render::write_listing(out, call.ctx.ids,
                          {lead, terms, market.name(), market.settings->currency}, {}, {});
  } else {
    render::write_listing(out, call.ctx.ids,
                          {lead, terms, market.name(), market.settings->currency},
                          settings->rules.attributes, shows);
  }
  return out.str();
}

asio::awaitable<Result<std::map<std::int64_t, storage::LeadView>, ApiProblem>> leads_of(
    ApiCall& call, MarketNo market, std::vector<std::int64_t> numbers) {
  auto const rows = co_await trade_of(call).leads.listed(market, std::move(numbers));
  if (!rows) co_return refuse(problem_of(rows.error()));
  std::map<std::int64_t, storage::LeadView> leads;
  for (auto const& row : *rows) leads.emplace(row.id.no, row);
  co_return leads;
}

}  // namespace

Answered list_listings(ApiCall& call) {
  auto const page = read_page(call, kListingKeys);
  if (!page) co_return refuse(page.error());
  auto const market = find_market(call.ctx, call.query("market").value_or(""));
  if (!market) {
    bool const unknown = market.error().code == Code::not_found;
    co_return unknown ? problem(Code::market_unknown) : refuse(market.error());
  }
  auto schema = targeting::Schema::make(market->settings->rules.attributes);
  LEADEX_CHECK(schema.has_value());
  auto filter = read_listing_filter(call.request.query, *schema, market->settings->visibility);
  if (!filter) co_return invalid(std::move(filter.error()));
  ListingSearch search{std::move(*filter), std::move(*schema), listing_order(call.query("sort")),
                       page->after, static_cast<std::size_t>(page->limit)};
  ListingHits found;
  auto const looked = co_await market->actor->view(
      [&](market::EngineView const& view) { found = search_listings(view, search); });
  if (!looked) co_return refuse(problem_of(looked.error()));
  if (found.outdated) co_return problem(Code::busy);
  std::vector<std::int64_t> numbers;
  for (auto const& hit : found.hits) numbers.push_back(hit.lead_no);
  auto const leads = co_await leads_of(call, market->no(), std::move(numbers));
  if (!leads) co_return refuse(leads.error());
  std::vector<std::string> items;
  for (auto const& hit : found.hits) {
    auto const lead = leads->find(hit.lead_no);
    if (lead == leads->end()) continue;  // sold while we looked
    auto item = render_one(call, *market, lead->second, hit.terms);
    if (!item.empty()) items.push_back(std::move(item));
  }
  co_return page_answer(call, items, found.next);
}

Answered get_listing(ApiCall& call) {
  auto const id = call.ctx.ids.open_listing(call.param("id"));
  if (!id) co_return problem(Code::not_found);
  auto const market = find_market(call.ctx, id->market);
  if (!market) co_return refuse(market.error());
  std::optional<render::ListingTerms> terms;
  auto const looked = co_await market->actor->view([&](market::EngineView const& view) {
    auto const* const listing = view.engine.listing(id->no);
    if (listing != nullptr && on_show(view, *listing)) terms = terms_of(view, *listing);
  });
  if (!looked) co_return refuse(problem_of(looked.error()));
  if (!terms) co_return problem(Code::not_found);
  auto const leads = co_await leads_of(call, id->market, {id->no});
  if (!leads) co_return refuse(leads.error());
  if (leads->empty()) co_return problem(Code::not_found);
  auto item = render_one(call, *market, leads->begin()->second, *terms);
  if (item.empty()) co_return problem(Code::not_found);
  co_return http::make_response(200, "application/json", std::move(item));
}

}  // namespace leadex::api
