// leadex-bench-mixed_day: markets of all rules trade everything there is through their writers on a
// real PostgreSQL, in the windows of seconds instead of days; then each log is replayed. Replayed
// auctions per second, bytes per auction, and whether the replay is identical (it fails otherwise).
//   --auctions=N  in all (100000)   --markets=N  each with rules of its own (8)   --seed=N  (1)

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <map>
#include <pqxx/pqxx>

#include "billing/values/check.hpp"
#include "matching/market/codec.hpp"
#include "server/market/commit_body.hpp"
#include "server/market/market_host.hpp"
#include "server/market/replay.hpp"
#include "tests/bench/figures.hpp"
#include "tests/matching/market/market_run.hpp"
#include "tests/server/market/stored_lead.hpp"
#include "tests/support/test_database.hpp"

namespace leadex::bench {

namespace {

namespace asio = boost::asio;
using market::Command;
using market::kUnit;

constexpr std::size_t kAtOnce = 64;  // commands that wait together
constexpr int kOthersKept = 3;       // of the commands that bring no lead, one in so many
constexpr std::int64_t kVisitors = 100'000;
constexpr std::int64_t kRoundsMax = 1'000'000;

std::int64_t wall_us() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

/// A day in seconds: windows end while the run goes on.
void hurry(market::MarketRules& rules) {
  rules.listing_ttl_us = 6 * kUnit;
  rules.listing_auction_us = 2 * kUnit;
  rules.return_window_us = 3 * kUnit;
  rules.contest_us = kUnit;
  rules.decide_us = 2 * kUnit;
  rules.holdback_us = 2 * kUnit;
  rules.delivery_deadline_us = 2 * kUnit;
  rules.recycle_rest_us = kUnit;
  rules.cpa_window_us = 5 * kUnit;
  rules.cpa_review_us = kUnit;
  rules.click_review_us = 2 * kUnit;
  if (rules.fall_us != 0) rules.fall_us = 4 * kUnit;
}

/// One market: its commands, and what its log says came of them.
class Day {
 public:
  Day(std::string owner, storage::MarketStore& store, MarketNo no, std::uint64_t seed)
      : owner_(std::move(owner)), store_(store), no_(no), run_(seed) {
    market::MarketSettings settings;
    settings.rules = run_.own_rules();
    settings.rules.version = 1;
    hurry(settings.rules);
    settings.visibility.assign(settings.rules.attributes.size(), market::Visibility::exact);
    settings.required.assign(settings.rules.attributes.size(), 0);
    settings.currency = "USD";
    settings.country = "US";
    settings.commission_bp = 1500;
    settings.holdback_bp = 1000;
    settings.dedupe_us = 3'600 * kUnit;
    settings.ping_ttl_us = 2 * kUnit;
    pqxx::connection connection{owner_};
    pqxx::work work{connection};
    work.exec_params(
        "insert into leadex.market (market_id, name, title, currency, country) values ($1, $2, "
        "'Day', 'USD', 'US')",
        no_, "day-" + std::to_string(no_) + ".us.usd");
    auto const bytes = market::encode_value(settings);
    work.exec_params("insert into leadex.market_version values ($1, 1, '{}', $2, 0)", no_,
                     pqxx::binarystring{bytes});
    work.exec_params(
        "insert into leadex.market_head values ($1, 0, 0, decode(repeat('00', 32), 'hex'), 0)",
        no_);
    work.commit();
  }

  void open(std::shared_ptr<market::MarketActor> actor) {
    actor_ = std::move(actor);
    for (auto& command : run_.opening()) {
      if (std::holds_alternative<market::ConfigureMarket>(command)) continue;
      if (auto* fund = std::get_if<market::FundBudget>(&command)) fund->amount_micros *= 1000;
      send({std::move(command)});
    }
    learn();
  }

  /// One round of commands that wait together. @return auctions held so far
  std::int64_t trade() {
    std::vector<Command> commands;
    while (commands.size() < kAtOnce) {
      auto command = run_.next(no_engine_);
      if (!wanted(command)) continue;
      if (auto* ping = std::get_if<market::OfferPing>(&command)) {
        ask(std::move(*ping));
        continue;
      }
      commands.push_back(std::move(command));
    }
    send(std::move(commands));
    learn();
    return auctions_;
  }

  /// Before the host ends, which runs the actor.
  void close() { actor_.reset(); }

  [[nodiscard]] MarketNo no() const { return no_; }
  /// Commands in the log, by their place in the variant.
  [[nodiscard]] std::map<std::size_t, std::int64_t> const& logged() const { return logged_; }
  [[nodiscard]] std::map<PricingModel, std::int64_t> const& sold() const { return sold_; }
  [[nodiscard]] std::int64_t visits() const { return visits_; }
  [[nodiscard]] std::int64_t converted() const { return converted_; }

