#pragma once
// Answers kept under a client's Idempotency-Key beside the effect, for operations that are the same
// when done twice: a repeated request gets the first answer, and one whose answer was not kept (the
// process ended in between) is done again. Any thread.

#include <functional>
#include <optional>
#include <string>

#include "server/api/operation.hpp"
#include "server/storage/platform_idempotency.hpp"

namespace leadex::api {

/// The answer that was kept for the call's key by keep_answer; nothing the first time.
/// @errors  idempotency_key_reused, in_progress
[[nodiscard]] asio::awaitable<Result<std::optional<std::string>, ApiProblem>> kept_answer(
    ApiCall& call);
/// Keeps a body under the call's key, with status 200. @return the one that is kept, which is
/// another request's when that was first; the body itself when it could not be kept
[[nodiscard]] asio::awaitable<std::string> keep_answer(ApiCall& call, std::string body);

/// Runs `handler` (a named coroutine whose good answer is a 200 with a body), or repeats what it
/// answered under the call's key. Without a key it just runs.
[[nodiscard]] asio::awaitable<ApiResult> answer_once(ApiCall& call, ApiHandler handler);

/// The problem of a key that cannot be used now; nothing for a fresh or a repeated one.
[[nodiscard]] std::optional<ApiProblem> problem_of(storage::IdempotencyState state);

}  // namespace leadex::api
