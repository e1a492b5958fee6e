#pragma once
// A made-up CPA market: generators, buyers and campaigns with true rates, leads that convert days
// later or are returned. It knows the future, so estimates can be held against it. One thread.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <random>
#include <tuple>
#include <vector>

#include "matching/estimate/estimate_version.hpp"

namespace leadex::estimate {

struct DelayedMarketOptions {
  std::int64_t generators{8};
  std::int64_t buyers{12};
  std::int64_t campaigns{3};  // of each buyer
  std::int32_t days{45};
  double leads_per_day{400};
  double growth{1.02};  // leads of a day ÷ those of the day before
  double today{20};     // leads of the day to foretell ÷ what growth would make of them
  double rate{0.04};
  double delay_mean_days{9};
  double return_rate{0.06};
};

class DelayedMarket {
 public:
  static constexpr std::int64_t kBuckets = 31;
  static constexpr std::int32_t kFirstDay = 20'000;

  struct Lead {
    BidKey key;
    std::int32_t day{};
    double rate{};          // true, of a lead that is kept
    std::int32_t late{-1};  // days until its conversion is known; -1 without one
    std::int32_t back{-1};  // days until it is returned; -1 when it is kept
  };

  DelayedMarket(std::uint64_t seed, DelayedMarketOptions const& options)
      : options_(options), random_(seed) {
    for (std::int64_t g = 0; g < options.generators; ++g) source_.push_back(spread(0.35));
    for (std::int64_t b = 0; b < options.buyers; ++b) skill_.push_back(spread(0.25));
    auto leads = options.leads_per_day;
    for (std::int32_t day = 0; day <= options.days; ++day) {
      auto const count = static_cast<int>(day == options.days ? leads * options.today : leads);
      for (int i = 0; i < count; ++i) leads_.push_back(sell(kFirstDay + day));
      leads *= options.growth;
    }
  }

  /// The day after the history: its leads are what a version made then is used for.
  [[nodiscard]] std::int32_t today() const { return kFirstDay + options_.days; }
  [[nodiscard]] std::vector<Lead> const& leads() const { return leads_; }

  [[nodiscard]] static Snapshot known(std::vector<Lead> const& leads, std::int32_t as_of) {
    using Key = std::tuple<std::int64_t, std::int64_t, std::int64_t, std::int32_t>;
    std::map<Key, Cohort> cohorts;
    for (auto const& lead : leads) {
      if (lead.day >= as_of) continue;
      auto const& key = lead.key;
      auto& cohort = cohorts[{key.buyer_no, key.campaign_no, key.generator_no, lead.day}];
      if (cohort.leads++ == 0) {
        cohort = {key.buyer_no, key.campaign_no, key.generator_no, lead.day, 1, 0, {}};
        cohort.converted.resize(
            static_cast<std::size_t>(std::min<std::int64_t>(kBuckets, as_of - lead.day)));
      }
      if (lead.back >= 0 && lead.day + lead.back < as_of) ++cohort.returned;
      if (lead.late >= 0 && lead.day + lead.late < as_of) {
        ++cohort.converted[static_cast<std::size_t>(lead.late)];
      }
    }
    Snapshot snapshot{as_of, {}};
    for (auto const& [key, cohort] : cohorts) snapshot.cohorts.push_back(cohort);
    return snapshot;
  }

 private:
  double unit() { return std::uniform_real_distribution<double>{0, 1}(random_); }
  double spread(double sigma) {
    return std::lognormal_distribution<double>{-sigma * sigma / 2, sigma}(random_);
  }
  std::int64_t below(std::int64_t n) {
    return std::uniform_int_distribution<std::int64_t>{0, n - 1}(random_);
  }
  // A seventh on the same day, the others after an exponential time cut off at the window's end.
  std::int32_t delay() {
    if (unit() < 1.0 / 7) return 0;
    for (;;) {
      auto const days =
          std::exponential_distribution<double>{1 / options_.delay_mean_days}(random_);
      if (days < static_cast<double>(kBuckets - 1)) return static_cast<std::int32_t>(days) + 1;
    }
  }
  Lead sell(std::int32_t day) {
    auto const generator = below(options_.generators);
    auto const buyer = below(options_.buyers);
    auto const campaign = buyer * options_.campaigns + below(options_.campaigns);
    Lead lead{{campaign + 1, buyer + 1, generator + 1}, day, 0, -1, -1};
    lead.rate = std::min(0.9, options_.rate * source_[static_cast<std::size_t>(generator)] *
                                  skill_[static_cast<std::size_t>(buyer)]);
    if (unit() < options_.return_rate) {
      lead.back = static_cast<std::int32_t>(below(8));
    } else if (unit() < lead.rate) {
      lead.late = delay();
    }
    return lead;
  }

  DelayedMarketOptions options_;
  std::mt19937_64 random_;
  std::vector<double> source_;
  std::vector<double> skill_;
  std::vector<Lead> leads_;
};

/// The same shrinkage over plain counts: every lead weighs full from its first day on.
inline RateTable rates_blind_to_delay(Snapshot const& snapshot, RateSettings const& settings) {
  std::vector<Trial> trials;
  for (auto const& cohort : snapshot.cohorts) {
    trials.push_back({cohort.buyer_no, cohort.campaign_no, cohort.generator_no,
                      cohort.kept() * kWhole, cohort.converted_in_all()});
  }
  return make_rates(trials, settings);
}

/// Predicted ÷ observed conversions of the leads of one day that were kept, by what became of them
/// in the end.
struct DayAhead {
  double predicted{};
  double predicted_blind{};
  double observed{};

  void judge(DelayedMarket const& market, EstimateSettings const& settings) {
    auto const snapshot = DelayedMarket::known(market.leads(), market.today());
    auto const version = make_estimates({1, 0}, snapshot, settings).value();
    auto const blind = rates_blind_to_delay(snapshot, settings.conversions);
    for (auto const& lead : market.leads()) {
      if (lead.day != market.today() || lead.back >= 0) continue;
      predicted += static_cast<double>(version.billable(lead.key).ppb) / 1e9;
      predicted_blind += static_cast<double>(blind.probability(lead.key).ppb) / 1e9;
      observed += lead.late >= 0 ? 1 : 0;
    }
  }
};

}  // namespace leadex::estimate
