#pragma once
// ClawBackRunner: has markets carry out the claw-backs that staff ordered, and brings money over
// from the platform where a generator's earnings in a market did not cover them. The handler calls
// it at once, the job again and again; each order and each crossing happens once, however often it
// is tried, on any node. Any executor.

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>

#include "server/app/run_intents.hpp"

namespace leadex::app {

class ClawBackRunner {
 public:
  static constexpr int kOrdersMax = 100;      // of one round
  static constexpr int kGeneratorsMax = 100;  // of one market and round

  /// All outlive this.
  ClawBackRunner(storage::Database& database, market::MarketHost& markets, IntentRunner& intents)
      : database_(database), markets_(markets), intents_(intents) {}

  /// One round over the open orders and uncovered claw-backs of one market, or of all that are
  /// here. @return how many steps were done
  [[nodiscard]] boost::asio::awaitable<std::int64_t> run(std::optional<MarketNo> market = {});

 private:
  [[nodiscard]] boost::asio::awaitable<bool> carry_out(storage::OpenClawBack open);
  [[nodiscard]] boost::asio::awaitable<std::int64_t> cover(MarketNo market);

  storage::Database& database_;
  market::MarketHost& markets_;
  IntentRunner& intents_;
};

}  // namespace leadex::app
