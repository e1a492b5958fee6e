#pragma once
// Receiver: a real HTTPS server that takes webhooks and postbacks and behaves as its path says: ok,
// slow, hang, error, flaky, gone, throttle, refuse, huge, drop. Tests read what arrived; any
// thread.

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "server/http/server.hpp"
#include "tests/server/http/support.hpp"

namespace leadex::delivery::test {

struct Received {
  std::string method;
  std::string path;
  std::string target;  ///< path and query as sent
  http::Headers headers;
  std::string body;
  std::chrono::steady_clock::time_point at;
};

class Receiver {
 public:
  Receiver();
  ~Receiver();
  Receiver(Receiver const&) = delete;
  Receiver& operator=(Receiver const&) = delete;

  /// "https://127.0.0.1:…/ok/1"
  [[nodiscard]] std::string url(std::string const& path) const;
  [[nodiscard]] std::string ca_file() const { return folder_.path("cert.pem"); }
  [[nodiscard]] std::vector<Received> received(std::string const& path) const;
  [[nodiscard]] std::size_t count(std::string const& path) const { return received(path).size(); }

 private:
  http::asio::awaitable<http::Response> take(http::Request& request);
  [[nodiscard]] http::Response answer(std::string const& mode, std::size_t before) const;

  http::test::TempFolder folder_;
  http::Router router_;
  std::unique_ptr<http::Server> server_;
  mutable std::mutex guard_;
  std::vector<Received> received_;
};

/// Waits until the condition holds; false after `patience`.
[[nodiscard]] bool within(std::chrono::milliseconds patience,
                          std::function<bool()> const& condition);

}  // namespace leadex::delivery::test
