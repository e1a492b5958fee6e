#pragma once
// MarketActor: the single writer of one market. It orders commands, applies them to the engine,
// commits what waited as one batch, and answers after the commit. Handlers on any thread await
// submit(); everything inside runs on the actor's strand.

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "billing/values/result.hpp"
#include "matching/market/engine.hpp"
#include "server/market/real_time_pace.hpp"
#include "server/market/settings.hpp"
#include "server/market/submission.hpp"

namespace leadex::market {

/// Why a read of committed state gave nothing.
enum class ViewError : std::uint8_t { not_owner, busy };

/// What a reader on the strand may look at. Listings newer than `committed_no` are not durable yet
/// and must not be shown.
struct EngineView {
  Engine const& engine;
  MarketSettings const& settings;
  std::int64_t committed_no{};
  std::int64_t now_us{};
};

class MarketActor {
 public:
  virtual ~MarketActor() = default;

  /// Applies, commits, then answers on the caller's executor.
  [[nodiscard]] virtual boost::asio::awaitable<Result<Answer, SubmitError>> submit(
      Submission submission) = 0;

  /// Applies a ping at once, whatever the database is doing: what it reserves is in memory alone
  /// and goes into the log with the next batch. Refused as busy while the market recovers or too
  /// much waits for the log. `ttl_us` is the market's.
  /// @param ask_max  above 0: when campaigns that bid live could take it, nothing is applied and
  ///                 the best of them are named, as many; ask them and come again with 0.
  [[nodiscard]] virtual boost::asio::awaitable<Result<PingAnswer, SubmitError>> ping(
      OfferPing ping, std::chrono::steady_clock::time_point deadline, std::size_t ask_max = 0) = 0;

  /// Runs `look` on the strand; it must be quick and must not keep references.
  using Look = std::function<void(EngineView const&)>;
  [[nodiscard]] virtual boost::asio::awaitable<Result<void, ViewError>> view(Look look) = 0;

  /// Settings in force; none before the first version was applied.
  [[nodiscard]] virtual std::shared_ptr<MarketSettings const> settings() const = 0;
  /// Settings of any version so far.
  [[nodiscard]] virtual std::shared_ptr<MarketSettings const> settings(
      std::int32_t version) const = 0;
  [[nodiscard]] virtual MarketNo market_no() const = 0;
  [[nodiscard]] virtual std::string const& name() const = 0;
  /// Whether this process owns the market and has loaded it.
  [[nodiscard]] virtual bool ready() const = 0;
  /// Of all markets of this process: whether work that can wait should give way now.
  [[nodiscard]] virtual RealTimePace const& pace() const = 0;
};

}  // namespace leadex::market
