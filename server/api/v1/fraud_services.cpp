#include "server/api/v1/fraud_services.hpp"

#include "server/api/v1/intake_services.hpp"
#include "server/api/v1/trade_support.hpp"

namespace leadex::api {

namespace {

FraudServices* services_of(ApiContext const& ctx) {
  return ctx.intake == nullptr ? nullptr : ctx.intake->fraud;
}

/// Before a case can be opened once more: what the world failed at will be asked for again.
bool is_settled(std::optional<Code> refused) { return !refused || info(*refused).status < 500; }

asio::awaitable<Result<void, ApiProblem>> report(FraudServices& fraud, WatchedLead watched,
                                                 std::int64_t lead_no) {
  std::vector<storage::PlantedHit> hits;
  for (auto const planted_no : watched.planted) {
    hits.push_back({.planted_no = planted_no,
                    .market = watched.market,
                    .generator_no = watched.generator_no,
                    .lead_no = lead_no});
  }
  if (hits.empty()) co_return Result<void, ApiProblem>{};
  auto const done = co_await fraud.planted.report(std::move(hits));
  if (!done) co_return refuse(problem_of(done.error()));
  co_return Result<void, ApiProblem>{};
}

/// Whose a person is that the market knows. An own one is no sign of anything: a post that is sent
/// again without its key looks like this.
asio::awaitable<storage::LeadReads::PersonSeen> seen_at(ApiContext const& ctx,
                                                        WatchedLead watched) {
  auto const seen = co_await ctx.trade->leads.person_seen(watched.market, watched.generator_no,
                                                          watched.persons, 0);
  co_return seen.value_or(storage::LeadReads::PersonSeen::own);
}

}  // namespace

asio::awaitable<Result<std::vector<std::int64_t>, ApiProblem>> planted_in(
    ApiContext const& ctx, std::vector<std::string> const& digests) {
  std::vector<std::int64_t> found;
  auto* const fraud = services_of(ctx);
  if (fraud == nullptr || digests.empty()) co_return found;
  auto const known = co_await fraud->planted.known();
  if (!known) co_return refuse(problem_of(known.error()));
  for (auto const& digest : digests) {
    auto const one = (*known)->find(digest);
    if (one != (*known)->end()) found.push_back(one->second);
  }
  co_return found;
}

asio::awaitable<Result<WatchedLead, ApiProblem>> watch_lead(ApiContext const& ctx,
                                                            intake::CheckedLead const& lead,
                                                            intake::LeadPlace& place) {
  WatchedLead watched{.market = place.id.market, .generator_no = place.tenant_no};
  if (services_of(ctx) == nullptr) co_return watched;
  watched.persons = intake::person_digests(ctx.keys, lead, intake::DigestUse::claim);
  auto planted = co_await planted_in(ctx, watched.persons);
  if (!planted) co_return refuse(planted.error());
  watched.planted = std::move(*planted);
  place.planted = !watched.planted.empty();
  watched.signs = intake::signs_of(ctx.keys, lead, ctx.now());
  co_return watched;
}

asio::awaitable<Result<void, ApiProblem>> watch_ping(ApiContext const& ctx, WatchedLead watched) {
  auto* const fraud = services_of(ctx);
  if (fraud == nullptr) co_return Result<void, ApiProblem>{};
  co_return co_await report(*fraud, std::move(watched), 0);
}

asio::awaitable<Result<void, ApiProblem>> watch_outcome(ApiContext const& ctx, WatchedLead watched,
                                                        std::int64_t lead_no, bool replayed,
                                                        std::optional<Code> refused) {
  using Seen = storage::LeadReads::PersonSeen;
  auto* const fraud = services_of(ctx);
  if (fraud == nullptr || !is_settled(refused)) co_return Result<void, ApiProblem>{};
  auto const reported = co_await report(*fraud, watched, lead_no);
  if (!reported) co_return refuse(reported.error());
  bool const known = refused == Code::duplicate;
  if (replayed || (refused && !known)) co_return Result<void, ApiProblem>{};
  if (known && co_await seen_at(ctx, watched) != Seen::of_another) {
    co_return Result<void, ApiProblem>{};
  }
  static_cast<void>(fraud->signs.note({.market = watched.market,
                                       .generator_no = watched.generator_no,
                                       .lead_no = lead_no,
                                       .signs = watched.signs,
                                       .persons = watched.persons,
                                       .form_us = watched.form_us,
                                       .known_elsewhere = known},
                                      ctx.now()));
  co_return Result<void, ApiProblem>{};
}

}  // namespace leadex::api