 private:
  /// Leads, pings, visits and conversions as they come, of all else a part. What staff orders in
  /// other rooms is left out.
  bool wanted(Command& command) {
    if (std::holds_alternative<market::ClawBack>(command)) return false;
    if (std::holds_alternative<market::Tick>(command)) return false;
    if (auto* lead = market::brought_lead(command)) {
      lead->captured_us = wall_us() - run_.below(48) * market::kHourUs;
      return true;
    }
    if (auto* told = std::get_if<market::ReportConversion>(&command)) {
      told->at_us = wall_us() - (run_.below(8) == 0 ? run_.below(8) * kUnit : 0);
      return true;
    }
    if (auto* note = std::get_if<market::NoteConversion>(&command)) {
      note->at_us = wall_us();
      return true;
    }
    if (std::holds_alternative<market::OfferPing>(command)) return true;
    if (std::holds_alternative<market::OfferClick>(command)) return true;
    return run_.below(kOthersKept) == 0;
  }

  void ask(market::OfferPing ping) {
    ping.lead.captured_us = wall_us() - market::kHourUs;
    asio::io_context context{1};
    asio::co_spawn(context,
                   actor_->ping(ping, std::chrono::steady_clock::now() + std::chrono::seconds{10}),
                   [&](std::exception_ptr failed, auto const& answer) {
                     LEADEX_CHECK(!failed);
                     if (!answer || answer->bids.empty()) return;
                     market::Applied applied;
                     applied.effects.emplace_back(
                         market::PingReserved{ping.ping_no, answer->expires_us, answer->bids});
                     run_.learn(applied);
                   });
    context.run();
  }

  void send(std::vector<Command> commands) {
    leave_wallets(commands);
    asio::io_context context{1};
    for (auto& command : commands) {
      market::Submission submission;
      submission.command = std::move(command);
      bool const again = std::holds_alternative<market::RelistLead>(submission.command);
      auto const* const lead = market::brought_lead(submission.command);
      if (lead != nullptr && !again) submission.lead = rows_of(*lead);
      if (std::holds_alternative<market::UpsertCampaign>(submission.command)) {
        submission.definition = "{}";
      }
      if (std::holds_alternative<market::OfferClick>(submission.command)) {
        submission.click = visit();
      }
      asio::co_spawn(context, actor_->submit(std::move(submission)), asio::detached);
    }
    context.run();
  }

  /// Some visitors come again, to the same link or another.
  storage::NewClick visit() {
    storage::NewClick click;
    click.placement_no = 1 + run_.below(5);
    auto const no = std::to_string(run_.below(kVisitors));
    click.visitor = std::string(16 - no.size(), '0') + no;
    click.subs = {"a"};
    return click;
  }

  /// The platform's half of funding.
  void leave_wallets(std::vector<Command> const& commands) {
    pqxx::connection connection{owner_};
    pqxx::work work{connection};
    for (auto const& command : commands) {
      auto const* const fund = std::get_if<market::FundBudget>(&command);
      if (fund == nullptr) continue;
      work.exec_params(
          "insert into leadex.fund_intent (market_id, intent_no, direction, tenant_no, sub_no, "
          "amount, platform_seq) values ($1, $2, 0, $3, $4, $5, 1)",
          no_, fund->intent_no, fund->budget.buyer_no, fund->budget.campaign_no,
          fund->amount_micros);
    }
    work.commit();
  }

  /// Reads the log on: numbers of sales, bids, returns for the commands to come.
  void learn() {
    for (;;) {
      auto const batches = store_.batches(no_, seq_ + 1, 100, hash_);
      LEADEX_CHECK(batches.has_value());
      for (auto const& batch : *batches) {
        auto body = market::read_body(batch.body);
        LEADEX_CHECK(body.has_value());
        for (auto& item : body->items) take(item);
        seq_ = batch.seq;
        hash_ = batch.hash;
      }
      if (batches->size() < 100) return;
    }
  }

  void take(market::CommitItem& item) {
    ++logged_[item.command.index()];
    if (std::holds_alternative<market::OfferPing>(item.command)) return;  // learnt by its answer
    market::Applied applied{std::move(item.outcome), std::move(item.effects)};
    for (auto const& effect : applied.effects) {
      if (std::holds_alternative<market::AuctionHeld>(effect)) ++auctions_;
      if (auto const* sale = std::get_if<market::SaleAwarded>(&effect)) {
        ++sold_[sale->model];
        if (sale->acquisition.visit) ++visits_;
      }
      auto const* const told = std::get_if<market::ConversionMoved>(&effect);
      if (told != nullptr && told->state == market::ConversionState::approved) ++converted_;
    }
    run_.learn(applied);
  }

