#pragma once
// BidReceiver: a real HTTPS server of a buyer that is asked for bids and behaves as its path says:
// bid/AMOUNT, whole/AMOUNT, slow/AMOUNT, none, empty, garbage, euro, error, hang. Tests read what
// it was asked; any thread.

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "tests/server/delivery/receiver.hpp"

namespace leadex::delivery::test {

class BidReceiver {
 public:
  /// @param slow  before a slow answer
  explicit BidReceiver(std::chrono::milliseconds slow = std::chrono::milliseconds(700));
  ~BidReceiver();
  BidReceiver(BidReceiver const&) = delete;
  BidReceiver& operator=(BidReceiver const&) = delete;

  /// "https://127.0.0.1:…/bid/5.00"
  [[nodiscard]] std::string url(std::string const& path) const;
  [[nodiscard]] std::string ca_file() const { return folder_.path("cert.pem"); }
  [[nodiscard]] std::vector<Received> received() const;
  [[nodiscard]] std::size_t count() const { return received().size(); }
  /// Connections taken so far.
  [[nodiscard]] int accepted() const { return accepted_.opened.load(); }
  void stop() { server_->stop(); }

 private:
  struct Accepted final : http::Observer {
    void answered(http::Exchange const& /*exchange*/) noexcept override {}
    void connection_opened() noexcept override { ++opened; }
    std::atomic<int> opened{0};
  };

  http::asio::awaitable<http::Response> take(http::Request& request);

  std::chrono::milliseconds slow_;
  http::test::TempFolder folder_;
  http::Router router_;
  Accepted accepted_;
  std::unique_ptr<http::Server> server_;
  mutable std::mutex guard_;
  std::vector<Received> received_;
};

}  // namespace leadex::delivery::test
