#include "tests/server/delivery/bid_receiver.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace leadex::delivery::test {

namespace asio = boost::asio;

namespace {

asio::awaitable<void> pause(std::chrono::milliseconds time) {
  asio::steady_timer timer(co_await asio::this_coro::executor, time);
  co_await timer.async_wait(asio::use_awaitable);
}

std::string bid(std::string const& amount, std::string const& currency = "USD") {
  return R"({"bid":{"amount":")" + amount + R"(","currency":")" + currency + R"("},"note":"ours")";
}

http::Response json(int status, std::string body) {
  return http::make_response(status, "application/json", std::move(body));
}

}  // namespace

BidReceiver::BidReceiver(std::chrono::milliseconds slow) : slow_(slow) {
  http::test::write_certificate(folder_.path("cert.pem"), folder_.path("key.pem"), 1);
  router_.add("POST", "/{mode}/{amount}", "bid",
              [this](http::Request& request) { return take(request); });
  http::ServerOptions options;
  options.tls = {folder_.path("cert.pem"), folder_.path("key.pem")};
  options.drain_timeout = std::chrono::milliseconds(300);
  server_ = std::make_unique<http::Server>(options, router_, &accepted_);
  server_->start();
}

BidReceiver::~BidReceiver() { server_->stop(); }

std::string BidReceiver::url(std::string const& path) const {
  return "https://127.0.0.1:" + std::to_string(server_->port()) + path;
}

std::vector<Received> BidReceiver::received() const {
  std::lock_guard const lock(guard_);
  return received_;
}

asio::awaitable<http::Response> BidReceiver::take(http::Request& request) {
  auto const body = co_await http::read_whole(*request.body, 64 * 1024);
  if (!body) co_return json(400, "");
  auto const mode = std::string(request.params.at("mode"));
  auto const amount = std::string(request.params.at("amount"));
  {
    std::lock_guard const lock(guard_);
    received_.push_back({.method = {},
                         .path = request.path,
                         .target = {},
                         .headers = request.headers,
                         .body = *body,
                         .at = std::chrono::steady_clock::now()});
  }
  if (mode == "hang") co_await pause(std::chrono::seconds(60));
  if (mode == "slow") co_await pause(slow_);
  if (mode == "error") co_return json(500, bid(amount) + '}');
  if (mode == "garbage") co_return json(200, "<html>" + amount);
  if (mode == "huge")
    co_return json(200, bid(amount) + R"(,"x":")" + std::string(8192, 'x') + "\"}");
  if (mode == "euro") co_return json(200, bid(amount, "EUR") + '}');
  if (mode == "none") co_return json(200, R"({"bid":null})");
  if (mode == "empty") co_return json(204, "");
  if (mode == "whole") co_return json(200, bid(amount) + R"(,"exclusive":true})");
  co_return json(200, bid(amount) + '}');
}

}  // namespace leadex::delivery::test