  std::string owner_;
  storage::MarketStore& store_;
  MarketNo no_;
  market::MarketRun run_;
  market::Engine no_engine_;  // the actor tells the windows of time itself
  std::shared_ptr<market::MarketActor> actor_;
  std::int64_t seq_{};
  std::string hash_ = std::string(32, '\0');
  std::int64_t auctions_{};
  std::map<std::size_t, std::int64_t> logged_;
  std::map<PricingModel, std::int64_t> sold_;
  std::int64_t visits_{};  // of the sales per acquisition
  std::int64_t converted_{};
};

void replay_all(storage::MarketStore& store, std::vector<std::unique_ptr<Day>> const& days) {
  market::ReplayReport sum;
  auto const began = Clock::now();
  for (auto const& day : days) {
    auto const report = market::replay(store, day->no(), market::ReplayScope::decisions);
    LEADEX_CHECK(report.has_value());
    if (report->fault) {
      std::fprintf(stderr, "market %u differs at batch %lld, command %lld: %s\n", day->no(),
                   static_cast<long long>(report->fault->seq),
                   static_cast<long long>(report->fault->n), report->fault->what.c_str());
      std::exit(1);  // NOLINT(concurrency-mt-unsafe): nothing runs any more
    }
    sum.batches += report->batches;
    sum.commands += report->commands;
    sum.auctions += report->auctions;
    sum.sales += report->sales;
    sum.log_bytes += report->log_bytes;
    sum.auction_bytes += report->auction_bytes;
  }
  auto const spent = seconds_since(began);
  auto const count = [](std::int64_t n) { return static_cast<double>(n); };
  print_figure("mixed day, replay identical", "auctions", count(sum.auctions));
  print_figure("mixed day, commands", "commands", count(sum.commands));
  print_figure("mixed day, sales", "sales", count(sum.sales));
  print_figure("mixed day, replay", "auctions/s", count(sum.auctions) / spent);
  print_figure("mixed day, replay of commands", "commands/s", count(sum.commands) / spent);
  print_figure("mixed day, record", "bytes per auction",
               count(sum.auction_bytes) / std::max(1.0, count(sum.auctions)));
  print_figure("mixed day, log", "bytes per command",
               count(sum.log_bytes) / std::max(1.0, count(sum.commands)));
}

void run(std::int64_t auctions, std::int64_t markets, std::int64_t seed) {
  test::TestDatabase const database;
  auto const store = storage::make_market_store(database.app());
  std::vector<std::unique_ptr<Day>> days;
  for (std::int64_t i = 0; i < markets; ++i) {
    days.push_back(std::make_unique<Day>(database.owner(), *store, static_cast<MarketNo>(i + 1),
                                         static_cast<std::uint64_t>(seed + i)));
  }
  market::HostOptions options;
  options.database = database.app();
  options.process_name = "bench";
  auto const host = market::make_market_host(std::move(options));
  host->start();
  for (auto const& day : days) day->open(host->find(day->no()));
  auto const began = Clock::now();
  std::int64_t held = 0;
  for (std::int64_t round = 0; held < auctions && round < kRoundsMax; ++round) {
    held = 0;
    for (auto const& day : days) held += day->trade();
  }
  for (auto const& day : days) day->close();
  host->stop();
  print_figure("mixed day, traded in", "s", seconds_since(began));
  std::map<std::size_t, std::int64_t> logged;
  std::map<PricingModel, std::int64_t> sold;
  std::int64_t visits = 0;
  std::int64_t converted = 0;
  for (auto const& day : days) {
    for (auto const& [kind, count] : day->logged()) logged[kind] += count;
    for (auto const& [model, count] : day->sold()) sold[model] += count;
    visits += day->visits();
    converted += day->converted();
  }
  print_figure("mixed day, sales per lead", "sales", static_cast<double>(sold[PricingModel::cpl]));
  print_figure("mixed day, sales per acquisition", "sales",
               static_cast<double>(sold[PricingModel::cpa]));
  print_figure("mixed day, of these visits", "sales", static_cast<double>(visits));
  print_figure("mixed day, of these paid", "conversions", static_cast<double>(converted));
  print_figure("mixed day, sales per click", "sales", static_cast<double>(sold[PricingModel::cpc]));
  for (auto const& [kind, count] : logged) {
    std::fprintf(stderr, "command %zu: %lld\n", kind, static_cast<long long>(count));
  }
  replay_all(*store, days);
}

}  // namespace

}  // namespace leadex::bench

int main(int argc, char** argv) {
  std::span<char* const> const arguments{argv, static_cast<std::size_t>(argc)};
  leadex::bench::run(leadex::bench::count_option(arguments, "auctions", 100'000),
                     leadex::bench::count_option(arguments, "markets", 8),
                     leadex::bench::count_option(arguments, "seed", 1));
  return 0;
}
