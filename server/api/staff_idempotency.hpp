#pragma once
// Idempotency of what runs as one platform transaction: the first answer of a key is stored in the
// transaction that did the work and given again on a retry. Market commands keep their own keys.

#include <functional>
#include <optional>
#include <string>
#include <utility>

#include "server/api/market_ref.hpp"
#include "server/api/operation.hpp"

namespace leadex::api {

/// What a transaction answers, in a form that can be kept: status, JSON and Location.
struct StoredAnswer {
  int status = 200;
  std::string body;      ///< JSON; empty with 204
  std::string location;  ///< empty: none; not repeated on a replay
  bool replayed{};
};

using TransactionBody = std::function<Result<StoredAnswer, ApiProblem>(storage::PlatformTx&)>;

/// Runs `work` (copyable; it may run again after a collision) in one transaction together with the
/// key of the call, if there is one. A refusal undoes everything and keeps nothing, so the key is
/// free again.
/// @errors  in_progress, idempotency_key_reused, those of the store, those of `work`
[[nodiscard]] asio::awaitable<ApiResult> transact_once(ApiCall& call, TransactionBody work);

}  // namespace leadex::api
