#include "tests/bench/one_by_one.hpp"

#include <latch>
#include <thread>

#include "server/storage/postgres/binary_array.hpp"
#include "tests/bench/figures.hpp"

namespace leadex::bench {

namespace {

namespace pg = storage::postgres;

constexpr std::int64_t kBuyers = 8;
constexpr std::int64_t kGenerators = 8;
constexpr std::size_t kWarmUp = 64;  // opens every account that sales will touch

// As the writer's, but for the order of batches, which only one writer can promise.
constexpr pg::Statement kUnorderedHead{
    "bench_head",
    "with head as (update leadex.market_head set seq = greatest(seq, $2::int8), hash = $5::bytea, "
    "last_at_us = $4::int8 where market_id = $1::int8 and epoch = $3::int8 returning seq) insert "
    "into leadex.commit_batch (market_id, seq, epoch, at_us, hash, body) select $1::int8, "
    "$2::int8, "
    "$3::int8, $4::int8, $5::bytea, $6::bytea from head"};

std::int64_t wall_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

}  // namespace

OneByOne::OneByOne(std::string const& owner, std::string const& app, Rows rows,
                   std::int64_t first_market)
    : rows_(rows) {
  for (std::size_t i = 0; i < kConnections; ++i) {
    links_.push_back(std::make_unique<pg::MarketLink>(app));
  }
  auto const markets = rows == Rows::own ? kConnections : 1;
  for (std::size_t i = 0; i < markets; ++i) {
    auto const market_id = first_market + static_cast<std::int64_t>(i);
    add_market(owner, market_id);
    makers_.push_back(std::make_unique<RowMaker>(market_id, wall_us()));
    sources_.push_back(
        std::make_unique<SaleSource>(static_cast<std::uint64_t>(market_id), kGenerators));
    auto const settle = [&](market::Submission submission) {
      write(*links_[i], market_id, makers_[i]->decide(std::move(submission)));
    };
    for (auto& opening : open_buyers(owner, market_id, kBuyers)) settle(std::move(opening));
    for (std::size_t sale = 0; sale < kWarmUp; ++sale) settle(sources_[i]->next(wall_us()));
  }
}

void OneByOne::write(pg::MarketLink& link, std::int64_t market_id, OneSale const& sale) const {
  constexpr std::int64_t kEpoch = 0;
  pqxx::work work{link.connection()};
  // Balances and caps of one market are the same rows for all: without an order of their own the
  // transactions would spend their time in deadlocks.
  if (rows_ == Rows::shared) {
    work.exec_params("select from leadex.market_head where market_id = $1 for update", market_id);
  }
  for (auto const& call : sale.body) link.run(work, call);
  for (auto const& call : sale.tail) link.run(work, call);
  auto head = pg::head_call(market_id, kEpoch, sale.seq, sale.at_us, sale.hash, sale.stored_body);
  if (rows_ == Rows::shared) head.statement = &kUnorderedHead;
  link.run(work, head);
  work.commit();
}

double OneByOne::run(std::size_t sales) {
  std::vector<std::vector<OneSale>> work(kConnections);
  for (std::size_t i = 0; i < sales; ++i) {
    auto const connection = i % kConnections;
    work[connection].push_back(
        maker(connection).decide(sources_[connection % sources_.size()]->next(wall_us())));
  }
  for (auto& link : links_) (void)link->connection();
  std::latch ready{kConnections + 1};
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < kConnections; ++i) {
    threads.emplace_back([this, i, &work, &ready] {
      ready.arrive_and_wait();
      for (auto const& sale : work[i]) write(*links_[i], maker(i).market_id(), sale);
    });
  }
  ready.arrive_and_wait();
  auto const began = Clock::now();
  for (auto& thread : threads) thread.join();
  return seconds_since(began);
}

}  // namespace leadex::bench
