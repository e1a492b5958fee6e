#pragma once
// MarketHost: the markets of this process. It takes leases, loads and starts actors, keeps their
// heartbeat, takes over from dead owners, and lets go of all on stop. Any thread.

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/market/market_actor.hpp"

namespace leadex::market {

struct HostOptions {
  std::string database;          // conninfo of the app role
  std::string process_name;      // host:pid:start, as leases carry it
  std::size_t queue_max = 4096;  // submissions waiting per market
  std::size_t batch_decisions_max = 128;
  std::size_t batch_bytes_max = 1 << 20;
  std::size_t threads = 1;  // for the actors' strands
  /// Whether the process that a lease names has surely ended: then nobody waits for the lease.
  std::function<bool(std::string const& owner)> has_ended;
  std::chrono::milliseconds lease{6000};  // after it without a heartbeat, another may take over
  std::chrono::milliseconds beat{1000};
  /// Work that can wait gives way while real-time commands take longer; zero: never.
  std::chrono::milliseconds real_time_p99_max{20};
};

class MarketHost {
 public:
  virtual ~MarketHost() = default;

  /// Takes what can be taken and starts the loop; returns once the first round is done.
  virtual void start() = 0;
  /// Answers what is in flight, gives the leases back. Blocking; not on a handler's thread.
  virtual void stop() = 0;

  /// The market's actor (which may not be ready), or null when no such market is known here.
  [[nodiscard]] virtual std::shared_ptr<MarketActor> find(MarketNo market) const = 0;
  [[nodiscard]] virtual std::shared_ptr<MarketActor> find(std::string_view name) const = 0;
  [[nodiscard]] virtual std::vector<std::shared_ptr<MarketActor>> all() const = 0;

  /// After a market or a version of its settings was stored: loads what is new and applies it.
  /// Done when it is in force (or owned elsewhere).
  [[nodiscard]] virtual boost::asio::awaitable<void> refresh() = 0;
};

[[nodiscard]] std::unique_ptr<MarketHost> make_market_host(HostOptions options);

}  // namespace leadex::market
