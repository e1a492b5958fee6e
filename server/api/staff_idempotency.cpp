#include "server/api/staff_idempotency.hpp"

namespace leadex::api {

namespace {

using Outcome = Result<StoredAnswer, ApiProblem>;

/// What one attempt of the transaction needs; copied into the job.
struct Attempt {
  std::optional<IdempotencyKey> key;
  std::int64_t tenant_no{};
  std::string operation;
  TransactionBody work;

  Outcome operator()(storage::PlatformTx& tx) const {
    if (!key) return work(tx);
    storage::IdempotencyScope const scope{tenant_no, operation, key->text, key->body_hash};
    auto found = tx.idempotency().begin(scope);
    switch (found.state) {
      case storage::IdempotencyState::replay:
        return StoredAnswer{found.status, std::move(found.body), {}, true};
      case storage::IdempotencyState::reused:
        return problem(Code::idempotency_key_reused);
      case storage::IdempotencyState::in_progress:
        return problem(Code::in_progress);
      case storage::IdempotencyState::fresh:
        break;
    }
    auto done = work(tx);
    if (done) tx.idempotency().store(scope, done->status, done->body);
    return done;
  }
};

http::Response render(StoredAnswer answer) {
  if (answer.body.empty()) {
    http::Response response;
    response.status = answer.status;
    return response;
  }
  auto response = http::make_response(answer.status, "application/json", std::move(answer.body));
  if (!answer.location.empty()) response.headers.add("Location", std::move(answer.location));
  return response;
}

}  // namespace

asio::awaitable<ApiResult> transact_once(ApiCall& call, TransactionBody work) {
  Attempt attempt{call.idempotency, call.principal.tenant_no, call.request.operation_id,
                  std::move(work)};
  auto outcome = co_await call.ctx.database.transact(std::move(attempt));
  if (!outcome) co_return refuse(problem_of(outcome.error()));
  if (!*outcome) co_return refuse(std::move(outcome->error()));
  bool const replayed = (*outcome)->replayed;
  auto response = render(std::move(**outcome));
  mark_replayed(response, replayed);
  co_return response;
}

}  // namespace leadex::api
