#pragma once
// OneByOne: the rows of sales written one transaction each on eight connections, with the
// statements of the market's writer, prepared. The plain way that group commit is measured against.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "server/storage/postgres/market_link.hpp"
#include "tests/bench/bench_market.hpp"

namespace leadex::bench {

inline constexpr std::size_t kConnections = 8;

class OneByOne {
 public:
  enum class Rows : std::uint8_t {
    own,    // a market for each connection: no transaction ever waits for another's row
    shared  // one market: balances, caps and head are the same rows for all
  };
  /// Makes markets from `first_market` on, with campaigns and money. Blocking.
  OneByOne(std::string const& owner, std::string const& app, Rows rows, std::int64_t first_market);

  /// Decides `sales` sales, then writes them. @return seconds of the writing alone
  [[nodiscard]] double run(std::size_t sales);

 private:
  void write(storage::postgres::MarketLink& link, std::int64_t market_id,
             OneSale const& sale) const;
  [[nodiscard]] RowMaker& maker(std::size_t connection) {
    return *makers_[connection % makers_.size()];
  }

  Rows rows_;
  std::vector<std::unique_ptr<RowMaker>> makers_;
  std::vector<std::unique_ptr<SaleSource>> sources_;
  std::vector<std::unique_ptr<storage::postgres::MarketLink>> links_;
};

}  // namespace leadex::bench
