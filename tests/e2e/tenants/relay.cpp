#include "tests/e2e/tenants/relay.hpp"

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <memory>

namespace leadex::e2e {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

/// Both ends of one connection; lives as long as one of its directions.
struct Pair {
  tcp::socket near;
  tcp::socket far;
  std::array<std::array<char, 16384>, 2> pieces{};
};

void copy(std::shared_ptr<Pair> pair, bool out) {
  auto& from = out ? pair->near : pair->far;
  auto& piece = pair->pieces.at(out ? 0 : 1);
  from.async_read_some(asio::buffer(piece), [pair, out](auto const& error, std::size_t n) {
    auto& to = out ? pair->far : pair->near;
    boost::system::error_code ignored;
    if (error) {
      to.shutdown(tcp::socket::shutdown_send, ignored);
      return;
    }
    asio::async_write(to, asio::buffer(pair->pieces.at(out ? 0 : 1), n),
                      [pair, out](auto const& failed, std::size_t) {
                        if (!failed) copy(pair, out);
                      });
  });
}

}  // namespace

Relay::Relay(std::string const& source, std::uint16_t server_port)
    : source_(asio::ip::make_address(source), 0),
      server_(asio::ip::address_v4::loopback(), server_port),
      acceptor_(context_, tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {
  accept();
  thread_ = std::jthread([this] { context_.run(); });
}

Relay::~Relay() { context_.stop(); }

std::string Relay::base_url() const {
  return "https://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
}

void Relay::accept() {
  acceptor_.async_accept([this](auto const& error, tcp::socket near) {
    if (error) return;
    auto pair = std::make_shared<Pair>(Pair{std::move(near), tcp::socket(context_), {}});
    boost::system::error_code failed;
    pair->far.open(tcp::v4(), failed);
    if (!failed) pair->far.bind(source_, failed);
    if (!failed) pair->far.connect(server_, failed);
    if (!failed) {
      copy(pair, true);
      copy(pair, false);
    }
    accept();
  });
}

}  // namespace leadex::e2e
