// leadex-bench-source_fraud: how many lots of each planted kind of fraud get their finding, and how
// many honest lots get one, on the rows of the bank-marketing file in its order. Attributes are the
// file's; addresses, devices, times and hops are made up (tests/matching/quality/made_lots.hpp).
// Then the same of days of leads that are posted one by one (made_days.hpp).
//   --rounds=N  lots of each kind and share (200)
//   --lot=N     leads of a lot (500)
//   --seed=N    of all of it (1)
// The file is leads/bank-marketing-half.csv below LEADEX_SHARED_DATA; without it nothing is run.

#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>

#include "billing/values/check.hpp"
#include "tests/bench/figures.hpp"
#include "tests/matching/quality/made_days.hpp"
#include "tests/matching/quality/made_lots.hpp"

namespace leadex::bench {
namespace {

namespace q = quality;

/// A print of what a lead shows before its sale: the file's columns without the call's own ones.
std::vector<std::uint64_t> prints_of(std::filesystem::path const& file) {
  std::ifstream in(file);
  std::vector<std::uint64_t> prints;
  std::string line;
  std::getline(in, line);
  while (std::getline(in, line)) {
    // age … loan: the first eight columns.
    std::size_t end = 0;
    for (int column = 0; column < 8; ++column) end = line.find(',', end) + 1;
    LEADEX_CHECK(end > 0);
    prints.push_back(std::hash<std::string>{}(line.substr(0, end)));
  }
  return prints;
}

struct Share {
  std::int64_t found{};
  std::int64_t of{};
  [[nodiscard]] double percent() const {
    return 100 * static_cast<double>(found) / static_cast<double>(of);
  }
};

bool has(std::vector<q::SignalFinding> const& findings, q::LotSignal signal) {
  return std::ranges::any_of(findings, [&](auto const& one) { return one.signal == signal; });
}

void honest_lots(q::MadeLots& lots, std::int64_t rounds) {
  Share any;
  std::array<std::int64_t, q::kLotSignals> kinds{};
  for (std::int64_t i = 0; i < 10 * rounds; ++i) {
    auto const found = lots.judge(lots.honest());
    ++any.of;
    if (!found.empty()) ++any.found;
    for (auto const& one : found) ++kinds.at(static_cast<std::size_t>(one.signal) - 1);
  }
  auto const stated = static_cast<double>(q::SignalSettings{}.false_alarms_ppm) / 1e6;
  auto const of = static_cast<double>(any.of);
  print_figure("honest lots with a finding", "%", any.percent());
  print_figure("stated and three sigma", "%",
               100 * (stated + 3 * std::sqrt(stated * (1 - stated) / of)));
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    auto const name = std::string{q::word(static_cast<q::LotSignal>(i + 1))};
    print_figure("honest lots: " + name, "%", 100 * static_cast<double>(kinds.at(i)) / of);
  }
}

void print_kind(std::string const& what, Share const& own, Share const& other) {
  print_figure(what + ": found", "%", own.percent());
  if (other.found > 0) print_figure(what + ": another sign found", "%", other.percent());
}

void planted_lots(q::MadeLots& lots, std::int64_t rounds) {
  for (std::size_t i = 1; i <= q::kLotSignals; ++i) {
    auto const signal = static_cast<q::LotSignal>(i);
    if (signal == q::LotSignal::crowded_contacts) continue;  // a lot takes a person once
    for (int const percent : {2, 5, 10, 20, 50}) {
      Share own;
      Share other;
      for (std::int64_t round = 0; round < rounds; ++round) {
        auto const found = lots.judge(lots.planted(signal, percent / 100.0));
        ++own.of;
        ++other.of;
        if (has(found, signal)) ++own.found;
        if (found.size() > (has(found, signal) ? 1U : 0U)) ++other.found;
      }
      auto const what = std::string{q::word(signal)} + " in " + std::to_string(percent) + " %";
      print_kind(what, own, other);
    }
  }
}

void add(q::LotCounts& sum, q::LotCounts const& day) {
  for (std::size_t i = 0; i < q::kLotSignals; ++i) sum.counts.at(i) += day.counts.at(i);
}

/// So many days of sources that differ.
q::LotCounts days_of_others(q::MadeDays& days, int count) {
  q::LotCounts sum;
  for (int i = 0; i < count; ++i) add(sum, days.honest_day(days.honest()));
  return sum;
}

/// Whether that source has a finding on a day of which a part shows the sign.
std::vector<q::SignalFinding> judged(q::MadeDays& days, q::LotCounts const& others,
                                     q::LotSignal signal, double part) {
  constexpr int kOwnDays = 10;
  auto const source = days.honest();
  q::DayReference reference{others, {}};
  for (int i = 0; i < kOwnDays; ++i) add(reference.itself, days.honest_day(source));
  return days.judge(source, signal, part, reference);
}

void honest_days(q::MadeDays& days, q::LotCounts const& others, std::int64_t rounds) {
  Share any;
  for (std::int64_t i = 0; i < 10 * rounds; ++i) {
    ++any.of;
    if (!judged(days, others, q::LotSignal::planted_contact, 0).empty()) ++any.found;
  }
  auto const stated = static_cast<double>(q::SignalSettings{}.false_alarms_ppm) / 1e6;
  print_figure("honest days with a finding", "%", any.percent());
  print_figure("stated and three sigma of days", "%",
               100 * (stated + 3 * std::sqrt(stated * (1 - stated) / static_cast<double>(any.of))));
}

void planted_days(q::MadeDays& days, q::LotCounts const& others, std::int64_t rounds) {
  for (auto const signal :
       {q::LotSignal::crowded_addresses, q::LotSignal::crowded_devices, q::LotSignal::people_known,
        q::LotSignal::filled_too_fast, q::LotSignal::captured_long_ago, q::LotSignal::many_hops,
        q::LotSignal::crowded_contacts}) {
    for (int const percent : {2, 5, 10, 20, 50}) {
      Share own;
      Share other;
      for (std::int64_t round = 0; round < rounds; ++round) {
        auto const found = judged(days, others, signal, percent / 100.0);
        ++own.of;
        ++other.of;
        if (has(found, signal)) ++own.found;
        if (found.size() > (has(found, signal) ? 1U : 0U)) ++other.found;
      }
      print_kind(
          "posted: " + std::string{q::word(signal)} + " in " + std::to_string(percent) + " %", own,
          other);
    }
  }
}

}  // namespace
}  // namespace leadex::bench

