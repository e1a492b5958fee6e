#pragma once
// BenchMarket: what the benchmarks of a market's writer share: a market in a fresh database, sales
// as handlers would submit them, and the rows of such a sale as a group of one. One thread.

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "server/market/books.hpp"
#include "server/market/settings.hpp"
#include "server/market/submission.hpp"
#include "server/storage/postgres/market_statements.hpp"
#include "tests/bench/trade_world.hpp"

namespace leadex::bench {

/// What a benchmark's market is set to; every lead goes to one buyer.
[[nodiscard]] market::MarketSettings bench_settings();

/// Puts the market into the tables as the platform would. @param owner  conninfo of leadex_owner
void add_market(std::string const& owner, std::int64_t market_id);

/// What opens and funds the campaigns of these buyers, each of which takes every lead, with the
/// platform's half of the funds in the tables already.
[[nodiscard]] std::vector<market::Submission> open_buyers(std::string const& owner,
                                                          std::int64_t market_id,
                                                          std::int64_t buyers);

/// Leads that a handler has checked and sealed, each with persons, key and sealed contact. The
/// bytes are random, in the sizes that real ones have.
class SaleSource {
 public:
  SaleSource(std::uint64_t seed, std::int64_t generators)
      : world_(seed), random_(seed), generators_(generators) {}
  [[nodiscard]] market::Submission next(std::int64_t now_us);

 private:
  [[nodiscard]] std::string bytes(std::size_t count);
  TradeWorld world_;
  std::mt19937_64 random_;
  std::int64_t generators_;
  std::int64_t leads_{};
};

/// One transaction's statements, encoded beforehand.
struct OneSale {
  std::int64_t seq{};
  std::int64_t at_us{};
  std::vector<storage::postgres::Call> body;
  std::vector<storage::postgres::Call> tail;
  std::string hash;
  std::string stored_body;
};

/// Decides commands one by one and keeps the rows of each: what the market's writer does, in groups
/// of one and without the database.
class RowMaker {
 public:
  RowMaker(std::int64_t market_id, std::int64_t now_us);
  RowMaker(RowMaker const&) = delete;  // books_ points at settings kept here
  RowMaker& operator=(RowMaker const&) = delete;
  [[nodiscard]] OneSale decide(market::Submission submission);
  [[nodiscard]] std::int64_t market_id() const { return market_id_; }

 private:
  std::int64_t market_id_;
  std::int64_t now_us_;
  std::int64_t seq_{};
  std::string hash_;
  market::Engine engine_;
  market::Books books_;
};

}  // namespace leadex::bench
