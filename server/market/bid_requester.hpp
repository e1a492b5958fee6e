#pragma once
// BidRequester: the port that asks buyers' own endpoints what they bid for a ping. Served by the
// delivery room; its users await it from any executor. What a buyer sees is what a listing shows:
// never anything of the person.

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "billing/values/ids.hpp"
#include "billing/values/time.hpp"
#include "matching/market/command.hpp"
#include "matching/market/outcome.hpp"
#include "server/market/settings.hpp"

namespace leadex::market {

/// What is asked about one ping, and whom.
struct BidRound {
  MarketNo market{};
  std::string market_name;
  std::shared_ptr<MarketSettings const> settings;  // of the version the ping's lead follows
  std::int64_t minimum_micros{};                   // 0: none
  std::vector<AttributeText> attributes;
  std::int32_t vehicle{};
  std::string reason;
  std::vector<LiveBidder> bidders;
  std::chrono::steady_clock::time_point deadline;  // bids that come later count for nothing
};

/// What became of the requests to one campaign's endpoint since this process began.
struct BidCounts {
  std::int64_t asked{};
  std::int64_t answered{};   // in time, with a bid or with none
  std::int64_t bids{};       // of the answered: with a bid
  std::int64_t cut{};        // of the bids: above the campaign's own, lowered to it
  std::int64_t late{};       // answered when the ping could not wait any longer
  std::int64_t timed_out{};  // not answered at all
  std::int64_t failed{};     // not reached, or an answer that makes no sense
  std::int64_t skipped{};    // not asked: it rests after failures, or too much is on its way to it
};

struct BidEndpointState {
  bool resting{};  // not asked for a while, after failures in a row
  Timestamp since{};
  BidCounts counts;
};

class BidRequester {
 public:
  virtual ~BidRequester() = default;

  /// Asks all at once; their bids by campaign, ascending. Who does not answer in time, or not
  /// sensibly, is not among them. Returns at the deadline at the latest.
  [[nodiscard]] virtual boost::asio::awaitable<std::vector<LiveBid>> ask(BidRound round) = 0;

  /// A campaign has a new definition, which is committed: the next ping follows it.
  [[nodiscard]] virtual boost::asio::awaitable<void> changed(CampaignId campaign) = 0;

  [[nodiscard]] virtual boost::asio::awaitable<BidEndpointState> state(CampaignId campaign) = 0;
};

}  // namespace leadex::market