int main(int argc, char** argv) {
  using namespace leadex;
  std::span<char* const> const arguments{argv, static_cast<std::size_t>(argc)};
  auto const rounds = bench::count_option(arguments, "rounds", 200);
  auto const lot = bench::count_option(arguments, "lot", 500);
  auto const seed = static_cast<std::uint64_t>(bench::count_option(arguments, "seed", 1));
  char const* const data = std::getenv("LEADEX_SHARED_DATA");  // NOLINT(concurrency-mt-unsafe)
  auto const file =
      std::filesystem::path(data == nullptr ? "" : data) / "leads" / "bank-marketing-half.csv";
  if (!std::filesystem::exists(file)) {
    std::fprintf(stderr, "SKIPPED: LEADEX_SHARED_DATA has no leads/bank-marketing-half.csv\n");
    return 0;
  }
  auto const prints = bench::prints_of(file);
  LEADEX_CHECK(static_cast<std::int64_t>(prints.size()) >= 3 * lot);
  std::fprintf(stderr, "%zu rows\n", prints.size());
  // Two thirds of the file are the other sources' lots; the lots that are judged are dealt from the
  // last third.
  auto const others = static_cast<std::int64_t>(prints.size()) * 2 / 3 / lot;
  auto const border = prints.begin() + others * lot;
  quality::MadeLots lots(seed, {prints.begin(), border}, static_cast<std::size_t>(lot));
  for (std::int64_t i = 0; i < others; ++i) lots.add_others(lots.honest());
  lots.deal({border, prints.end()});
  bench::honest_lots(lots, rounds);
  bench::planted_lots(lots, rounds);
  quality::MadeDays days(seed, lot);
  auto const days_of_others = bench::days_of_others(days, 30);
  bench::honest_days(days, days_of_others, rounds);
  bench::planted_days(days, days_of_others, rounds);
  return 0;
}
