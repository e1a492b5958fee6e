#pragma once
// IntentRunner: brings money over that has left one stream and not arrived in the other: funds that
// left a wallet, budgets and earnings that left a market. Handlers use the single steps, the job
// replays whatever a crash left open. Every step happens once per intent, however often it is
// tried, on any node. Any executor.

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>

#include "billing/values/result.hpp"
#include "server/market/market_host.hpp"
#include "server/storage/database.hpp"

namespace leadex::app {

/// Why a step did not happen; the intent stays open unless `refused`.
enum class IntentError : std::uint8_t {
  not_owner,    ///< the market is not here, or not ready
  busy,         ///< the market's queue or the database is full
  unavailable,  ///< the database is away, or the outcome is unknown: it will be tried again
  halted,       ///< the market is halted
  refused,      ///< the books say no: only a bug explains it
};
[[nodiscard]] std::string_view text(IntentError error);

struct IntentCounts {
  std::int64_t done{};
  std::int64_t left{};  // still open
};

class IntentRunner {
 public:
  static constexpr int kIntentsMax = 500;  // of one run
  static constexpr std::chrono::seconds kStepDeadline{10};

  /// Both outlive this.
  IntentRunner(storage::Database& database, market::MarketHost& markets)
      : database_(database), markets_(markets) {}

  /// wallet → budget, second half: the market's `FundBudget`. Fine when it arrived before.
  [[nodiscard]] boost::asio::awaitable<Result<void, IntentError>> fund_arrives(
      storage::FundIntent intent, std::chrono::steady_clock::time_point deadline);
  /// platform earnings → market earnings, second half: the market's `CoverClawBack`.
  [[nodiscard]] boost::asio::awaitable<Result<void, IntentError>> claw_back_arrives(
      storage::FundIntent intent, std::chrono::steady_clock::time_point deadline);
  /// budget → wallet, second half: the platform's books. Fine when it arrived before.
  [[nodiscard]] boost::asio::awaitable<Result<void, IntentError>> defund_arrives(
      MarketNo market, std::int64_t intent_no);
  /// Settled earnings, second half: the platform's books. Fine when they arrived before.
  [[nodiscard]] boost::asio::awaitable<Result<void, IntentError>> earnings_arrive(
      MarketNo market, std::int64_t intent_no);

  /// One round over the open intents, oldest first.
  [[nodiscard]] boost::asio::awaitable<IntentCounts> run();

 private:
  [[nodiscard]] boost::asio::awaitable<Result<void, IntentError>> finish(
      storage::FundIntent intent);

  storage::Database& database_;
  market::MarketHost& markets_;
};

[[nodiscard]] IntentError intent_error(market::SubmitError error);
[[nodiscard]] IntentError intent_error(storage::StoreError error);

}  // namespace leadex::app
