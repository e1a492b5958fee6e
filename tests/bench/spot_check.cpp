// leadex-bench-spot_check: lots simulated row by row under the fixed and the sequential plan, of a
// market with the rates and risks that a new one has; shares accepted against the risks stated, and
// what is checked. Deterministic for a seed.
//   --lots=N  lots of each kind (100000)
//   --size=N  rows of a lot, beside one of 500 (10000)
//   --seed=N  of all of it (1)

#include <cmath>
#include <random>

#include "billing/values/check.hpp"
#include "matching/quality/sequential_plan.hpp"
#include "tests/bench/figures.hpp"

namespace leadex::bench {
namespace {

namespace q = quality;

struct Seen {
  double accepted{};  // share of the lots
  double checks{};    // mean
  double sigma{};     // of that mean
};

/// Draws rows without putting them back until the plan stops.
Seen simulate(q::StoppingPlan const& plan, std::int64_t bad_rows, std::int64_t lots,
              std::mt19937_64& random) {
  std::int64_t accepted = 0;
  double sum = 0;
  double squares = 0;
  for (std::int64_t lot = 0; lot < lots; ++lot) {
    std::int64_t checked = 0;
    std::int64_t bad = 0;
    auto stop = q::stop_after(plan, 0, 0);
    while (stop == q::Stop::not_yet) {
      auto const left = static_cast<std::uint64_t>(plan.lot_size - checked);
      std::uniform_int_distribution<std::uint64_t> row(0, left - 1);
      bad += row(random) < static_cast<std::uint64_t>(bad_rows - bad) ? 1 : 0;
      ++checked;
      stop = q::stop_after(plan, checked, bad);
    }
    accepted += stop == q::Stop::accept ? 1 : 0;
    auto const checks = static_cast<double>(checked);
    sum += checks;
    squares += checks * checks;
  }
  auto const count = static_cast<double>(lots);
  auto const mean = sum / count;
  return {static_cast<double>(accepted) / count, mean,
          std::sqrt(std::max(0.0, squares / count - mean * mean) / count)};
}

/// Three standard deviations of a share, when `risk` is true.
double three_sigma(double risk, std::int64_t lots) {
  return 3 * std::sqrt(risk * (1 - risk) / static_cast<double>(lots));
}

struct Tally {
  std::int64_t outside{};  // figures beyond what is stated
};

void compare(Tally& tally, q::SpotCheckSettings const& settings, std::int64_t lot_size,
             std::int64_t lots, std::uint64_t seed) {
  auto const fixed = q::plan_spot_check(lot_size, settings).value();
  auto const began = thread_cpu_seconds();
  auto const sequential = q::plan_sequential(lot_size, settings).value();
  auto const took = thread_cpu_seconds() - began;
  auto const edges = q::edges_of(lot_size, settings);
  auto const of = std::to_string(lot_size) + " rows, ";
  auto const sample = static_cast<double>(fixed.sample_size);
  print_figure(of + "fixed sample", "checks", sample);
  print_figure(of + "sequential at most", "checks", static_cast<double>(sequential.checks_max()));
  print_figure(of + "sequential plan made in", "ms", took * 1e3);
  std::mt19937_64 random(seed);
  for (std::int64_t const per_mille : {0, 10, 25, 50, 100, 200}) {
    auto const bad = (lot_size * per_mille + 500) / 1000;
    auto text = std::to_string(per_mille / 10) + (per_mille % 10 == 0 ? "" : ".5");
    auto const at = of + text + " % bad: ";
    for (bool const stops_early : {false, true}) {
      auto const plan = stops_early ? sequential : q::stopping_plan_of(fixed);
      std::string const name = stops_early ? "sequential " : "fixed ";
      auto const seen = simulate(plan, bad, lots, random);
      auto const stated = q::course_of(plan, bad);
      print_figure(at + name + "accepts", "%", 100 * seen.accepted);
      print_figure(at + name + "checks", "checks", seen.checks);
      if (stops_early) {
        print_figure(at + "sequential checks ÷ fixed sample", "×", seen.checks / sample);
      }
      auto const allowed = three_sigma(static_cast<double>(stated.accept), lots);
      bool inside = std::abs(seen.accepted - static_cast<double>(stated.accept)) <= allowed + 1e-9;
      inside = inside && std::abs(seen.checks - static_cast<double>(stated.checks)) <=
                             3.5 * seen.sigma + 1e-6;
      if (bad <= edges.acceptable) {
        auto const risk = settings.seller_risk.bp / 10'000.0;
        inside = inside && 1 - seen.accepted <= risk + three_sigma(risk, lots);
      }
      if (bad >= edges.rejectable) {
        auto const risk = settings.buyer_risk.bp / 10'000.0;
        inside = inside && seen.accepted <= risk + three_sigma(risk, lots);
      }
      if (!inside) std::fprintf(stderr, "outside: %s%s\n", at.c_str(), name.c_str());
      tally.outside += inside ? 0 : 1;
    }
  }
}

}  // namespace
}  // namespace leadex::bench

int main(int argc, char** argv) {
  using namespace leadex;
  std::span<char* const> const arguments(argv + 1, static_cast<std::size_t>(argc - 1));
  auto const lots = bench::count_option(arguments, "lots", 100'000);
  auto const size = bench::count_option(arguments, "size", 10'000);
  auto const seed = static_cast<std::uint64_t>(bench::count_option(arguments, "seed", 1));
  bench::Tally tally;
  for (auto const rows : {std::int64_t{500}, size}) bench::compare(tally, {}, rows, lots, seed);
  bench::print_figure("figures outside the stated risks and three sigma", "figures",
                      static_cast<double>(tally.outside));
  return 0;
}
