#pragma once
// Relay: a loopback port whose connections reach the server from another loopback address. What an
// address may do is limited by address; a test that fails on purpose many times needs several.

#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <string>
#include <thread>

namespace leadex::e2e {

class Relay {
 public:
  /// @param source  "127.0.0.7"
  Relay(std::string const& source, std::uint16_t server_port);
  ~Relay();
  Relay(Relay const&) = delete;
  Relay& operator=(Relay const&) = delete;

  [[nodiscard]] std::string base_url() const;

 private:
  void accept();

  boost::asio::io_context context_;
  boost::asio::ip::tcp::endpoint source_;
  boost::asio::ip::tcp::endpoint server_;
  boost::asio::ip::tcp::acceptor acceptor_;
  std::jthread thread_;
};

}  // namespace leadex::e2e
