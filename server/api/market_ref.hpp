#pragma once
// From a market's name or number to its actor, and from what an actor or a store refuses to the
// problem that a client sees. Any thread.

#include <memory>
#include <string_view>

#include "server/api/operation.hpp"
#include "server/market/market_actor.hpp"
#include "server/storage/store_error.hpp"

namespace leadex::api {

struct MarketRef {
  std::shared_ptr<market::MarketActor> actor;
  std::shared_ptr<market::MarketSettings const> settings;  ///< in force, never null
  [[nodiscard]] MarketNo no() const { return actor->market_no(); }
  [[nodiscard]] std::string const& name() const { return actor->name(); }
};

/// @errors  not_found; not_owner (503, Retry-After) while the market is not ready here
[[nodiscard]] Result<MarketRef, ApiProblem> find_market(ApiContext& context, std::string_view name);
[[nodiscard]] Result<MarketRef, ApiProblem> find_market(ApiContext& context, MarketNo no);

[[nodiscard]] ApiProblem problem_of(market::SubmitError error);
/// @param refusal  not none.
[[nodiscard]] ApiProblem problem_of(market::Refusal refusal);
[[nodiscard]] ApiProblem problem_of(market::ViewError error);
[[nodiscard]] ApiProblem problem_of(storage::StoreError error);

/// Submits and turns every refusal, the engine's too, into a problem. The command's deadline is
/// that of the request.
[[nodiscard]] asio::awaitable<Result<market::Answer, ApiProblem>> submit(
    ApiCall& call, MarketRef market, market::Submission submission);

/// Adds `Idempotent-Replayed: true` when the answer is a repeated one.
void mark_replayed(http::Response& response, bool replayed);

}  // namespace leadex::api
