// leadex-bench-engine_commit: sales per second through a market's writer (engine, ledger, group
// commit on a real PostgreSQL; no HTTP) against the same rows one transaction each.
//   --sales=N  in each slice (8000)   --producers=N  sales waiting at once (256)   --slices=N  (3)

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <pqxx/pqxx>

#include "billing/values/check.hpp"
#include "server/market/market_host.hpp"
#include "tests/bench/figures.hpp"
#include "tests/bench/one_by_one.hpp"
#include "tests/support/test_database.hpp"

namespace leadex::bench {

namespace {

namespace asio = boost::asio;

constexpr MarketNo kMarket = 1;
constexpr std::int64_t kBuyers = 8;
constexpr std::int64_t kGenerators = 8;

std::int64_t wall_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

/// Sales that wait, and what came of them. One thread runs all producers.
struct Slice {
  std::shared_ptr<market::MarketActor> actor;
  std::vector<market::Submission> waiting;
  std::vector<double> latencies_ms;
};

asio::awaitable<void> produce(Slice& slice) {
  while (!slice.waiting.empty()) {
    auto submission = std::move(slice.waiting.back());
    slice.waiting.pop_back();
    auto const began = Clock::now();
    auto const done = co_await slice.actor->submit(std::move(submission));
    LEADEX_CHECK(done.has_value() && done->outcome.sold.size() == 1);
    slice.latencies_ms.push_back(seconds_since(began) * 1e3);
  }
}

class Writer {
 public:
  Writer(std::string const& owner, std::string const& app) {
    add_market(owner, kMarket);
    market::HostOptions options;
    options.database = app;
    options.process_name = "bench";
    host_ = market::make_market_host(std::move(options));
    host_->start();
    LEADEX_CHECK(host_->find(kMarket)->ready());
    for (auto& opening : open_buyers(owner, kMarket, kBuyers)) settle(std::move(opening));
  }
  ~Writer() { host_->stop(); }
  Writer(Writer const&) = delete;
  Writer& operator=(Writer const&) = delete;

  /// @return seconds; latencies are added to `all_ms`
  double run(std::size_t sales, std::size_t producers, std::vector<double>& all_ms) {
    Slice slice{host_->find(kMarket), {}, {}};
    for (std::size_t i = 0; i < sales; ++i) slice.waiting.push_back(source_.next(wall_us()));
    asio::io_context context{1};
    for (std::size_t i = 0; i < producers; ++i) {
      asio::co_spawn(context, produce(slice), asio::detached);
    }
    auto const began = Clock::now();
    context.run();
    auto const spent = seconds_since(began);
    LEADEX_CHECK(slice.latencies_ms.size() == sales);
    all_ms.insert(all_ms.end(), slice.latencies_ms.begin(), slice.latencies_ms.end());
    return spent;
  }

 private:
  void settle(market::Submission submission) {
    asio::io_context context{1};
    auto const actor = host_->find(kMarket);
    bool good = false;
    asio::co_spawn(context, actor->submit(std::move(submission)),
                   [&](std::exception_ptr failed, auto const& done) {
                     good = !failed && done.has_value() &&
                            done->outcome.refusal == market::Refusal::none;
                   });
    context.run();
    LEADEX_CHECK(good);
  }

  std::unique_ptr<market::MarketHost> host_;
  SaleSource source_{1, kGenerators};
};

std::int64_t batches(std::string const& owner) {
  pqxx::connection connection{owner};
  pqxx::read_transaction work{connection};
  return work
      .exec1("select seq from leadex.market_head where market_id = " + std::to_string(kMarket))[0]
      .as<std::int64_t>();
}

void run(std::size_t sales, std::size_t producers, std::int64_t slices) {
  test::TestDatabase const database;
  test::TestDatabase const plain;  // apart: a host takes every market of its database
  Writer writer{database.owner(), database.app()};
  OneByOne own{plain.owner(), plain.app(), OneByOne::Rows::own, 101};
  OneByOne shared{plain.owner(), plain.app(), OneByOne::Rows::shared, 201};
  std::vector<double> warm_up_ms;
  (void)writer.run(sales / 8 + 1, producers, warm_up_ms);
  double written = 0;
  double own_s = 0;
  double shared_s = 0;
  std::vector<double> latencies_ms;
  auto const batches_before = batches(database.owner());
  for (std::int64_t i = 0; i < slices; ++i) {
    written += writer.run(sales, producers, latencies_ms);
    own_s += own.run(sales / 2);
    shared_s += shared.run(sales / 4);
  }
  auto const count = static_cast<double>(sales) * static_cast<double>(slices);
  auto const rate = count / written;
  auto const own_rate = count / 2 / own_s;
  auto const shared_rate = count / 4 / shared_s;
  print_figure("engine + commit", "sales/s", rate);
  print_figure("engine + commit, p50", "ms", percentile(latencies_ms, 0.5));
  print_figure("engine + commit, p99", "ms", percentile(latencies_ms, 0.99));
  print_figure("engine + commit, sales per batch", "sales",
               count / static_cast<double>(batches(database.owner()) - batches_before));
  print_figure("one by one, 8 connections, a market each", "sales/s", own_rate);
  print_figure("one by one, 8 connections, one market", "sales/s", shared_rate);
  print_figure("engine + commit ÷ one by one, a market each", "×", rate / own_rate);
  print_figure("engine + commit ÷ one by one, one market", "×", rate / shared_rate);
}

}  // namespace

}  // namespace leadex::bench

int main(int argc, char** argv) {
  std::span<char* const> const arguments{argv, static_cast<std::size_t>(argc)};
  auto const sales = leadex::bench::count_option(arguments, "sales", 8000);
  auto const producers = leadex::bench::count_option(arguments, "producers", 256);
  auto const slices = leadex::bench::count_option(arguments, "slices", 3);
  leadex::bench::run(static_cast<std::size_t>(sales), static_cast<std::size_t>(producers), slices);
  return 0;
}
