// leadex-cut-proxy: stands between the server and PostgreSQL and cuts a connection at a COMMIT.
//   leadex-cut-proxy LISTEN CONNECT MARK...    unix sockets; MARK is text of the statements that
//   make
//                                              a transaction's COMMIT one to cut at
// Orders come as lines on stdin and hold for one COMMIT each: `before` drops the connection instead
// of passing the COMMIT on, `after` passes it on and drops the connection before the answer comes
// back. Each cut is a line on stdout. Ends when stdin does.

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cstdio>
#include <deque>
#include <exception>
#include <memory>

#include "tests/support/cut_proxy/commit_watch.hpp"

namespace {

namespace asio = boost::asio;
using asio::awaitable;
using Unix = asio::local::stream_protocol;
using leadex::test::CommitWatch;

constexpr auto kToken = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kPieceBytes = 64ULL * 1024;

enum class Order { before, after };

/// What every connection sees.
struct Shared {
  std::string connect_to;
  std::vector<std::string> marks;
  std::deque<Order> orders;
};

struct Link {
  Unix::socket client;
  Unix::socket database;
  bool cut{};

  void close_client() {
    boost::system::error_code ignored;
    client.close(ignored);
  }
  void close_database() {
    boost::system::error_code ignored;
    database.close(ignored);
  }
};
using LinkPtr = std::shared_ptr<Link>;

void report(char const* what) {
  std::printf("cut %s COMMIT\n", what);
  std::fflush(stdout);
}

/// Carries out the next order at this COMMIT. What comes back of an `after` is thrown away.
awaitable<void> cut(Shared& shared, LinkPtr link, std::string commit) {
  auto const order = shared.orders.front();
  shared.orders.pop_front();
  link->cut = true;
  if (order == Order::before) {
    link->close_client();
    link->close_database();
    report("before");
    co_return;
  }
  auto const [failed, n] = co_await asio::async_write(link->database, asio::buffer(commit), kToken);
  link->close_client();
  boost::system::error_code ignored;
  link->database.shutdown(Unix::socket::shutdown_send, ignored);
  report(failed ? "before" : "after");
}

awaitable<void> pass_requests(Shared& shared, LinkPtr link) {
  CommitWatch watch{shared.marks};
  std::array<char, kPieceBytes> piece{};
  for (;;) {
    auto const [ended, n] = co_await link->client.async_read_some(asio::buffer(piece), kToken);
    if (ended) break;
    watch.put({piece.data(), n});
    while (auto message = watch.next()) {
      if (message->marked_commit && !shared.orders.empty()) {
        co_await cut(shared, link, std::move(message->bytes));
        co_return;
      }
      auto const [failed, sent] =
          co_await asio::async_write(link->database, asio::buffer(message->bytes), kToken);
      if (failed) co_return;  // the other direction sees it too and closes both
    }
  }
  boost::system::error_code ignored;
  link->database.shutdown(Unix::socket::shutdown_send, ignored);
}

awaitable<void> pass_answers(LinkPtr link) {
  std::array<char, kPieceBytes> piece{};
  for (;;) {
    auto const [ended, n] = co_await link->database.async_read_some(asio::buffer(piece), kToken);
    if (ended) break;
    if (link->cut) continue;
    auto const [failed, sent] =
        co_await asio::async_write(link->client, asio::buffer(piece.data(), n), kToken);
    if (failed && !link->cut) break;
  }
  link->close_client();
  link->close_database();
}

/// A connection that fails ends alone, as it does when a network fails.
void spawn(asio::io_context& context, awaitable<void> work) {
  asio::co_spawn(context, std::move(work), [](std::exception_ptr thrown) {
    if (thrown) std::fputs("leadex-cut-proxy: a connection's bytes were not understood\n", stderr);
  });
}

awaitable<void> accept(asio::io_context& context, Unix::acceptor& acceptor, Shared& shared) {
  for (;;) {
    auto [failed, client] = co_await acceptor.async_accept(kToken);
    if (failed) co_return;
    auto link = std::make_shared<Link>(Link{std::move(client), Unix::socket{context}});
    auto const [refused] =
        co_await link->database.async_connect(Unix::endpoint{shared.connect_to}, kToken);
    if (refused) continue;  // as PostgreSQL itself, when it is down
    spawn(context, pass_requests(shared, link));
    spawn(context, pass_answers(link));
  }
}

awaitable<void> read_orders(asio::io_context& context, Shared& shared) {
  asio::posix::stream_descriptor input{context, 0};
  std::string text;
  for (;;) {
    auto const [ended, n] =
        co_await asio::async_read_until(input, asio::dynamic_buffer(text), '\n', kToken);
    if (ended) break;
    auto const line = text.substr(0, n - 1);
    text.erase(0, n);
    if (line == "before") shared.orders.push_back(Order::before);
    if (line == "after") shared.orders.push_back(Order::after);
  }
  context.stop();
}

}  // namespace

int main(int count, char** words) {
  if (count < 4) {
    std::fputs("usage: leadex-cut-proxy LISTEN CONNECT MARK...\n", stderr);
    return 2;
  }
  try {
    Shared shared{words[2], {words + 3, words + count}, {}};
    asio::io_context context{1};
    Unix::acceptor acceptor{context, Unix::endpoint{words[1]}};
    spawn(context, accept(context, acceptor, shared));
    spawn(context, read_orders(context, shared));
    context.run();
  } catch (std::exception const& error) {
    std::fprintf(stderr, "leadex-cut-proxy: %s\n", error.what());
    return 1;
  }
  return 0;
}
