#include "server/http/worker.hpp"

#include <sys/socket.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <stdexcept>

namespace leadex::http {

namespace {

using boost::system::error_code;
using tcp = asio::ip::tcp;
using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

constexpr auto kToken = asio::as_tuple(asio::use_awaitable);
constexpr std::chrono::milliseconds kSweepEvery{50};
constexpr std::chrono::milliseconds kAcceptPause{50};
constexpr int kBacklog = 1024;

/// A dual-stack socket shows IPv4 peers as mapped; everybody else knows them as IPv4.
asio::ip::address unmapped(asio::ip::address const& address) {
  if (!address.is_v6() || !address.to_v6().is_v4_mapped()) return address;
  return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
}

}  // namespace

std::shared_ptr<TlsServerContext> ServerShared::tls() {
  std::lock_guard const lock(tls_mutex_);
  return tls_;
}

void ServerShared::set_tls(std::shared_ptr<TlsServerContext> context) {
  std::lock_guard const lock(tls_mutex_);
  tls_ = std::move(context);
}

tcp::acceptor listen_on(asio::io_context& context, tcp::endpoint endpoint, bool shared_port) {
  try {
    tcp::acceptor acceptor(context);
    acceptor.open(endpoint.protocol());
    acceptor.set_option(asio::socket_base::reuse_address(true));
    if (shared_port) acceptor.set_option(ReusePort(true));
    acceptor.bind(endpoint);
    acceptor.listen(kBacklog);
    acceptor.non_blocking(true);
    return acceptor;
  } catch (boost::system::system_error const& error) {
    throw std::runtime_error("cannot listen on " + endpoint.address().to_string() + " port " +
                             std::to_string(endpoint.port()) + ": " + error.code().message());
  }
}

Worker::Worker(ServerShared& shared) : shared_(shared), work_(asio::make_work_guard(context_)) {}

void Worker::add_listener(tcp::acceptor acceptor, SessionShared const& sessions) {
  listeners_.push_back({std::move(acceptor), &sessions});
}

void Worker::start() {
  for (auto& listener : listeners_) {
    asio::co_spawn(context_, accept_loop(listener), [](std::exception_ptr failed) {
      // The loop turns every error of a socket into a pause; what comes through is a bug.
      if (failed) std::rethrow_exception(failed);
    });
  }
  thread_ = std::thread([this] { context_.run(); });
}

void Worker::join() {
  work_.reset();
  context_.stop();
  if (thread_.joinable()) thread_.join();
}

asio::awaitable<void> Worker::accept_loop(Listener& listener) {
  asio::steady_timer pause(context_);
  for (;;) {
    auto [ec, socket] = co_await listener.acceptor.async_accept(kToken);
    if (!ec) {
      admit(std::move(socket), *listener.sessions);
    } else if (draining_ || ec == asio::error::operation_aborted) {
      co_return;
    } else {
      // Out of descriptors, mostly: without the pause this loop would take the whole thread.
      pause.expires_after(kAcceptPause);
      co_await pause.async_wait(kToken);
    }
  }
}

void Worker::admit(tcp::socket socket, SessionShared const& sessions) {
  error_code ec;
  auto const peer = socket.remote_endpoint(ec);
  if (ec) return;  // gone already
  auto const refused = [&sessions](std::string_view reason) {
    if (sessions.observer != nullptr) sessions.observer->connection_refused(reason);
  };
  // A refusal inside TLS would cost more than the connection it saves: just close.
  if (shared_.connections.load() >= sessions.limits.connections_max) return refused("limit");
  auto const address = unmapped(peer.address());
  auto ticket = shared_.addresses.enter(address);
  if (!ticket) return refused("address_limit");

  socket.set_option(tcp::no_delay(true), ec);
  auto connection = sessions.tls ? make_tls_connection(std::move(socket), shared_.tls())
                                 : make_plain_connection(std::move(socket));
  auto session =
      std::make_unique<Session>(std::move(connection), address.to_string(), sessions, draining_);
  ++shared_.connections;
  asio::co_spawn(context_, serve(std::move(session), std::move(*ticket)),
                 [this, refused](std::exception_ptr failed) {
                   --shared_.connections;
                   if (failed) refused("exception");
                 });
}

asio::awaitable<void> Worker::serve(std::unique_ptr<Session> session,
                                    AddressLimiter::Ticket /*ticket*/) {
  struct Member {
    Member(std::set<Session*>& set, Session* entry) : sessions(set), session(entry) {
      sessions.insert(session);
    }
    ~Member() { sessions.erase(session); }
    Member(Member const&) = delete;
    Member& operator=(Member const&) = delete;
    std::set<Session*>& sessions;
    Session* session;
  };
  Member const member(sessions_, session.get());
  co_await session->run();
}

void Worker::begin_drain() {
  if (std::exchange(draining_, true)) return;
  for (auto& listener : listeners_) accept_rest(listener);
  ++shared_.workers_draining;
  asio::co_spawn(context_, sweep_idle(), [](std::exception_ptr failed) {
    if (failed) std::rethrow_exception(failed);
  });
}

/// The kernel has completed handshakes of connections nobody has accepted yet; closing the socket
/// would reset them, so they are taken in first.
void Worker::accept_rest(Listener& listener) {
  error_code ec;
  listener.acceptor.cancel(ec);
  for (int n = 0; n < kBacklog; ++n) {
    tcp::socket socket(context_);
    listener.acceptor.accept(socket, ec);
    if (ec) break;
    admit(std::move(socket), *listener.sessions);
  }
  listener.acceptor.close(ec);
}

/// After the grace, ends the connections that only wait for a next request. Again and again: a
/// cancel may just miss the wait it is meant for.
asio::awaitable<void> Worker::sweep_idle() {
  asio::steady_timer timer(context_, shared_.drain_idle_grace);
  co_await timer.async_wait(kToken);
  while (!sessions_.empty()) {
    for (auto* const session : sessions_) session->cancel_if_idle();
    timer.expires_after(kSweepEvery);
    co_await timer.async_wait(kToken);
  }
}

void Worker::abort_sessions() {
  for (auto* const session : sessions_) session->abort();
}

}  // namespace leadex::http
