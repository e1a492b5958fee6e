#include "server/api/kept_answer.hpp"
#include "server/api/v1/campaign_answer.hpp"
#include "server/api/v1/campaign_terms.hpp"
#include "server/api/v1/live_bids.hpp"
#include "server/api/v1/trade.hpp"
#include "server/api/v1/trade_support.hpp"
#include "server/render/words.hpp"

namespace leadex::api {

namespace {

bool is_dev(ApiCall const& call) { return call.ctx.environment == storage::Environment::dev; }

/// What the definition names must be there: generators, and an endpoint of the buyer's own.
asio::awaitable<Result<void, ApiProblem>> check_names(ApiCall& call, CampaignDraft const& draft) {
  auto& campaigns = trade_of(call).campaigns;
  if (!draft.sources.empty()) {
    auto const found = co_await campaigns.count_generators(draft.sources);
    if (!found) co_return refuse(problem_of(found.error()));
    if (*found != std::ssize(draft.sources)) {
      co_return invalid("/sources", "account_unknown", "An id in the list is no generator's.");
    }
  }
  if (draft.endpoint_no) {
    auto const own = co_await campaigns.owns_endpoint(viewer_of(call), *draft.endpoint_no);
    if (!own) co_return refuse(problem_of(own.error()));
    if (!*own) {
      co_return invalid("/webhook_endpoint_id", "endpoint_unknown", "No such endpoint of yours.");
    }
  }
  if (draft.bid_url) {
    auto const target = http::check_webhook_url(*draft.bid_url, trade_of(call).live.url_rules);
    if (!target) {
      co_return invalid(
          "/bid_url", std::string(to_string(target.error())),
          "Not an address that may be asked: https, a public name, port 443 or 8443.");
    }
  }
  co_return Result<void, ApiProblem>{};
}

market::Submission upsert(ApiCall const& call, CampaignDraft draft, CampaignId id,
                          std::int64_t buyer_no, std::int32_t version) {
  market::Submission submission;
  submission.command = market::UpsertCampaign{id.no, buyer_no, version, std::move(draft.terms)};
  submission.definition = std::move(draft.definition);
  submission.principal_no = call.principal.principal_no;
  return submission;
}

asio::awaitable<ApiResult> set_paused(ApiCall& call, bool paused) {
  auto const id = path_id<CampaignId>(call);
  if (!id) co_return refuse(id.error());
  auto const campaign = co_await trade_of(call).campaigns.find(viewer_of(call), *id);
  if (!campaign) co_return refuse(problem_of(campaign.error()));
  if (!*campaign) co_return problem(Code::not_found);
  auto const market = find_market(call.ctx, id->market);
  if (!market) co_return refuse(market.error());
  market::Submission submission;
  submission.command = market::PauseCampaign{id->no, (*campaign)->buyer_no, paused};
  auto const done = co_await submit(call, *market, std::move(submission));
  if (!done) co_return refuse(done.error());
  co_return co_await answer_campaign(call, *id);
}

}  // namespace

http::Response render_campaign(ApiCall const& call, int status,
                               storage::CampaignView const& campaign) {
  json::JsonWriter out;
  render::write_campaign(out, call.ctx.ids, campaign, stored_definition(campaign.definition));
  auto response = answer(status, out);
  response.headers.add("ETag", render::campaign_etag(campaign.version));
  return response;
}

asio::awaitable<ApiResult> answer_campaign(ApiCall& call, CampaignId id) {
  auto const campaign = co_await trade_of(call).campaigns.find(viewer_of(call), id);
  if (!campaign) co_return refuse(problem_of(campaign.error()));
  if (!*campaign) co_return problem(Code::not_found);
  co_return render_campaign(call, 200, **campaign);
}

asio::awaitable<Result<void, ApiProblem>> pause_campaigns_of(ApiCall& call, std::int64_t buyer_no) {
  storage::Viewer const buyer{buyer_no, storage::Role::buyer};
  storage::CampaignFilter filter;
  // Also those that are paused: what they promised to pings is over.
  for (;;) {
    auto const found = co_await trade_of(call).campaigns.list(buyer, filter);
    if (!found) co_return refuse(problem_of(found.error()));
    for (auto const& campaign : *found) {
      auto const market = find_market(call.ctx, campaign.id.market);
      if (!market) co_return refuse(market.error());
      market::Submission submission;
      submission.command = market::PauseCampaign{campaign.id.no, buyer_no, true, true};
      auto const done = co_await submit(call, *market, std::move(submission));
      if (!done) co_return refuse(done.error());
      filter.before = storage::CampaignCursor{to_unix_micros(campaign.created_at),
                                              campaign.id.market, campaign.id.no};
    }
    if (std::ssize(*found) < filter.limit) co_return Result<void, ApiProblem>{};
  }
}

Answered create_campaign(ApiCall& call) {
  auto const market = body_market(call);
  if (!market) co_return refuse(market.error());
  auto draft = read_campaign(call.body, *market->settings, call.ctx.ids, is_dev(call));
  if (!draft) co_return invalid(std::move(draft.error()));
  auto const named = co_await check_names(call, *draft);
  if (!named) co_return refuse(named.error());
  auto const number =
      co_await call.ctx.numbers.reserve_later(market->no(), storage::NumberKind::campaign, 1);
  if (!number) co_return refuse(problem_of(number.error()));
  CampaignId id{market->no(), *number};
  bool const bids_live = draft->bid_url.has_value();
  auto submission = upsert(call, std::move(*draft), id, call.account_no(), 1);
  submission.idempotency = call.claim(market::Operation::create_campaign);
  auto const done = co_await submit(call, *market, std::move(submission));
  if (!done) co_return refuse(done.error());
  if (done->replayed) {
    auto const command = co_await committed_command(call, market->no(), *done);
    if (!command) co_return refuse(command.error());
    auto const* const first = std::get_if<market::UpsertCampaign>(&*command);
    if (first == nullptr) co_return problem(Code::internal);
    id.no = first->campaign_no;
  }
  if (bids_live) co_await follow_bid_url(call, id);
  // The first version as it was made, so that a repeated answer is the same whatever came after.
  auto campaign = co_await trade_of(call).campaigns.find_version(viewer_of(call), id, 1);
  if (!campaign) co_return refuse(problem_of(campaign.error()));
  if (!*campaign) co_return problem(Code::internal);
  (*campaign)->status = market::CampaignStatus::active;
  (*campaign)->budget = Money{0};
  auto response = render_campaign(call, 201, **campaign);
  response.headers.add("Location", "/v1/campaigns/" + call.ctx.ids.seal(id));
  mark_replayed(response, done->replayed);
  co_return response;
}

Answered list_campaigns(ApiCall& call) {
  auto const page = read_page(call, 3);
  if (!page) co_return refuse(page.error());
  auto const market = query_market(call);
  if (!market) co_return refuse(market.error());
  storage::CampaignFilter filter;
  filter.limit = page->fetch();
  filter.market = *market;
  if (!page->after.empty()) {
    filter.before = storage::CampaignCursor{page->after[0], static_cast<MarketNo>(page->after[1]),
                                            page->after[2]};
  }
  for (auto const& word : call.query_list("status")) {
    if (auto const status = render::campaign_status(word)) filter.states.push_back(*status);
  }
  auto const found = co_await trade_of(call).campaigns.list(viewer_of(call), filter);
  if (!found) co_return refuse(problem_of(found.error()));
  co_return answer_page(
      call, *page, *found,
      [&](json::JsonWriter& out, storage::CampaignView const& campaign) {
        render::write_campaign(out, call.ctx.ids, campaign, stored_definition(campaign.definition));
      },
      [](storage::CampaignView const& campaign) {
        return std::vector<std::int64_t>{to_unix_micros(campaign.created_at),
                                         std::int64_t{campaign.id.market}, campaign.id.no};
      });
}

Answered get_campaign(ApiCall& call) {
  auto const id = path_id<CampaignId>(call);
  if (!id) co_return refuse(id.error());
  co_return co_await answer_campaign(call, *id);
}

Answered patch_campaign(ApiCall& call) {
  auto const id = path_id<CampaignId>(call);
  if (!id) co_return refuse(id.error());
  CampaignEdits::Hold const hold(trade_of(call).edits, *id);
  auto const campaign = co_await trade_of(call).campaigns.find(viewer_of(call), *id);
  if (!campaign) co_return refuse(problem_of(campaign.error()));
  if (!*campaign) co_return problem(Code::not_found);
  if (!hold) co_return problem(Code::in_progress, "Another change of this campaign is running.");
  auto const based_on = call.request.headers.find("if-match");
  if (!based_on) co_return problem(Code::precondition_required);
  auto const version = (*campaign)->version;
  if (*based_on != render::campaign_etag(version)) co_return problem(Code::precondition_failed);
  auto const market = find_market(call.ctx, id->market);
  if (!market) co_return refuse(market.error());
  auto const changed = lay_over((*campaign)->definition, call.body);
  auto draft = read_campaign(changed, *market->settings, call.ctx.ids, is_dev(call));
  if (!draft) co_return invalid(std::move(draft.error()));
  auto const named = co_await check_names(call, *draft);
  if (!named) co_return refuse(named.error());
  auto const before = stored_definition((*campaign)->definition);
  bool const bids_live = draft->bid_url || json::find_member(before, "bid_url") != nullptr;
  auto submission = upsert(call, std::move(*draft), *id, (*campaign)->buyer_no, version + 1);
  auto const done = co_await submit(call, *market, std::move(submission));
  if (!done) co_return refuse(done.error());
  if (bids_live) co_await follow_bid_url(call, *id);
  co_return co_await answer_campaign(call, *id);
}

Answered pause_campaign(ApiCall& call) {
  co_return co_await answer_once(call, [](ApiCall& once) { return set_paused(once, true); });
}
Answered resume_campaign(ApiCall& call) {
  co_return co_await answer_once(call, [](ApiCall& once) { return set_paused(once, false); });
}

}  // namespace leadex::api
