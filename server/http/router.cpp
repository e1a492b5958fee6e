#include "server/http/router.hpp"

#include <algorithm>
#include <map>

#include "billing/values/check.hpp"
#include "server/http/problem.hpp"
#include "server/http/target.hpp"

namespace leadex::http {

struct Router::Route {
  std::string operation_id;
  Handler handler;
  RouteOptions options;
  std::vector<std::string> names;  // of the {name} parts, in order
};

struct Router::Node {
  std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
  std::unique_ptr<Node> any;
  std::map<std::string, Route, std::less<>> routes;  // by method
};

namespace {

bool is_name_part(std::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

template <class Node>
std::string allowed_methods(Node const& node) {
  std::string allow;
  auto const append = [&allow](std::string_view method) {
    if (!allow.empty()) allow += ", ";
    allow += method;
  };
  for (auto const& [method, route] : node.routes) {
    append(method);
    if (method == "GET" && !node.routes.contains("HEAD")) append("HEAD");
  }
  append("OPTIONS");
  return allow;
}

/// Depth-first, literals before names: depth is bounded by the patterns, not by the request.
template <class Node>
Node const* match(Node const& node, std::span<std::string const> segments,
                  std::vector<std::string_view>& values) {
  if (segments.empty()) return node.routes.empty() ? nullptr : &node;
  if (auto const literal = node.literals.find(segments.front()); literal != node.literals.end()) {
    if (auto const* found = match(*literal->second, segments.subspan(1), values)) return found;
  }
  if (!node.any || segments.front().empty()) return nullptr;
  values.push_back(segments.front());
  if (auto const* found = match(*node.any, segments.subspan(1), values)) return found;
  values.pop_back();
  return nullptr;
}

Response not_allowed(Request const& request, std::string allow) {
  if (request.method == "OPTIONS") {
    Response response;
    response.status = 204;
    response.headers.add("Allow", std::move(allow));
    return response;
  }
  return make_problem(405, "method_not_allowed", "This path does not take that method.",
                      request.request_id, {}, Headers{{"Allow", std::move(allow)}});
}

}  // namespace

Router::Router() : root_(std::make_unique<Node>()) {}
Router::~Router() = default;
Router::Router(Router&&) noexcept = default;
Router& Router::operator=(Router&&) noexcept = default;

void Router::add(std::string method, std::string pattern, std::string operation_id, Handler handler,
                 RouteOptions options) {
  auto const target = split_target(pattern);
  LEADEX_CHECK(target && target->query.empty());
  Route route{operation_id, std::move(handler), options, {}};
  Node* node = root_.get();
  for (auto const& segment : target->segments) {
    auto& next = is_name_part(segment) ? node->any : node->literals[segment];
    if (is_name_part(segment)) route.names.push_back(segment.substr(1, segment.size() - 2));
    if (!next) next = std::make_unique<Node>();
    node = next.get();
  }
  auto const [at, added] = node->routes.emplace(method, std::move(route));
  LEADEX_CHECK(added);
  infos_.push_back({std::move(method), std::move(pattern), std::move(operation_id)});
}

std::vector<RouteInfo> Router::routes() const { return infos_; }

asio::awaitable<Response> Router::answer(Request& request) const {
  std::vector<std::string_view> values;
  auto const* const node = match(*root_, std::span<std::string const>(request.segments), values);
  if (node == nullptr) {
    co_return make_problem(404, "not_found", "There is nothing under this path.",
                           request.request_id);
  }
  auto found = node->routes.find(request.method);
  if (found == node->routes.end() && request.method == "HEAD") found = node->routes.find("GET");
  if (found == node->routes.end()) co_return not_allowed(request, allowed_methods(*node));

  Route const& route = found->second;
  request.operation_id = route.operation_id;
  request.deadline = request.received_at + route.options.deadline;
  for (std::size_t i = 0; i < values.size(); ++i) {
    request.params.add(route.names[i], std::string(values[i]));
  }
  if (!request.query_whole && !route.options.any_query) {
    co_return make_problem(400, "malformed_target", "A part of the query does not decode.",
                           request.request_id);
  }
  request.body->limit(route.options.body_bytes_max);
  if (route.options.long_body) request.body->allow_long();
  if (request.body->content_length().value_or(0) > route.options.body_bytes_max) {
    co_return make_problem(BodyError::too_large, request.request_id);
  }
  co_return co_await route.handler(request);
}

}  // namespace leadex::http
