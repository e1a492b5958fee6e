#pragma once
// Operations: puts one handler behind one operation of the contract. In front of every handler
// stand authentication, rates, rights, parameters, Idempotency-Key, body and schema, in that order;
// the handler sees only what passed. add() runs at start; the wrapper runs on the connection's
// thread.

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "server/api/api_context.hpp"
#include "server/api/errors.hpp"
#include "server/http/router.hpp"
#include "server/json/value.hpp"
#include "server/json/writer.hpp"
#include "server/market/submission.hpp"
#include "server/privacy/fingerprint.hpp"

namespace leadex::api {

namespace asio = boost::asio;

/// The client's Idempotency-Key, and what is stored of it.
struct IdempotencyKey {
  std::string text;       ///< as sent, unquoted; for PlatformIdempotency
  std::string key;        ///< 16 bytes: keyed hash of account, operation and key; for markets
  std::string body_hash;  ///< 32 bytes: keyed hash of method, path, query and body
};

/// One request that passed all general checks. Lives until the handler has returned.
struct ApiCall {
  http::Request& request;
  ApiContext& ctx;
  storage::Principal principal;  ///< all zero for open operations
  json::Document body;           ///< null when there was none; checked against the contract
  std::optional<IdempotencyKey> idempotency;
  /// Streaming operations only: feed it the body as read, then finish() is the body_hash.
  std::optional<privacy::RequestFingerprint> fingerprint;

  [[nodiscard]] std::int64_t account_no() const { return principal.tenant_no; }
  [[nodiscard]] bool staff() const { return storage::is_staff(principal.role); }
  [[nodiscard]] bool test_key() const { return principal.key_kind == storage::KeyKind::test; }
  /// A `{name}` of the path.
  [[nodiscard]] std::string_view param(std::string_view name) const {
    return request.params.at(name);
  }
  [[nodiscard]] std::optional<std::string_view> query(std::string_view name) const {
    return request.query_value(name);
  }
  /// A whole number of the query; the contract has checked that it is one.
  [[nodiscard]] std::optional<std::int64_t> query_int(std::string_view name) const;
  /// The items of a comma-separated query value; empty when it is absent.
  [[nodiscard]] std::vector<std::string> query_list(std::string_view name) const;
  /// The claim for a market's command, when the client sent a key. Streaming operations set
  /// idempotency->body_hash first.
  [[nodiscard]] std::optional<market::IdempotencyClaim> claim(market::Operation operation) const;
};

/// A named coroutine; it takes the call by reference since the wrapper outlives it.
using ApiHandler = std::function<asio::awaitable<ApiResult>(ApiCall&)>;

struct OperationOptions {
  bool open{};        ///< no key asked for (contract: `security: []`)
  bool streams{};     ///< the handler reads request.body itself; no JSON, no schema
  bool free_query{};  ///< query names the contract does not list reach the handler, which checks
                      ///< them
  bool lenient{};     ///< the query is not checked: the handler takes what it can use
  std::uint64_t body_bytes_max = 0;      ///< 0: ApiLimits::body_bytes_max
  std::chrono::milliseconds deadline{};  ///< 0: ApiLimits::handler_timeout
};

/// Adds the operation under the method and path the contract gives it. An id that is not in the
/// contract is a bug and stops the process. `context` and its contract outlive the router.
void add(http::Router& router, ApiContext& context, std::string_view operation_id,
         ApiHandler handler, OperationOptions options = {});

/// An answer of JSON.
[[nodiscard]] http::Response answer(int status, json::JsonWriter const& body);
/// 201 with Location.
[[nodiscard]] http::Response created(json::JsonWriter const& body, std::string location);
[[nodiscard]] http::Response no_content();

}  // namespace leadex::api
