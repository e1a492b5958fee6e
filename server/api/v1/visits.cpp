// GET /c/{id}: a visitor follows a placement's link and is sent on. Never an error page because of
// the market: who cannot be auctioned goes to the fallback, and nobody pays.

#include <algorithm>

#include "matching/market/engine.hpp"
#include "server/api/v1/click_services.hpp"
#include "server/api/v1/placement_attributes.hpp"
#include "server/api/v1/trade.hpp"
#include "server/api/v1/trade_support.hpp"
#include "server/http/link_template.hpp"

namespace leadex::api {

namespace {

using storage::VisitOutcome;
using PlacementPtr = std::shared_ptr<storage::Placement const>;

constexpr std::chrono::seconds kVisitTime{3};  // then the visitor goes to the fallback

struct Visit {
  PlacementPtr placement;
  std::optional<MarketRef> market;  // none while it is not ready here
  market::OfferClick click;
  std::vector<std::string> subs;
};

/// @errors not_found; unavailable: without the row nobody knows where to send the visitor
asio::awaitable<Result<PlacementPtr, ApiProblem>> placement_of(ApiCall& call, PlacementId id) {
  auto& services = *call.ctx.clicks;
  auto const now = PlacementCache::Clock::now();
  if (auto known = services.cache.find(id, now)) co_return known;
  auto const reading = services.cache.reading();
  auto found = co_await services.store.visited(id);
  if (!found) co_return refuse(problem_of(found.error()));
  if (!*found) co_return problem(Code::not_found);
  auto placement = std::make_shared<storage::Placement const>(std::move(**found));
  services.cache.keep(placement, now, reading);
  co_return placement;
}

Visit visit_of(ApiCall const& call, PlacementPtr placement) {
  Visit visit;
  visit.subs = subs_of(call.request.query);
  if (auto market = find_market(call.ctx, placement->id.market)) {
    auto const& settings = *market->settings;
    visit.click.generator_no = placement->generator_no;
    visit.click.version = settings.rules.version;
    visit.click.attributes =
        visit_attributes(*placement, definitions_of(call, placement->id.market, placement->version),
                         settings, call.request.query);
    visit.market = std::move(*market);
  }
  visit.placement = std::move(placement);
  return visit;
}

/// What keeps the visit from being charged, by itself.
std::optional<VisitOutcome> filtered(ApiCall const& call, Visit const& visit) {
  auto& services = *call.ctx.clicks;
  if (visit.placement->paused || visit.placement->suspended) return VisitOutcome::paused;
  auto const now_us = to_unix_micros(call.ctx.now());
  if (!services.velocity.admit(call.request.peer_address, now_us)) return VisitOutcome::velocity;
  return filtered_by_headers(call.request, services.options.bots);
}

/// The page of the campaign that would have got the visit; empty when none would.
asio::awaitable<std::string> tried(Visit const& visit) {
  std::string url;
  if (!visit.market || visit.placement->paused || visit.placement->suspended) co_return url;
  auto const done = co_await visit.market->actor->view([&](market::EngineView const& view) {
    auto const* const campaign =
        view.engine.campaign(view.engine.preview(visit.click, view.now_us));
    if (campaign != nullptr) url = campaign->terms.landing_url;
  });
  co_return done ? url : std::string{};
}

std::string value_of(Visit const& visit, std::string const& click_id, std::string_view name) {
  if (name == "click_id") return click_id;
  for (std::size_t i = 0; i < visit.subs.size(); ++i) {
    if (name == "sub" + std::to_string(i + 1)) return visit.subs[i];
  }
  auto const& defs = visit.market->settings->rules.attributes;
  for (std::size_t i = 0; i < defs.size() && i < visit.click.attributes.size(); ++i) {
    if (defs[i].name != name) continue;
    auto const& value = visit.click.attributes[i];
    if (value.kind == market::AttributeText::Kind::missing) return {};
    if (value.kind == market::AttributeText::Kind::text) return value.text;
    bool const flag = defs[i].type == targeting::AttributeType::boolean;
    return flag ? (value.number != 0 ? "true" : "false") : std::to_string(value.number);
  }
  return {};
}

http::Response sent_to(std::string url) {
  http::Response response;
  response.status = 302;
  response.headers.add("Location", std::move(url));
  response.headers.add("Cache-Control", "no-store");
  // The generator's page, with whatever its address says of the visitor, is not told on.
  response.headers.add("Referrer-Policy", "no-referrer");
  response.headers.add("X-Robots-Tag", "noindex");
  return response;
}

/// To the campaign's page, or the fallback when there is none.
http::Response sent_on(Visit const& visit, std::string const& landing_url,
                       std::string const& click_id = {}) {
  if (landing_url.empty() || !visit.market) return sent_to(visit.placement->fallback_url);
  return sent_to(http::fill_link(
      landing_url, [&](std::string_view name) { return value_of(visit, click_id, name); }));
}

void count(ApiCall const& call, Visit const& visit, VisitOutcome outcome) {
  call.ctx.clicks->counts.add(visit.placement->id, to_unix_micros(call.ctx.now()), outcome);
}

/// Asks the market; the answer comes once the click is durable. Nothing: it could not be asked.
asio::awaitable<std::optional<market::Answer>> auctioned(ApiCall& call, Visit const& visit) {
  if (!visit.market) co_return std::nullopt;
  auto const number = co_await trade_of(call).lead_numbers.next(visit.market->no());
  if (!number) co_return std::nullopt;
  market::Submission submission;
  auto click = visit.click;
  click.click_no = *number;
  submission.command = std::move(click);
  submission.click = storage::NewClick{};
  submission.click->placement_no = visit.placement->id.no;
  submission.click->visitor = visitor_digest(call.ctx.keys, call.request);
  submission.click->subs = visit.subs;
  submission.deadline =
      std::min(call.request.deadline, std::chrono::steady_clock::now() + kVisitTime);
  auto answer = co_await visit.market->actor->submit(std::move(submission));
  if (!answer || answer->outcome.refusal != market::Refusal::none) co_return std::nullopt;
  co_return std::move(*answer);
}

}  // namespace

Answered visit_placement(ApiCall& call) {
  auto const id = path_id<PlacementId>(call);
  if (!id) co_return refuse(id.error());
  auto placement = co_await placement_of(call, *id);
  if (!placement) co_return refuse(placement.error());
  auto const visit = visit_of(call, std::move(*placement));
  if (auto const outcome = filtered(call, visit)) {
    count(call, visit, *outcome);
    // Who comes too often costs the market nothing, not even a look.
    if (*outcome == VisitOutcome::velocity) co_return sent_on(visit, {});
    co_return sent_on(visit, co_await tried(visit));
  }
  auto const answer = co_await auctioned(call, visit);
  if (!answer) {
    count(call, visit, VisitOutcome::busy);
    co_return sent_on(visit, {});
  }
  auto const& way = answer->way;
  if (way.repeated || answer->outcome.sold.empty()) {
    count(call, visit, way.repeated ? VisitOutcome::repeated : VisitOutcome::unsold);
  }
  std::string click_id;
  if (way.click_no != 0) click_id = call.ctx.ids.seal(ClickId{visit.market->no(), way.click_no});
  co_return sent_on(visit, way.landing_url, click_id);
}

}  // namespace leadex::api
