// leadex-cut-bytes: stands between a client and a server on loopback and cuts connections by their
// length.
//   leadex-cut-bytes LISTEN_PORT CONNECT_PORT BYTES...
// The first connection on which the client has sent the first number of BYTES ends there, both
// ways, with no word to either side; so does the next one that comes to the second number, and so
// on. Each cut is a line on stdout. What comes afterwards passes whole. Ends when it is killed.

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <charconv>
#include <cstdio>
#include <deque>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string_view>

namespace {

namespace asio = boost::asio;
using asio::awaitable;
using asio::ip::tcp;

constexpr auto kToken = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kPieceBytes = 16ULL * 1024;

struct Link {
  tcp::socket client;
  tcp::socket server;

  void close() {
    boost::system::error_code ignored;
    client.close(ignored);
    server.close(ignored);
  }
};
using LinkPtr = std::shared_ptr<Link>;

awaitable<void> pass_requests(std::deque<std::size_t>& cuts, LinkPtr link) {
  std::array<char, kPieceBytes> piece{};
  std::size_t passed = 0;
  for (;;) {
    auto const [ended, n] = co_await link->client.async_read_some(asio::buffer(piece), kToken);
    if (ended) break;
    bool const cut = !cuts.empty() && passed + n >= cuts.front();
    auto const size = cut ? cuts.front() - std::min(passed, cuts.front()) : n;
    auto const [failed, sent] =
        co_await asio::async_write(link->server, asio::buffer(piece.data(), size), kToken);
    passed += n;
    if (failed) break;
    if (!cut) continue;
    std::printf("cut at %zu\n", cuts.front());
    std::fflush(stdout);
    cuts.pop_front();
    break;
  }
  link->close();
}

awaitable<void> pass_answers(LinkPtr link) {
  std::array<char, kPieceBytes> piece{};
  for (;;) {
    auto const [ended, n] = co_await link->server.async_read_some(asio::buffer(piece), kToken);
    if (ended) break;
    auto const [failed, sent] =
        co_await asio::async_write(link->client, asio::buffer(piece.data(), n), kToken);
    if (failed) break;
  }
  link->close();
}

/// A connection that fails ends alone, as it does when a network fails.
void spawn(asio::io_context& context, awaitable<void> work) {
  asio::co_spawn(context, std::move(work), [](std::exception_ptr thrown) {
    if (thrown) std::fputs("leadex-cut-bytes: a connection failed\n", stderr);
  });
}

awaitable<void> accept(asio::io_context& context, tcp::acceptor& acceptor, tcp::endpoint server,
                       std::deque<std::size_t>& cuts) {
  for (;;) {
    auto [failed, client] = co_await acceptor.async_accept(kToken);
    if (failed) co_return;
    auto link = std::make_shared<Link>(Link{std::move(client), tcp::socket{context}});
    auto const [refused] = co_await link->server.async_connect(server, kToken);
    if (refused) continue;  // as the server itself, when it is down
    spawn(context, pass_requests(cuts, link));
    spawn(context, pass_answers(link));
  }
}

std::size_t number_of(std::string_view word) {
  std::size_t number{};
  auto const* const end = word.data() + word.size();
  auto const [stopped, fault] = std::from_chars(word.data(), end, number);
  if (fault != std::errc{} || stopped != end || number == 0) {
    throw std::invalid_argument("a port or a number of bytes is no number");
  }
  return number;
}

tcp::endpoint port_of(std::string_view word) {
  return {asio::ip::address_v4::loopback(), static_cast<asio::ip::port_type>(number_of(word))};
}

}  // namespace

int main(int count, char** words) {
  if (count < 3) {
    std::fputs("usage: leadex-cut-bytes LISTEN_PORT CONNECT_PORT BYTES...\n", stderr);
    return 2;
  }
  try {
    std::deque<std::size_t> cuts;
    for (int i = 3; i < count; ++i) cuts.push_back(number_of(words[i]));
    asio::io_context context{1};
    tcp::acceptor acceptor{context, port_of(words[1])};
    spawn(context, accept(context, acceptor, port_of(words[2]), cuts));
    context.run();
  } catch (std::exception const& error) {
    std::fprintf(stderr, "leadex-cut-bytes: %s\n", error.what());
    return 1;
  }
  return 0;
}
