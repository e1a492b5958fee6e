#pragma once
// Worker: one thread with its io_context, its listening sockets and the sessions that live there.
// Inside this room only. Methods marked [thread] run on that thread, the others before it starts
// or after it has ended.

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <set>
#include <thread>

#include "server/http/address_limiter.hpp"
#include "server/http/session.hpp"

namespace leadex::http {

/// What all workers share; outlives them.
struct ServerShared {
  explicit ServerShared(std::size_t connections_per_address_max)
      : addresses(connections_per_address_max) {}

  [[nodiscard]] std::shared_ptr<TlsServerContext> tls();
  void set_tls(std::shared_ptr<TlsServerContext> context);

  SessionShared sessions;        // of the TLS listener
  SessionShared plain_sessions;  // of the plain one
  std::chrono::milliseconds drain_idle_grace{};
  std::atomic<std::size_t> connections{0};
  std::atomic<std::size_t> requests_in_flight{0};
  std::atomic<std::size_t> workers_draining{0};  // those whose listeners are closed
  AddressLimiter addresses;

 private:
  std::mutex tls_mutex_;
  std::shared_ptr<TlsServerContext> tls_;
};

class Worker {
 public:
  explicit Worker(ServerShared& shared);

  /// Takes over a listening socket; `sessions` says what is served on it.
  void add_listener(asio::ip::tcp::acceptor acceptor, SessionShared const& sessions);
  void start();
  void join();

  void begin_drain();     // [thread]
  void abort_sessions();  // [thread]
  asio::io_context& context() { return context_; }

 private:
  struct Listener {
    asio::ip::tcp::acceptor acceptor;
    SessionShared const* sessions;
  };

  [[nodiscard]] asio::awaitable<void> accept_loop(Listener& listener);
  [[nodiscard]] asio::awaitable<void> sweep_idle();
  void accept_rest(Listener& listener);
  void admit(asio::ip::tcp::socket socket, SessionShared const& sessions);
  [[nodiscard]] asio::awaitable<void> serve(std::unique_ptr<Session> session,
                                            AddressLimiter::Ticket ticket);

  ServerShared& shared_;
  // The context destroys coroutines that still wait when it dies, and those touch the two members
  // in front of it.
  std::set<Session*> sessions_;
  bool draining_ = false;
  asio::io_context context_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  std::list<Listener> listeners_;
  std::thread thread_;
};

/// Opens a listening socket. With `shared_port` several may listen on one port, and the kernel
/// spreads connections over them. Throws std::runtime_error.
[[nodiscard]] asio::ip::tcp::acceptor listen_on(asio::io_context& context,
                                                asio::ip::tcp::endpoint endpoint, bool shared_port);

}  // namespace leadex::http
