#pragma once
// NumberBlocks: numbers for rows that handlers make, a block at a time. Built once by main,
// outlives the server. Any thread.

#include <boost/asio/awaitable.hpp>
#include <map>
#include <mutex>
#include <optional>

#include "server/storage/numbers.hpp"

namespace leadex::api {

/// Numbers of one kind per market, fetched in blocks without blocking a thread of the server. One
/// caller fetches at a time: whoever finds half of a block used fetches the next while all others
/// go on, and who finds none left waits for it.
class NumberBlocks {
 public:
  /// @param block  numbers fetched at once, above 1
  NumberBlocks(storage::NumberRanges& ranges, storage::NumberKind kind, std::int64_t block)
      : ranges_(ranges), kind_(kind), block_(block) {}
  /// A number nobody else has or will get. Gaps are allowed: blocks end with the process. Fails
  /// as the fetch did that it made or waited for.
  [[nodiscard]] boost::asio::awaitable<Result<std::int64_t, storage::StoreError>> next(
      MarketNo market);

 private:
  struct Block {
    std::int64_t next{};
    std::int64_t end{};
    [[nodiscard]] std::int64_t left() const { return end - next; }
  };
  struct Blocks {
    Block now;
    Block ahead;  // used when `now` is used up
    bool fetching{};
    std::int64_t failures{};      // of fetches so far
    storage::StoreError error{};  // of the last
  };
  struct Taken {
    std::int64_t number{};    // 0: none was left
    bool fetch{};             // and this caller has to fetch a block
    std::int64_t failures{};  // so far
  };
  using Fetched = Result<std::int64_t, storage::StoreError>;
  [[nodiscard]] Taken take(MarketNo market);
  void put(MarketNo market, Fetched first);
  [[nodiscard]] boost::asio::awaitable<Fetched> fetch(MarketNo market);
  [[nodiscard]] std::optional<storage::StoreError> failed_since(MarketNo market,
                                                                std::int64_t failures);

  storage::NumberRanges& ranges_;
  storage::NumberKind kind_;
  std::int64_t block_;
  std::mutex guard_;  // of the blocks
  std::map<MarketNo, Blocks> blocks_;
};

}  // namespace leadex::api
