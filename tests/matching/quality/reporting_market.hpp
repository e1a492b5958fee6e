#pragma once
// Made-up CPA buyers, honest ones and such that keep conversions to themselves, and how long the
// tests of under_reporting.hpp take to find them. One thread.

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <random>
#include <vector>

#include "matching/quality/under_reporting.hpp"

namespace leadex::quality {

struct Watched {
  bool alarmed{};
  std::int64_t leads{};  // bought until the alarm, those not yet mature included
  std::int64_t days{};   // from the first sale until the alarm
};

struct ReportingOptions {
  std::int64_t days{240};        // of sales
  std::int64_t mature_days{31};  // from a sale until its conversions are all known
  std::int64_t leads_per_day{40};
  double others{5};       // leads of the other buyers of the segment ÷ the buyer's
  double unlike{0};       // half of the others convert so much worse, half so much better
  double odds{1.0};       // the buyer's true odds of a conversion ÷ the others'
  double reported{1.0};   // share of its conversions that it tells of
  double holdout{0.15};   // share of its leads in the holdout
  double reached{0.6};    // share of these whose outcome can be verified
  bool by_segment{true};  // false: all leads in one, to see what segments are for
};

class ReportingMarket {
 public:
  explicit ReportingMarket(std::uint64_t seed) : random_(seed) {}

  [[nodiscard]] Watched compare(ReportingOptions const& options,
                                ComparisonSettings const& settings) {
    ComparisonTest test(settings);
    for (std::int64_t day = 0; day < options.days; ++day) {
      Compared together;
      for (auto const& segment : kSegments) {
        auto const mine = poisson(static_cast<double>(options.leads_per_day) * segment.buyer_part);
        auto const theirs = poisson(static_cast<double>(options.leads_per_day) * options.others *
                                    segment.others_part);
        auto const rate = with_odds(segment.rate, options.odds) * options.reported;
        Compared const seen{mine, binomial(mine, rate), theirs,
                            binomial(theirs / 2, segment.rate * (1 - options.unlike)) +
                                binomial(theirs - theirs / 2, segment.rate * (1 + options.unlike))};
        if (options.by_segment) test.add(seen);
        together.buyer_leads += seen.buyer_leads;
        together.buyer_events += seen.buyer_events;
        together.other_leads += seen.other_leads;
        together.other_events += seen.other_events;
      }
      if (!options.by_segment) test.add(together);
      if (test.alarmed()) return found(options, day);
    }
    return {};
  }

  [[nodiscard]] Watched hold_out(ReportingOptions const& options, HoldoutSettings const& settings) {
    HoldoutTest test(settings);
    for (std::int64_t day = 0; day < options.days; ++day) {
      for (auto const& segment : kSegments) {
        auto const verified =
            binomial(poisson(static_cast<double>(options.leads_per_day) * segment.buyer_part),
                     with_odds(segment.rate, options.odds) * options.holdout * options.reached);
        for (std::int64_t i = 0; i < verified; ++i) test.add(unit() < options.reported);
      }
      if (test.alarmed()) return found(options, day);
    }
    return {};
  }

  /// An honest buyer before a test for counts fixed beforehand that is read after every conversion.
  [[nodiscard]] bool accused_by_peeking(std::int64_t verified, double honest, double level) {
    std::int64_t missed = 0;
    for (std::int64_t n = 1; n <= verified; ++n) {
      missed += unit() < honest ? 0 : 1;
      // Exact tail of the binomial: P(missed or more | n, 1 - honest).
      double below = 0;
      double term = std::pow(honest, static_cast<double>(n));
      for (std::int64_t k = 0; k < missed; ++k) {
        below += term;
        term *= static_cast<double>(n - k) / static_cast<double>(k + 1) * (1 - honest) / honest;
      }
      if (1 - below <= level) return true;
    }
    return false;
  }

  double unit() { return std::uniform_real_distribution<double>{0, 1}(random_); }
  std::int64_t binomial(std::int64_t n, double p) {
    return std::binomial_distribution<std::int64_t>{n, p}(random_);
  }

 private:
  struct Segment {
    double rate;
    double buyer_part;  // of the buyer's leads: it buys the poor segments
    double others_part;
  };
  static constexpr std::array kSegments{Segment{0.01, 0.4, 0.1}, Segment{0.03, 0.3, 0.2},
                                        Segment{0.06, 0.2, 0.3}, Segment{0.12, 0.1, 0.4}};

  static double with_odds(double rate, double odds) {
    auto const tilted = rate / (1 - rate) * odds;
    return tilted / (1 + tilted);
  }
  std::int64_t poisson(double mean) {
    return std::poisson_distribution<std::int64_t>{mean}(random_);
  }
  static Watched found(ReportingOptions const& options, std::int64_t day) {
    auto const days = day + options.mature_days;
    return {true, days * options.leads_per_day, days};
  }

  std::mt19937_64 random_;
};

/// Shares and means over many buyers of one kind.
struct WatchedSum {
  std::int64_t runs{};
  std::int64_t alarms{};
  double leads{};
  double days{};
  void add(Watched const& watched) {
    ++runs;
    if (!watched.alarmed) return;
    ++alarms;
    leads += static_cast<double>(watched.leads);
    days += static_cast<double>(watched.days);
  }
  [[nodiscard]] double share() const {
    return static_cast<double>(alarms) / static_cast<double>(runs);
  }
  [[nodiscard]] double mean_leads() const {
    return leads / static_cast<double>(std::max<std::int64_t>(alarms, 1));
  }
  [[nodiscard]] double mean_days() const {
    return days / static_cast<double>(std::max<std::int64_t>(alarms, 1));
  }
  /// The stated share and what chance may add to it in so many runs.
  [[nodiscard]] double allowed(double stated) const {
    return stated + 3 * std::sqrt(stated * (1 - stated) / static_cast<double>(runs));
  }
};

}  // namespace leadex::quality
