// Ping and post: a price without the person, then the lead at that price.

#include <algorithm>

#include "server/api/kept_answer.hpp"
#include "server/api/v1/fraud_services.hpp"
#include "server/api/v1/live_bids.hpp"
#include "server/api/v1/ping_token.hpp"
#include "server/api/v1/posted_lead.hpp"
#include "server/api/v1/source_services.hpp"
#include "server/api/v1/trade.hpp"
#include "server/api/v1/tried_ping.hpp"
#include "server/json/money_text.hpp"
#include "server/json/time_text.hpp"
#include "server/privacy/blind_index.hpp"

namespace leadex::api {

namespace {

constexpr std::int64_t kTmaxDefaultMs = 1000;
constexpr std::int64_t kTmaxMs = 10'000;

using Deadline = std::chrono::steady_clock::time_point;

PingUse use_of(ApiCall const& call) { return call.test_key() ? PingUse::test : PingUse::live; }

/// What a ping asks beside the lead.
struct PingTerms {
  Money minimum;
  std::vector<std::string> digests;  // of the person, as far as it is told
};

std::vector<std::string> digests_of(ApiCall const& call) {
  std::vector<std::string> digests;
  auto const* const hashes = json::find_member(call.body, "contact_hashes");
  if (hashes == nullptr || !hashes->IsObject()) return digests;
  auto const add = [&](std::string_view name, privacy::BlindField field) {
    auto const* const text = json::find_member(*hashes, name);
    if (text == nullptr || !text->IsString()) return;
    auto const sha256 = privacy::parse_sha256_hex(json::text_of(*text));
    if (!sha256) return;  // the contract asks for 64 hex digits
    auto const index = privacy::blind_index_of_sha256(call.ctx.keys, field, *sha256);
    digests.emplace_back(reinterpret_cast<char const*>(index.data()), index.size());
  };
  add("email_sha256", privacy::BlindField::email);
  add("phone_sha256", privacy::BlindField::phone);
  return digests;
}

/// When the caller wants its answer; the contract has checked the number.
Deadline deadline_of(ApiCall const& call) {
  auto const* const given = json::find_member(call.body, "tmax_ms");
  bool const named = given != nullptr && given->IsInt64();
  auto const tmax =
      std::clamp<std::int64_t>(named ? given->GetInt64() : kTmaxDefaultMs, 1, kTmaxMs);
  return std::min(std::chrono::steady_clock::now() + std::chrono::milliseconds{tmax},
                  call.request.deadline);
}

Result<PingTerms, ApiProblem> terms_of(ApiCall const& call, std::string_view currency) {
  PingTerms terms;
  auto const* const minimum = json::find_member(call.body, "minimum_price");
  if (minimum != nullptr && !minimum->IsNull()) {
    auto const amount = body_amount(call, "minimum_price", currency);
    if (!amount) return refuse(amount.error());
    terms.minimum = *amount;
  }
  terms.digests = digests_of(call);
  return terms;
}

http::Response render_ping(ApiCall const& call, MarketRef const& market, PingToken const& token,
                           bool duplicate) {
  auto const& currency = market.settings->currency;
  json::JsonWriter out;
  {
    auto const object = out.object();
    out.field("ping_id", seal_ping(call.ctx.keys, call.account_no(), token, use_of(call)));
    out.field("outcome", duplicate                ? "duplicate"
                         : token.promised.empty() ? "unmatched"
                                                  : "matched");
    std::optional<Money> best;
    {
      auto const bids = out.array("bids");
      for (std::size_t i = 0; i < token.promised.size(); ++i) {
        auto const& bid = token.promised[i];
        auto const one = out.object();
        out.field("bid_id", call.ctx.ids.seal(BidId{market.no(), token.bid_no(i)}));
        out.field("price", Money{bid.price_micros}, currency);
        out.field("net", Money{bid.net_micros}, currency);
        out.field("exclusive", bid.exclusive);
        best = std::max(best.value_or(Money{}), Money{bid.price_micros});
      }
    }
    out.field("best_price", best, currency);
    out.field("expires_at", json::format_timestamp(from_unix_micros(token.expires_us)));
    if (call.test_key()) out.field("test", true);
  }
  return answer(200, out);
}

/// The bids a post asks for: those it names, or all. @errors ping_mismatch for one of another ping
Result<std::vector<market::PromisedBid>, ApiProblem> taken(ApiCall const& call,
                                                           PingToken const& token) {
  auto const* const named = json::find_member(call.body, "bid_ids");
  if (named == nullptr || !named->IsArray()) return token.promised;
  std::vector<std::string> asked;
  for (auto const& one : named->GetArray()) asked.emplace_back(json::text_of(one));
  std::vector<market::PromisedBid> bids;
  for (std::size_t i = 0; i < token.promised.size(); ++i) {
    auto const id = call.ctx.ids.seal(BidId{token.market, token.bid_no(i)});
    if (std::erase(asked, id) > 0) bids.push_back(token.promised[i]);
  }
  if (!asked.empty()) return problem(Code::ping_mismatch);
  return bids;
}

/// The market's answer, or what it would answer a test key: that reserves nothing, asks no buyer's
/// endpoint and is in no log.
asio::awaitable<Result<market::PingAnswer, ApiProblem>> offer(ApiCall& call, MarketRef market,
                                                              market::OfferPing ping,
                                                              Deadline deadline) {
  if (call.test_key()) co_return co_await try_ping(call, market, std::move(ping));
  auto done = co_await ping_market(call, market, std::move(ping), deadline);
  if (!done) co_return refuse(api::problem_of(done.error()));
  if (done->refusal == market::Refusal::version_unknown) co_return problem(Code::not_owner);
  if (done->refusal != market::Refusal::none) co_return refuse(api::problem_of(done->refusal));
  co_return std::move(*done);
}

asio::awaitable<ApiResult> answer_ping(ApiCall& call, Deadline deadline) {
  auto const market = body_market(call);
  if (!market) co_return refuse(market.error());
  auto const taxonomy = co_await taxonomy_of(call, market->no());
  if (!taxonomy) co_return refuse(taxonomy.error());
  auto const lead = check_lead(call, *market->settings, intake::LeadFields::ping, *taxonomy);
  if (!lead) co_return refuse(lead.error());
  auto const terms = terms_of(call, market->settings->currency);
  if (!terms) co_return refuse(terms.error());

  market::OfferPing ping;
  ping.ping_no = new_ping_no();
  ping.minimum_micros = terms->minimum.micros;
  auto place = co_await place_of(call, *market, *lead);
  if (!place) co_return refuse(place.error());
  place->of_ping = true;
  auto planted = co_await planted_in(call.ctx, terms->digests);
  if (!planted) co_return refuse(planted.error());
  place->planted = !planted->empty();
  if (place->planted && !call.test_key()) {
    auto const told = co_await watch_ping(call.ctx, {.market = market->no(),
                                                     .generator_no = call.account_no(),
                                                     .planted = std::move(*planted)});
    if (!told) co_return refuse(told.error());
  }
  ping.lead = intake::make_offer(*lead, *place);
  PingToken token{.market = market->no(),
                  .ping_no = ping.ping_no,
                  .asked_us = to_unix_micros(call.ctx.now()),
                  .digest = digest_of(ping.lead, intake::company_keys(*lead))};
  using Seen = storage::LeadReads::PersonSeen;
  auto seen = Seen::nowhere;
  if (!terms->digests.empty()) {
    auto const since = to_unix_micros(call.ctx.now()) - market->settings->dedupe_us;
    auto const found = co_await trade_of(call).leads.person_seen(market->no(), call.account_no(),
                                                                 terms->digests, since);
    if (!found) co_return refuse(api::problem_of(found.error()));
    seen = *found;
  }
  if (seen != Seen::nowhere) {  // whose else the person is stays untold
    token.expires_us = to_unix_micros(call.ctx.now()) + market->settings->ping_ttl_us;
    co_return render_ping(call, *market, token, seen == Seen::own);
  }
  if (!terms->digests.empty()) {
    auto withheld = co_await trade_of(call).rights.withholding(terms->digests);
    if (!withheld) co_return refuse(api::problem_of(withheld.error()));
    ping.lead.withheld = std::move(*withheld);
  }
  auto done = co_await offer(call, *market, std::move(ping), deadline);
  if (!done) co_return refuse(done.error());
  token.expires_us = done->expires_us;
  token.promised = std::move(done->bids);
  co_return render_ping(call, *market, token, false);
}

}  // namespace

/// A repeated key gets the first answer. A test key keeps none: nothing is written for it.
Answered create_ping(ApiCall& call) {
  auto const deadline = deadline_of(call);
  if (call.test_key()) co_return co_await answer_ping(call, deadline);
  co_return co_await answer_once(call,
                                 [deadline](ApiCall& once) { return answer_ping(once, deadline); });
}

Answered post_ping(ApiCall& call) {
  auto const token =
      open_ping(call.ctx.keys, call.account_no(), call.param("ping_id"), use_of(call));
  if (!token) co_return problem(Code::not_found);
  auto const market = find_market(call.ctx, token->market);
  if (!market) co_return refuse(market.error());
  auto const taxonomy = co_await taxonomy_of(call, market->no());
  if (!taxonomy) co_return refuse(taxonomy.error());
  auto lead = check_lead(call, *market->settings, intake::LeadFields::lead_and_bids, *taxonomy);
  if (!lead) co_return refuse(lead.error());
  auto const mail = co_await check_mail(call, *lead);
  if (!mail) co_return refuse(mail.error());
  auto const callable = co_await check_do_not_call(call, *market, *lead);
  if (!callable) co_return refuse(callable.error());
  auto bids = taken(call, *token);
  if (!bids) co_return refuse(bids.error());

  auto place = co_await place_of(call, *market, *lead);
  if (!place) co_return refuse(place.error());
  if (call.test_key()) {
    co_return co_await try_post(call, *market, *token, std::move(*bids), *lead, std::move(*place));
  }
  auto const number = co_await trade_of(call).lead_numbers.next(market->no());
  if (!number) co_return refuse(api::problem_of(number.error()));
  place->id = {market->no(), *number};
  place->taxonomy = *taxonomy;
  auto watched = co_await watch_lead(call.ctx, *lead, *place);
  if (!watched) co_return refuse(watched.error());
  // Never held: its price was promised, and is kept for a minute.
  auto const sampled = co_await sample_lead(call, *place);
  if (!sampled) co_return refuse(sampled.error());
  market::Submission submission;
  submission.lead = intake::make_new_lead(call.ctx.keys, *lead, *place);
  market::PostPing post{token->ping_no, token->expires_us, std::move(*bids),
                        intake::make_offer(*submission.lead, *lead)};
  if (!answers_to(*token, post.lead, intake::company_keys(*lead))) {
    co_return problem(Code::ping_mismatch);
  }
  submission.command = std::move(post);
  submission.persons = intake::person_digests(call.ctx.keys, *lead, intake::DigestUse::claim);
  submission.idempotency = call.claim(market::Operation::post_ping);
  auto const done = co_await submit(call, *market, std::move(submission));
  auto const posted = co_await lead_watched(call, {place->id, false}, done, std::move(*watched));
  if (!posted) co_return refuse(posted.error());
  Money const added{std::max<std::int64_t>(done->outcome.micros, 0)};
  Offered offered{posted->id, done->outcome, added};
  auto const told = co_await add_warnings(call, *lead, done->replayed, offered);
  if (!told) co_return refuse(told.error());
  auto response = render_outcome(call, market->settings->currency, offered);
  mark_replayed(response, done->replayed);
  co_return response;
}

}  // namespace leadex::api
