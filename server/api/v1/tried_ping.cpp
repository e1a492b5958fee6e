#include "server/api/v1/tried_ping.hpp"

#include <algorithm>

#include "billing/commission/commission.hpp"
#include "server/api/v1/fraud_services.hpp"

namespace leadex::api {

asio::awaitable<Result<market::PingAnswer, ApiProblem>> try_ping(ApiCall& call, MarketRef market,
                                                                 market::OfferPing ping) {
  std::optional<std::vector<market::PromisedBid>> bids;
  auto const looked =
      co_await market.actor->view([&bids, ping = std::move(ping)](market::EngineView const& view) {
        bids = view.engine.preview(ping, view.now_us);
      });
  if (!looked) co_return refuse(api::problem_of(looked.error()));
  if (!bids) co_return problem(Code::not_owner);  // the version comes into force right now
  market::PingAnswer answer;
  answer.expires_us = to_unix_micros(call.ctx.now()) + market.settings->ping_ttl_us;
  answer.bids = std::move(*bids);
  for (auto& bid : answer.bids) {
    auto const price = price_sale(Money{bid.price_micros}, market.settings->commission());
    bid.net_micros = price.net.micros;
  }
  co_return answer;
}

asio::awaitable<ApiResult> try_post(ApiCall& call, MarketRef market, PingToken token,
                                    std::vector<market::PromisedBid> bids, intake::CheckedLead lead,
                                    intake::LeadPlace place) {
  if (!answers_to(token, intake::make_offer(lead, place), intake::company_keys(lead))) {
    co_return problem(Code::ping_mismatch);
  }
  if (to_unix_micros(call.ctx.now()) > token.expires_us) co_return problem(Code::ping_expired);
  auto const digests = intake::person_digests(call.ctx.keys, lead, intake::DigestUse::claim);
  auto const planted = co_await planted_in(call.ctx, digests);
  if (!planted) co_return refuse(planted.error());
  if (!planted->empty()) bids.clear();
  auto const withheld = co_await trade_of(call).rights.withholding(digests);
  if (!withheld) co_return refuse(api::problem_of(withheld.error()));
  std::erase_if(bids, [&](market::PromisedBid const& bid) {
    return std::binary_search(withheld->begin(), withheld->end(), bid.buyer_no);
  });
  if (bids.empty()) co_return co_await try_lead(call, market, std::move(lead), std::move(place));
  market::Outcome outcome;
  for (auto const& bid : bids) {
    outcome.sold.push_back({.gross_micros = bid.price_micros,
                            .fee_micros = bid.price_micros - bid.net_micros,
                            .exclusive = bid.exclusive});
  }
  co_return render_outcome(call, market.settings->currency, Offered{std::nullopt, outcome});
}

}  // namespace leadex::api
