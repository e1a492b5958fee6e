#include "server/http/server.hpp"

#include <boost/asio/post.hpp>
#include <stdexcept>
#include <thread>

#include "billing/values/check.hpp"
#include "server/http/address_guard.hpp"
#include "server/http/worker.hpp"

namespace leadex::http {

namespace {

using tcp = asio::ip::tcp;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kPollEvery{5};
constexpr std::chrono::milliseconds kAbortPatience{1'000};

tcp::endpoint endpoint_of(std::string const& address, std::uint16_t port) {
  boost::system::error_code ec;
  auto const parsed = asio::ip::make_address(address, ec);
  if (ec) throw std::runtime_error("not an IP address to listen on: " + address);
  return {parsed, port};
}

}  // namespace

struct Server::Impl {
  Impl(ServerOptions given, Router const& router, Observer* observer);

  void listen();
  template <class Call>
  void on_each_worker(Call call);
  bool wait_until_empty(Clock::time_point until) const;

  ServerOptions options;
  ServerShared shared;
  std::vector<std::unique_ptr<Worker>> workers;
  std::uint16_t port = 0;
  std::uint16_t plain_port = 0;
  std::atomic<bool> started{false};
  bool stopped = false;
};

Server::Impl::Impl(ServerOptions given, Router const& router, Observer* observer)
    : options(std::move(given)), shared(options.limits.connections_per_address_max) {
  LEADEX_CHECK(options.threads > 0);
  LEADEX_CHECK(!options.plain || options.plain->router != nullptr);
  shared.drain_idle_grace = options.drain_idle_grace;
  shared.sessions = {
      &router, observer, options.limits, options.trusted_peers, true, &shared.requests_in_flight};
  if (options.plain) {
    shared.plain_sessions = {options.plain->router,     observer, options.limits, {}, false,
                             &shared.requests_in_flight};
  }
  for (std::size_t i = 0; i < options.threads; ++i) {
    workers.push_back(std::make_unique<Worker>(shared));
  }
}

void Server::Impl::listen() {
  auto endpoint = endpoint_of(options.address, options.port);
  {
    // With SO_REUSEPORT a second server of the same user would silently share the port. A socket
    // without it finds out; the port it got is kept for the real ones.
    auto const probe = listen_on(workers.front()->context(), endpoint, false);
    endpoint.port(probe.local_endpoint().port());
  }
  for (auto& worker : workers) {
    worker->add_listener(listen_on(worker->context(), endpoint, true), shared.sessions);
  }
  port = endpoint.port();
  if (!options.plain) return;
  auto const plain = endpoint_of(options.plain->address, options.plain->port);
  if (!is_loopback(plain.address())) {
    throw std::runtime_error("the plain listener takes loopback addresses only");
  }
  auto acceptor = listen_on(workers.front()->context(), plain, false);
  plain_port = acceptor.local_endpoint().port();
  workers.front()->add_listener(std::move(acceptor), shared.plain_sessions);
}

template <class Call>
void Server::Impl::on_each_worker(Call call) {
  for (auto& worker : workers) {
    asio::post(worker->context(), [call, target = worker.get()] { call(*target); });
  }
}

bool Server::Impl::wait_until_empty(Clock::time_point until) const {
  while (shared.workers_draining.load() < workers.size() || shared.connections.load() > 0) {
    if (Clock::now() >= until) return false;
    std::this_thread::sleep_for(kPollEvery);
  }
  return true;
}

Server::Server(ServerOptions options, Router const& router, Observer* observer)
    : impl_(std::make_unique<Impl>(std::move(options), router, observer)) {}

Server::~Server() { stop(); }

void Server::start() {
  LEADEX_CHECK(!impl_->started && !impl_->stopped);
  if (auto const loaded = reload_certificate(); !loaded) throw std::runtime_error(loaded.error());
  impl_->listen();
  for (auto& worker : impl_->workers) worker->start();
  impl_->started = true;
}

std::uint16_t Server::port() const { return impl_->port; }
std::uint16_t Server::plain_port() const { return impl_->plain_port; }
std::size_t Server::threads() const { return impl_->workers.size(); }
std::size_t Server::connections() const { return impl_->shared.connections.load(); }
std::size_t Server::requests_in_flight() const { return impl_->shared.requests_in_flight.load(); }

boost::asio::io_context& Server::context(std::size_t i) { return impl_->workers.at(i)->context(); }

Result<void, std::string> Server::reload_certificate() {
  auto made = make_tls_server_context(impl_->options.tls);
  if (!made) return refuse(std::move(made.error()));
  impl_->shared.set_tls(std::move(*made));
  return {};
}

void Server::begin_drain() {
  if (!impl_->started) return;
  impl_->on_each_worker([](Worker& worker) { worker.begin_drain(); });
}

void Server::stop() {
  if (std::exchange(impl_->stopped, true) || !impl_->started) return;
  begin_drain();
  if (!impl_->wait_until_empty(Clock::now() + impl_->options.drain_timeout)) {
    impl_->on_each_worker([](Worker& worker) { worker.abort_sessions(); });
    impl_->wait_until_empty(Clock::now() + kAbortPatience);
  }
  for (auto& worker : impl_->workers) worker->join();
}

}  // namespace leadex::http
