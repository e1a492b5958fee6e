#include "server/api/staff_idempotency.hpp"

#include <utility>

#include "server/api/app_problem.hpp"
#include "server/api/market_ref.hpp"

namespace leadex::api {

namespace {

constexpr int kRefusedFrom = 400;

/// Nothing is kept of what the same request may well meet differently next time.
bool is_kept(int status) {
  return status < 500 && status != 400 && status != 401 && status != 403 && status != 429;
}

std::optional<app::Answer> kept_refusal(app::AppError const& error, std::string const& request_id) {
  auto response = to_response(problem_of(error), request_id);
  if (!is_kept(response.status)) return std::nullopt;
  return app::Answer{response.status, std::move(response.body)};
}

std::string id_in(std::string const& body) {
  auto const document = json::parse(body, {.bytes = body.size()});
  if (!document || !document->IsObject()) return {};
  auto const* const id = json::find_member(*document, "id");
  return id != nullptr && id->IsString() ? std::string{json::text_of(*id)} : std::string{};
}

http::Response render(app::Answer answer, std::string const& created_under) {
  if (answer.body.empty()) {
    http::Response response;
    response.status = answer.status;
    return response;
  }
  bool const refused = answer.status >= kRefusedFrom;
  auto const id = answer.status == 201 && !created_under.empty() ? id_in(answer.body) : "";
  auto response =
      http::make_response(answer.status, refused ? "application/problem+json" : "application/json",
                          std::move(answer.body));
  if (!id.empty()) response.headers.add("Location", created_under + id);
  return response;
}

}  // namespace

app::AppTools app_tools(ApiContext const& context) {
  return {context.keys,
          context.minter,
          {.environment = context.environment, .deposit_limit = context.limits.deposit_limit}};
}

asio::awaitable<ApiResult> transact(ApiCall& call, app::AnswerAction action) {
  auto done = co_await app::act(call.ctx.database, std::move(action));
  if (!done) co_return refuse(problem_of(done.error()));
  co_return render(std::move(*done), {});
}

asio::awaitable<ApiResult> transact_once(ApiCall& call, app::AnswerAction action,
                                         std::string created_under) {
  if (!call.idempotency) {
    auto done = co_await app::act(call.ctx.database, std::move(action));
    if (!done) co_return refuse(problem_of(done.error()));
    co_return render(std::move(*done), created_under);
  }
  app::IdempotencyRequest request{call.principal.tenant_no, call.request.operation_id,
                                  call.idempotency->text, call.idempotency->body_hash};
  app::RefusalAnswer refusal = [request_id = call.request.request_id](app::AppError const& error) {
    return kept_refusal(error, request_id);
  };
  auto kept = co_await app::act_once(call.ctx.database, std::move(request), std::move(action),
                                     std::move(refusal));
  if (!kept) co_return refuse(problem_of(kept.error()));
  auto response = render(std::move(kept->answer), created_under);
  mark_replayed(response, kept->replayed);
  co_return response;
}

}  // namespace leadex::api
