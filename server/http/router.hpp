#pragma once
// Router: from method and path to a handler. Filled before the server starts, read-only and
// shared by all threads afterwards.

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "server/http/message.hpp"

namespace leadex::http {

inline constexpr std::uint64_t kBodyBytesDefault = 1024 * 1024;

struct RouteOptions {
  std::uint64_t body_bytes_max = kBodyBytesDefault;
  /// Becomes Request::deadline, counted from the request's head; handlers pass it on.
  std::chrono::milliseconds deadline{30'000};
  /// An upload: held to the slowest rate alone, not to the time of a whole request.
  bool long_body{};
  /// Pairs of the query that do not decode are left out; else 400 `malformed_target`.
  bool any_query{};
};

struct RouteInfo {
  std::string method;
  std::string pattern;
  std::string operation_id;
};

class Router {
 public:
  Router();
  ~Router();
  Router(Router&&) noexcept;
  Router& operator=(Router&&) noexcept;
  Router(Router const&) = delete;
  Router& operator=(Router const&) = delete;

  /// Adds a route. A pattern is a path of literal parts and `{name}` parts, each a whole segment:
  /// "/v1/sales/{id}/contact". Literal parts win over names. A route added twice is a bug.
  void add(std::string method, std::string pattern, std::string operation_id, Handler handler,
           RouteOptions options = {});

  /// Finds the route, fills params, operation_id and deadline, and runs its handler. Unknown path:
  /// 404 `not_found`; known path, other method: 405 `method_not_allowed` with Allow; HEAD runs the
  /// GET handler (the session drops the body); OPTIONS answers 204 with Allow; a body announced
  /// larger than the route takes: 413 without a look at the handler. Lets exceptions through.
  [[nodiscard]] asio::awaitable<Response> answer(Request& request) const;

  /// All routes in the order they were added, for the comparison with the OpenAPI file.
  [[nodiscard]] std::vector<RouteInfo> routes() const;

 private:
  struct Route;
  struct Node;
  std::unique_ptr<Node> root_;
  std::vector<RouteInfo> infos_;
};

}  // namespace leadex::http
