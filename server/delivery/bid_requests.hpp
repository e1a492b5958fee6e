#pragma once
// BidRequests: asks buyers' endpoints what they bid for a ping, all at once, signed, over
// connections that are kept; what fails again and again rests. Has a thread of its own, on which
// everything inside runs; the public functions come from any thread.

#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <thread>

#include "server/crypto/public_id.hpp"
#include "server/crypto/webhook_signature.hpp"
#include "server/delivery/circuit_breaker.hpp"
#include "server/http/kept_client.hpp"
#include "server/market/bid_requester.hpp"
#include "server/observe/metrics.hpp"
#include "server/privacy/key_ring.hpp"
#include "server/storage/bid_targets.hpp"

namespace leadex::delivery {

struct BidRequestOptions {
  /// A late answer is waited for so much longer: its connection stays whole for the next ping.
  std::chrono::milliseconds late{250};
  std::size_t in_flight_max = 1024;  ///< requests on their way, to all
  std::size_t per_endpoint_max = 32;
  std::chrono::milliseconds target_age_max{30'000};  ///< then address and secret are read anew
  BreakerOptions breaker;
  http::KeptClientOptions kept;
};

/// All outlive the requests. `metrics` may be null.
struct BidRequestParts {
  storage::BidTargets& targets;
  privacy::KeyRing const& keys;
  crypto::PublicIdCodec const& ids;
  Metrics* metrics{};
};

class BidRequests final : public market::BidRequester {
 public:
  /// Throws std::runtime_error when the authorities cannot be read.
  BidRequests(http::ClientOptions client, BidRequestParts parts, BidRequestOptions options = {});
  /// As stop().
  ~BidRequests() override;
  BidRequests(BidRequests const&) = delete;
  BidRequests& operator=(BidRequests const&) = delete;

  boost::asio::awaitable<std::vector<market::LiveBid>> ask(market::BidRound round) override;
  boost::asio::awaitable<void> changed(CampaignId campaign) override;
  boost::asio::awaitable<market::BidEndpointState> state(CampaignId campaign) override;

  /// Asks nobody any more; returns when what is on its way has ended (its time bounds it). Nobody
  /// may wait for an answer then. Blocking; not on the own thread.
  void stop();

 private:
  using Clock = std::chrono::steady_clock;
  using Bidders = std::vector<market::LiveBidder>;

  struct Endpoint {  // one address of one buyer, whatever campaigns name it
    CircuitBreaker breaker;
    std::size_t in_flight{};
  };
  struct Target {
    std::string url;
    std::string campaign_id;
    crypto::WebhookSecret secret;
    std::shared_ptr<Endpoint> endpoint;
  };
  struct Known {
    std::int32_t version{};  // of the definition read last; 0: none
    std::optional<Clock::time_point> read;
    bool reading{};
    std::shared_ptr<Target const> target;  // null: nothing to ask
    market::BidCounts counts;
  };
  struct Round;
  struct Counters;

  [[nodiscard]] boost::asio::awaitable<std::vector<market::LiveBid>> ask_here(
      market::BidRound round);
  [[nodiscard]] boost::asio::awaitable<void> changed_here(CampaignId campaign);
  [[nodiscard]] boost::asio::awaitable<market::BidEndpointState> state_here(CampaignId campaign);
  void start(std::shared_ptr<Round> const& round, market::LiveBidder const& bidder);
  [[nodiscard]] boost::asio::awaitable<void> request(std::shared_ptr<Round> round,
                                                     market::LiveBidder bidder,
                                                     std::shared_ptr<Target const> target,
                                                     CircuitBreaker::Ticket ticket);
  [[nodiscard]] boost::asio::awaitable<void> read_then_start(std::shared_ptr<Round> round,
                                                             Bidders bidders);
  [[nodiscard]] boost::asio::awaitable<void> read(MarketNo market,
                                                  std::vector<std::int64_t> campaigns);
  void learn(MarketNo market, storage::BidTarget const& row, Known& known);
  [[nodiscard]] std::shared_ptr<Endpoint> endpoint_of(std::int64_t buyer_no,
                                                      std::string const& url);
  [[nodiscard]] boost::asio::awaitable<void> sweep();

  BidRequestParts parts_;
  BidRequestOptions options_;
  std::unique_ptr<Counters> counters_;  // null without metrics
  Timestamp since_;
  http::KeptClient client_;
  std::map<CampaignId, Known> known_;
  std::map<std::pair<std::int64_t, std::string>, std::weak_ptr<Endpoint>> endpoints_;
  std::size_t in_flight_ = 0;
  bool stopping_ = false;
  std::atomic<bool> stopped_{false};  // for callers that come late
  // It destroys coroutines that still wait when it dies, and those touch what stands before it.
  boost::asio::io_context context_{1};
  boost::asio::steady_timer sweep_timer_{context_};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::thread thread_;
};

}  // namespace leadex::delivery
