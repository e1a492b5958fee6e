#include "server/api/kept_answer.hpp"

#include "billing/values/check.hpp"
#include "server/api/market_ref.hpp"

namespace leadex::api {

namespace {

std::string scope_of(ApiCall const& call) { return call.request.operation_id + ".answer"; }

}  // namespace

std::optional<ApiProblem> problem_of(storage::IdempotencyState state) {
  if (state == storage::IdempotencyState::reused) {
    return ApiProblem{Code::idempotency_key_reused, {}, {}, {}};
  }
  if (state == storage::IdempotencyState::in_progress) {
    return ApiProblem{Code::in_progress, {}, {}, {}};
  }
  return std::nullopt;
}

asio::awaitable<Result<std::optional<std::string>, ApiProblem>> kept_answer(ApiCall& call) {
  LEADEX_CHECK(call.idempotency.has_value());
  auto const found =
      co_await call.ctx.database.transact([tenant_no = call.account_no(), key = *call.idempotency,
                                           operation = scope_of(call)](storage::PlatformTx& tx) {
        return tx.idempotency().begin({tenant_no, operation, key.text, key.body_hash});
      });
  if (!found) co_return refuse(problem_of(found.error()));
  if (auto refused = problem_of(found->state)) co_return refuse(std::move(*refused));
  if (found->state != storage::IdempotencyState::replay) co_return std::optional<std::string>{};
  co_return std::optional{found->body};
}

asio::awaitable<std::string> keep_answer(ApiCall& call, std::string body) {
  auto const kept = co_await call.ctx.database.transact(
      [tenant_no = call.account_no(), key = *call.idempotency, operation = scope_of(call),
       body](storage::PlatformTx& tx) {
        storage::IdempotencyScope const scope{tenant_no, operation, key.text, key.body_hash};
        auto found = tx.idempotency().begin(scope);
        if (found.state == storage::IdempotencyState::replay) return std::move(found.body);
        if (found.state == storage::IdempotencyState::fresh) {
          tx.idempotency().store(scope, 200, body);
        }
        return body;
      });
  co_return kept ? *kept : body;
}

asio::awaitable<ApiResult> answer_once(ApiCall& call, ApiHandler handler) {
  if (!call.idempotency) co_return co_await handler(call);
  auto kept = co_await kept_answer(call);
  if (!kept) co_return refuse(kept.error());
  if (*kept) {
    auto response = http::make_response(200, "application/json", std::move(**kept));
    mark_replayed(response, true);
    co_return response;
  }
  auto result = co_await handler(call);
  if (result) result->body = co_await keep_answer(call, std::move(result->body));
  co_return result;
}

}  // namespace leadex::api
