#include "server/api/operation.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <utility>

#include "billing/values/check.hpp"
#include "server/api/request_checks.hpp"
#include "server/auth/authorize.hpp"
#include "server/privacy/key_unavailable.hpp"

namespace leadex::api {

namespace {

struct Entry {
  ApiContext& context;
  json::Operation const& operation;
  ApiHandler handler;
  OperationOptions options;
};

/// One sentence for all of them: why a key does not work is not told.
ApiProblem problem_of(auth::AuthError error) {
  constexpr std::int64_t kFailuresRetryS = 60;
  switch (error) {
    case auth::AuthError::too_many_failures:
      return {
          Code::rate_limited, "Too many failed attempts from this address.", {}, kFailuresRetryS};
    case auth::AuthError::suspended:
      return {Code::account_suspended, {}, {}, {}};
    case auth::AuthError::unavailable:
      return {Code::unavailable, {}, {}, {}};
    case auth::AuthError::missing:
    case auth::AuthError::malformed:
    case auth::AuthError::unknown:
      break;
  }
  return {Code::unauthorized, {}, {}, {}};
}

Result<void, ApiProblem> check_rights(ApiCall const& call, std::string_view operation_id) {
  switch (auth::authorize(call.principal, operation_id)) {
    case auth::Permission::granted:
      return {};
    case auth::Permission::scope:
      return problem(Code::scope_missing);
    case auth::Permission::test_key:
      return problem(Code::test_key_not_allowed);
    case auth::Permission::role:
    case auth::Permission::unknown_operation:
      break;
  }
  return problem(Code::forbidden);
}

/// Key, rates, rights. `headers` gets what every later answer carries.
asio::awaitable<Result<void, ApiProblem>> identify(Entry const& entry, ApiCall& call,
                                                   http::Headers& headers) {
  auth::Credentials credentials{
      .authorization = call.request.headers.find("authorization"),
      .repeated = call.request.headers.count("authorization") > 1,
      .peer_address = call.request.peer_address,
  };
  auto principal = co_await entry.context.authenticator.authenticate(credentials);
  if (!principal) co_return refuse(problem_of(principal.error()));
  call.principal = std::move(*principal);

  auto const rate =
      entry.context.rates.take(call.principal.tenant_no, std::chrono::steady_clock::now());
  for (auto& [name, value] : auth::rate_headers(rate)) headers.set(name, value);
  if (!rate.allowed) {
    ApiProblem refused{Code::rate_limited, {}, {}, std::max<std::int64_t>(rate.reset_s, 1)};
    co_return refuse(std::move(refused));
  }
  co_return check_rights(call, entry.operation.id);
}

asio::awaitable<Result<void, ApiProblem>> take_body(Entry const& entry, ApiCall& call) {
  if (entry.options.streams) {
    call.fingerprint.emplace(entry.context.keys, canonical_target(call.request));
    co_return check_media_type(entry.operation, call.request);
  }
  auto const limit = entry.options.body_bytes_max != 0 ? entry.options.body_bytes_max
                                                       : entry.context.limits.body_bytes_max;
  auto const bytes = co_await http::read_whole(*call.request.body, static_cast<std::size_t>(limit));
  if (!bytes) {
    switch (bytes.error()) {
      case http::BodyError::too_large:
        co_return problem(Code::body_too_large);
      case http::BodyError::too_slow:
        co_return problem(Code::body_too_slow);
      case http::BodyError::disconnected:
      case http::BodyError::malformed:
        break;
    }
    co_return problem(Code::body_malformed);
  }
  if (call.idempotency) {
    privacy::RequestFingerprint fingerprint(entry.context.keys, canonical_target(call.request));
    call.idempotency->body_hash = crypto::view_of(fingerprint.update(*bytes).finish());
  }
  auto document = read_json(entry.context.contract, entry.operation, call.request, *bytes);
  if (!document) co_return refuse(std::move(document.error()));
  call.body = std::move(*document);
  co_return Result<void, ApiProblem>{};
}

asio::awaitable<ApiResult> run(Entry const& entry, ApiCall& call, http::Headers& headers) {
  if (!entry.options.open) {
    auto const known = co_await identify(entry, call, headers);
    if (!known) co_return refuse(known.error());
  }
  if (!entry.options.lenient) {
    auto const parameters = check_parameters(entry.context.contract, entry.operation, call.request,
                                             entry.options.free_query);
    if (!parameters) co_return refuse(parameters.error());
  }
  auto key = read_idempotency_key(entry.operation, call.request);
  if (!key) co_return refuse(std::move(key.error()));
  if (*key) {
    call.idempotency = IdempotencyKey{
        **key,
        scoped_key(entry.context.keys, call.principal.tenant_no, entry.operation.id, **key),
        {}};
  }
  auto const taken = co_await take_body(entry, call);
  if (!taken) co_return refuse(taken.error());
  try {
    co_return co_await entry.handler(call);
  } catch (privacy::KeyUnavailable const&) {
    // The job that looks after epochs tells of it each minute.
  }
  co_return problem(Code::unavailable);
}

asio::awaitable<http::Response> serve(std::shared_ptr<Entry const> entry, http::Request& request) {
  ApiCall call{request, entry->context, {}, {}, {}, {}};
  http::Headers headers;
  ApiResult result = co_await run(*entry, call, headers);
  http::Response response =
      result ? std::move(*result) : to_response(result.error(), request.request_id);
  for (auto const& [name, value] : headers) response.headers.set(name, value);
  if (!response.headers.contains("Cache-Control")) {
    response.headers.add("Cache-Control", "no-store");
  }
  co_return response;
}

}  // namespace

std::optional<std::int64_t> ApiCall::query_int(std::string_view name) const {
  auto const text = query(name);
  if (!text) return std::nullopt;
  std::int64_t number{};
  auto const* const end = text->data() + text->size();
  auto const [at, fault] = std::from_chars(text->data(), end, number);
  if (fault != std::errc{} || at != end) return std::nullopt;
  return number;
}

std::vector<std::string> ApiCall::query_list(std::string_view name) const {
  std::vector<std::string> items;
  auto const text = query(name);
  if (!text || text->empty()) return items;
  std::string_view rest = *text;
  for (;;) {
    auto const comma = rest.find(',');
    items.emplace_back(rest.substr(0, comma));
    if (comma == std::string_view::npos) return items;
    rest.remove_prefix(comma + 1);
  }
}

std::optional<market::IdempotencyClaim> ApiCall::claim(market::Operation operation) const {
  if (!idempotency) return std::nullopt;
  LEADEX_CHECK(!idempotency->body_hash.empty());
  return market::IdempotencyClaim{account_no(), idempotency->key, idempotency->body_hash,
                                  operation};
}

void add(http::Router& router, ApiContext& context, std::string_view operation_id,
         ApiHandler handler, OperationOptions options) {
  auto const* const operation = context.contract.find(operation_id);
  LEADEX_CHECK(operation != nullptr);
  auto const limit =
      options.body_bytes_max != 0 ? options.body_bytes_max : context.limits.body_bytes_max;
  auto const deadline =
      options.deadline.count() != 0 ? options.deadline : context.limits.handler_timeout;
  auto entry =
      std::make_shared<Entry const>(Entry{context, *operation, std::move(handler), options});
  router.add(
      operation->method, operation->path, operation->id,
      [entry = std::move(entry)](http::Request& request) { return serve(entry, request); },
      http::RouteOptions{
          .body_bytes_max = limit,
          .deadline = deadline,
          .long_body = options.streams,
          .any_query = options.lenient,
      });
}

http::Response answer(int status, json::JsonWriter const& body) {
  return http::make_response(status, "application/json", body.str());
}

http::Response created(json::JsonWriter const& body, std::string location) {
  auto response = answer(201, body);
  response.headers.add("Location", std::move(location));
  return response;
}

http::Response no_content() {
  http::Response response;
  response.status = 204;
  return response;
}

}  // namespace leadex::api
