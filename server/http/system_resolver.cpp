#include <algorithm>
#include <atomic>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "server/http/client.hpp"

namespace leadex::http {

namespace {

using tcp = asio::ip::tcp;
using Addresses = std::vector<asio::ip::address>;

/// Blocks on getaddrinfo. An absolute name (final dot) keeps the resolver's search list out.
Addresses look_up(asio::thread_pool& pool, std::string const& host) {
  tcp::resolver resolver(pool);
  boost::system::error_code ec;
  auto const found = resolver.resolve(host == "localhost" ? host : host + ".", "", ec);
  Addresses addresses;
  if (ec) return addresses;
  for (auto const& entry : found) addresses.push_back(entry.endpoint().address());
  std::sort(addresses.begin(), addresses.end());
  addresses.erase(std::unique(addresses.begin(), addresses.end()), addresses.end());
  return addresses;
}

class SystemResolver final : public Resolver {
 public:
  SystemResolver(std::size_t threads, std::size_t pending_max)
      : pending_max_(pending_max), pool_(threads) {}
  ~SystemResolver() override {
    pool_.stop();
    pool_.join();
  }

  asio::awaitable<Result<Addresses, ClientError>> resolve(
      std::string host, std::chrono::steady_clock::time_point deadline) override;

 private:
  std::size_t pending_max_;
  std::atomic<std::size_t> pending_{0};
  asio::thread_pool pool_;
};

/// What the caller waits on; it outlives whichever of caller and look-up ends first.
struct Wait {
  explicit Wait(asio::any_io_executor const& executor) : timer(executor) {}
  asio::steady_timer timer;
  bool done = false;
  Addresses addresses;
};

asio::awaitable<Result<Addresses, ClientError>> SystemResolver::resolve(
    std::string host, std::chrono::steady_clock::time_point deadline) {
  if (pending_.load() >= pending_max_) co_return refuse(ClientError::resolve_failed);
  auto const executor = co_await asio::this_coro::executor;
  auto const wait = std::make_shared<Wait>(executor);
  wait->timer.expires_at(deadline);
  ++pending_;
  asio::post(pool_, [this, wait, host, executor] {
    auto addresses = look_up(pool_, host);
    --pending_;
    asio::post(executor, [wait, found = std::move(addresses)]() mutable {
      wait->addresses = std::move(found);
      wait->done = true;
      wait->timer.cancel();
    });
  });
  // getaddrinfo cannot be cancelled: at the deadline the caller goes on without it.
  co_await wait->timer.async_wait(asio::as_tuple(asio::use_awaitable));
  if (!wait->done) co_return refuse(ClientError::timeout);
  if (wait->addresses.empty()) co_return refuse(ClientError::resolve_failed);
  co_return std::move(wait->addresses);
}

}  // namespace

std::shared_ptr<Resolver> make_system_resolver(std::size_t threads, std::size_t pending_max) {
  return std::make_shared<SystemResolver>(threads, pending_max);
}

}  // namespace leadex::http
