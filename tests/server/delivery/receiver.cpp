#include "tests/server/delivery/receiver.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <thread>

namespace leadex::delivery::test {

namespace asio = boost::asio;

namespace {

/// More than anybody wants to read.
class Endless final : public http::BodySource {
 public:
  asio::awaitable<Result<std::string, http::SourceError>> next() override {
    if (++pieces_ > 256) co_return std::string{};
    co_return std::string(64 * 1024, 'x');
  }

 private:
  int pieces_ = 0;
};

/// Cuts the connection after the head.
class Cut final : public http::BodySource {
 public:
  asio::awaitable<Result<std::string, http::SourceError>> next() override {
    co_return refuse(http::SourceError::failed);
  }
};

asio::awaitable<void> pause(std::chrono::milliseconds time) {
  asio::steady_timer timer(co_await asio::this_coro::executor, time);
  co_await timer.async_wait(asio::use_awaitable);
}

}  // namespace

Receiver::Receiver() {
  http::test::write_certificate(folder_.path("cert.pem"), folder_.path("key.pem"), 1);
  router_.add("POST", "/{mode}/{n}", "hook",
              [this](http::Request& request) { return take(request); });
  router_.add("GET", "/{mode}/{n}", "postback",
              [this](http::Request& request) { return take(request); });
  http::ServerOptions options;
  options.tls = {folder_.path("cert.pem"), folder_.path("key.pem")};
  // Some postbacks are long.
  options.limits.header_bytes_max = 32 * 1024;
  options.limits.target_bytes_max = 16 * 1024;
  options.drain_timeout = std::chrono::milliseconds(300);
  server_ = std::make_unique<http::Server>(options, router_, nullptr);
  server_->start();
}

Receiver::~Receiver() { server_->stop(); }

std::string Receiver::url(std::string const& path) const {
  return "https://127.0.0.1:" + std::to_string(server_->port()) + path;
}

std::vector<Received> Receiver::received(std::string const& path) const {
  std::lock_guard const lock(guard_);
  std::vector<Received> found;
  for (auto const& each : received_) {
    if (each.path == path) found.push_back(each);
  }
  return found;
}

asio::awaitable<http::Response> Receiver::take(http::Request& request) {
  auto const body = co_await http::read_whole(*request.body, 64 * 1024);
  if (!body) co_return http::make_response(400, "text/plain", "");
  auto const mode = std::string(request.params.at("mode"));
  std::size_t before = 0;
  {
    std::lock_guard const lock(guard_);
    for (auto const& each : received_) before += each.path == request.path ? 1 : 0;
    received_.push_back({request.method, request.path, request.target, request.headers, *body,
                         std::chrono::steady_clock::now()});
  }
  if (mode == "hang") co_await pause(std::chrono::seconds(60));
  if (mode == "slow") co_await pause(std::chrono::milliseconds(700));
  co_return answer(mode, before);
}

http::Response Receiver::answer(std::string const& mode, std::size_t before) const {
  auto const status = [](int code) { return http::make_response(code, "text/plain", "seen"); };
  if (mode == "error") return status(500);
  if (mode == "flaky") return status(before < 2 ? 500 : 200);
  if (mode == "gone") return status(410);
  if (mode == "refuse") return status(422);
  if (mode == "throttle") {
    auto response = status(before == 0 ? 429 : 204);
    if (before == 0) response.headers.add("Retry-After", "2");
    return response;
  }
  auto response = status(200);
  if (mode == "huge") response.stream = std::make_unique<Endless>();
  if (mode == "drop" && before == 0) response.stream = std::make_unique<Cut>();
  return response;
}

bool within(std::chrono::milliseconds patience, std::function<bool()> const& condition) {
  auto const until = std::chrono::steady_clock::now() + patience;
  while (std::chrono::steady_clock::now() < until) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return condition();
}

}  // namespace leadex::delivery::test
