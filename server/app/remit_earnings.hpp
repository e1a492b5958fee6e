#pragma once
// remit_earnings: sends what generators have earned in the markets of this process to their account
// on the platform, from where it is paid out. Safe to run twice, on any node. Any executor.

#include <boost/asio/awaitable.hpp>
#include <cstdint>

#include "server/app/run_intents.hpp"
#include "server/storage/ledger_reads.hpp"
#include "server/storage/numbers.hpp"

namespace leadex::app {

struct RemitServices {
  storage::NumberRanges& numbers;
  storage::LedgerReads& ledger;
  market::MarketHost& markets;
  IntentRunner& intents;
};

/// One round over all markets owned here. @return how many remittances arrived
[[nodiscard]] boost::asio::awaitable<std::int64_t> remit_earnings(RemitServices services);

}  // namespace leadex::app
