#pragma once
// Replay: runs a market's command log through a fresh engine and compares every outcome, effect
// and auction record with what was committed; on the way it verifies the hash chain. Blocking,
// reads only; any thread.

#include <functional>
#include <optional>
#include <string>

#include "server/storage/market_store.hpp"

namespace leadex::market {

struct ReplayFault {
  std::int64_t seq{};
  std::int64_t n{-1};  // place of the command in its batch; −1: the batch as a whole
  std::string what;    // chain, body, outcome, effects, auction
};

struct ReplayReport {
  std::int64_t batches{};
  std::int64_t commands{};
  std::int64_t auctions{};
  std::int64_t sales{};
  std::int64_t log_bytes{};      // of bodies, unpacked
  std::int64_t auction_bytes{};  // of records
  std::int64_t epoch{};          // of the last batch, and the first batch under it
  std::int64_t epoch_since{};
  std::optional<ReplayFault> fault;  // the first; the replay stops there
};

enum class ReplayScope : std::uint8_t {
  chain,     // hashes only: was a transfer, an auction or a batch changed?
  decisions  // hashes, and every decision run again
};

/// @errors unavailable, not_found. A batch missing in the sequence or at its end, as the market's
/// head tells it, is a fault of the chain, and so is one of an owner who had been succeeded. The
/// market may be at work meanwhile.
[[nodiscard]] Result<ReplayReport, storage::MarketStoreError> replay(storage::MarketStore& store,
                                                                     MarketNo market,
                                                                     ReplayScope scope);

}  // namespace leadex::market
