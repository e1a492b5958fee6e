#pragma once
// Use cases of staff as operations: one platform transaction, under the caller's Idempotency-Key
// when there is one. Market commands keep their own keys.

#include <string>

#include "server/api/operation.hpp"
#include "server/app/action.hpp"

namespace leadex::api {

/// What the use cases work with, from the context.
[[nodiscard]] app::AppTools app_tools(ApiContext const& context);

/// Runs `action` (copyable; it may run again after a collision) and answers what it says, or what
/// the key's first request was answered. A refusal undoes everything.
/// @param created_under  path in front of the new object's id, for Location of a 201; or empty
[[nodiscard]] asio::awaitable<ApiResult> transact_once(ApiCall& call, app::AnswerAction action,
                                                       std::string created_under = {});

/// The same for operations that no key can be sent with, and for reads.
[[nodiscard]] asio::awaitable<ApiResult> transact(ApiCall& call, app::AnswerAction action);

}  // namespace leadex::api
