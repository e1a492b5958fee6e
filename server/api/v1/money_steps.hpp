#pragma once
// Money between a wallet and a market, step by step, so that a retry after a crash goes on where
// the first try stopped:
//   fund    the platform's transaction moves the money out of the wallet and keeps the intent's
//           number under the client's key; the market takes each intent once.
//   defund  the market's command carries its own number and the client's key; a repeated answer
//           names that command, whose intent the platform takes once.
// Any thread.

#include "server/api/v1/trade_support.hpp"

namespace leadex::api {

/// wallet → clearing, once per key and `step`; then it arrives in the market. Campaign 0: the desk.
/// @errors  insufficient_funds, idempotency_key_reused, in_progress, not_owner, busy, …
struct FundStep {
  MarketNo market{};
  std::int64_t campaign_no{};
  Money amount;
  std::string step;  // operation the key is kept under
};
[[nodiscard]] asio::awaitable<Result<void, ApiProblem>> fund_once(ApiCall& call, FundStep step);

[[nodiscard]] ApiProblem problem_of(app::IntentError error);

}  // namespace leadex::api
