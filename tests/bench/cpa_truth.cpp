// leadex-bench-cpa_truth: how well estimates foretell conversions that come late, and how soon the
// tests of buyer truth find buyers that keep conversions to themselves; false alarms against the
// share that is stated. Simulated; what it costs is timed beside it.
//   --runs=N     buyers of each kind (2000)
//   --markets=N  markets whose next day is foretold (40)
//   --seed=N     of all of it (1)

#include <algorithm>
#include <utility>
#include <vector>

#include "billing/values/check.hpp"
#include "matching/estimate/expected_value.hpp"
#include "matching/market/codec.hpp"
#include "tests/bench/figures.hpp"
#include "tests/matching/estimate/delayed_market.hpp"
#include "tests/matching/quality/reporting_market.hpp"

namespace leadex::bench {
namespace {

namespace est = estimate;
namespace q = quality;

void print_watched(std::string const& what, q::WatchedSum const& sum) {
  print_figure(what + ": found", "%", 100 * sum.share());
  print_figure(what + ": leads until found", "leads", sum.mean_leads());
  print_figure(what + ": days until found", "days", sum.mean_days());
}

void foretell(std::uint64_t seed, std::int64_t markets) {
  est::DayAhead sum;
  for (std::int64_t i = 0; i < markets; ++i) {
    sum.judge(est::DelayedMarket(seed + static_cast<std::uint64_t>(i), {.leads_per_day = 600}), {});
  }
  print_figure("conversions foretold ÷ observed", "×", sum.predicted / sum.observed);
  print_figure("foretold blind to delay ÷ observed", "×", sum.predicted_blind / sum.observed);
  print_figure("conversions observed", "conversions", sum.observed);
}

void time_estimates(std::uint64_t seed, std::int64_t bids) {
  est::DelayedMarket const market(seed, {.generators = 20,
                                         .buyers = 100,
                                         .days = 60,
                                         .leads_per_day = 6'000,
                                         .growth = 1,
                                         .today = 1});
  auto const snapshot = est::DelayedMarket::known(market.leads(), market.today());
  auto began = thread_cpu_seconds();
  auto const version = est::make_estimates({1, 0}, snapshot, {}).value();
  auto const cohorts = static_cast<double>(snapshot.cohorts.size());
  print_figure("a version made, per cohort", "ns", (thread_cpu_seconds() - began) * 1e9 / cohorts);
  print_figure("cohorts of that version", "cohorts", cohorts);
  print_figure("that version as bytes", "bytes",
               static_cast<double>(market::encode_value(version).size()));
  print_figure("pairs with a row of their own", "pairs",
               static_cast<double>(version.conversions.pairs.size()));

  auto const& leads = market.leads();
  std::int64_t alone = 0;
  began = thread_cpu_seconds();
  for (std::int64_t i = 0; i < bids; ++i) {
    auto const& key = leads[static_cast<std::size_t>(i)].key;
    alone += est::value_micros(50'000'000, {version.billable(key), version.returned(key)});
  }
  print_figure("value of a bid looked up alone", "ns",
               (thread_cpu_seconds() - began) * 1e9 / static_cast<double>(bids));

  // As an auction does it: the source once for a lead, the factors kept with the campaigns.
  std::vector<std::pair<std::int64_t, std::int64_t>> factors;
  for (std::int64_t i = 0; i < bids; ++i) {
    auto const& key = leads[static_cast<std::size_t>(i)].key;
    factors.emplace_back(version.conversions.factor_ppb(key.campaign_no, key.buyer_no),
                         version.returns.factor_ppb(key.campaign_no, key.buyer_no));
  }
  std::int64_t together = 0;
  began = thread_cpu_seconds();
  auto const converts = version.conversions.at(1);
  auto const returns = version.returns.at(1);
  for (std::int64_t i = 0; i < bids; ++i) {
    auto const& key = leads[static_cast<std::size_t>(i)].key;
    auto const& [converted, returned] = factors[static_cast<std::size_t>(i)];
    together += est::value_micros(50'000'000, {converts.probability(key.campaign_no, converted),
                                               returns.probability(key.campaign_no, returned)});
  }
  print_figure("value of a bid with source and factors at hand", "ns",
               (thread_cpu_seconds() - began) * 1e9 / static_cast<double>(bids));
  LEADEX_CHECK(alone > 0 && together > 0);
}

class Watch {
 public:
  Watch(std::uint64_t seed, std::int64_t runs) : market_(seed), runs_(runs) {}

  void false_alarms() {
    for (std::int64_t const stated_ppm : {50'000, 10'000}) {
      auto const stated = static_cast<double>(stated_ppm) / 1e6;
      q::HoldoutSettings const holdout{.false_alarms_ppm = stated_ppm};
      q::ComparisonSettings const comparison{.false_alarms_ppm = stated_ppm};
      auto const at = " accused, stated " + std::to_string(stated_ppm / 10'000) + " %";
      auto const held =
          sum([&] { return market_.hold_out({.leads_per_day = 400, .reported = 0.95}, holdout); });
      auto const compared = sum([&] { return market_.compare({.odds = 0.7}, comparison); });
      auto const unlike =
          sum([&] { return market_.compare({.unlike = 0.6, .odds = 0.7}, comparison); });
      auto const equal = sum([&] { return market_.compare({}, comparison); });
      auto const peeked = sum([&] {
        return q::Watched{market_.accused_by_peeking(400, 0.95, stated), 0, 0};
      });
      print_figure("holdout: barely honest buyers" + at, "%", 100 * held.share());
      print_figure("comparison: barely honest buyers" + at, "%", 100 * compared.share());
      print_figure("comparison: barely honest among unlike others" + at, "%", 100 * unlike.share());
      print_figure("comparison: buyers as the others" + at, "%", 100 * equal.share());
      print_figure("test of fixed counts, read each time: barely honest buyers" + at, "%",
                   100 * peeked.share());
      print_figure("stated " + std::to_string(stated_ppm / 10'000) + " % and three sigma", "%",
                   100 * held.allowed(stated));
    }
    auto const mixed = sum([&] { return market_.compare({.by_segment = false}, {}); });
    print_figure("comparison without segments: honest buyers of poor leads accused", "%",
                 100 * mixed.share());
  }

  void detection() {
    for (int const percent : {0, 20, 50, 80}) {
      auto const reported = static_cast<double>(percent) / 100;
      auto const who = ", buyers that report " + std::to_string(percent) + " %";
      print_watched("holdout" + who,
                    sum([&] { return market_.hold_out({.reported = reported}, {}); }));
      print_watched("comparison" + who,
                    sum([&] { return market_.compare({.reported = reported}, {}); }));
    }
  }

 private:
  q::WatchedSum sum(auto const& one) const {
    q::WatchedSum total;
    for (std::int64_t run = 0; run < runs_; ++run) total.add(one());
    return total;
  }

  q::ReportingMarket market_;
  std::int64_t runs_;
};

}  // namespace
}  // namespace leadex::bench

int main(int argc, char** argv) {
  std::span<char* const> const arguments{argv, static_cast<std::size_t>(argc)};
  auto const runs = leadex::bench::count_option(arguments, "runs", 2'000);
  auto const markets = leadex::bench::count_option(arguments, "markets", 40);
  auto const seed = static_cast<std::uint64_t>(leadex::bench::count_option(arguments, "seed", 1));
  leadex::bench::foretell(seed, markets);
  leadex::bench::time_estimates(seed, std::min<std::int64_t>(100 * runs, 300'000));
  leadex::bench::Watch watch(seed, runs);
  watch.false_alarms();
  watch.detection();
  return 0;
}
