#include "matching/estimate/rate_table.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <utility>

#include "billing/values/check.hpp"

namespace leadex::estimate {
namespace {

constexpr std::int64_t kStrengthMax = 1'000'000;
constexpr std::int64_t kPriorMin = 100'000;  // so that kFactorMax still reaches certainty

struct Count {
  std::int64_t exposure_ppb{};
  std::int64_t events{};
};
struct Expectation {
  Wide expected{};  // 1e-18 events
  std::int64_t events{};
};

template <class Row>
bool ascending(std::vector<Row> const& rows, auto key) {
  return std::ranges::adjacent_find(rows, std::ranges::greater_equal{}, key) == rows.end();
}
bool within(std::int64_t value, std::int64_t low, std::int64_t high) {
  return value >= low && value <= high;
}
bool within(std::vector<NumberedRate> const& rows, std::int64_t high) {
  return std::ranges::all_of(rows, [&](auto const& row) { return within(row.ppb, 0, high); });
}

auto pair_key(PairRate const& row) { return std::pair{row.generator_no, row.campaign_no}; }

NumberedRate const* find(std::vector<NumberedRate> const& rows, std::int64_t no) {
  auto const at = std::ranges::lower_bound(rows, no, {}, &NumberedRate::no);
  return at != rows.end() && at->no == no ? &*at : nullptr;
}
std::int64_t value_or(std::vector<NumberedRate> const& rows, std::int64_t no, std::int64_t other) {
  auto const* row = find(rows, no);
  return row != nullptr ? row->ppb : other;
}

/// Adds up trials by level and reads the levels off from the top.
class Levels {
 public:
  Levels(std::span<Trial const> trials, RateSettings const& settings) : settings_(settings) {
    for (auto const& trial : trials) {
      LEADEX_CHECK(trial.exposure_ppb >= 0 && trial.events >= 0);
      buyer_of_[trial.campaign_no] = trial.buyer_no;
      add(market_, trial);
      add(sources_[trial.generator_no], trial);
      add(pairs_[{trial.generator_no, trial.campaign_no}], trial);
    }
  }

  RateTable table() {
    table_.unknown_buyer_ppb = settings_.unknown_buyer_ppb;
    table_.market_ppb = rate_times(settings_.prior_ppb, factor(market_, settings_.prior_ppb,
                                                               settings_.market_strength, kWhole));
    for (auto const& [no, count] : sources_) {
      auto const times = factor(count, table_.market_ppb, settings_.source_strength, kWhole);
      table_.sources.push_back({no, rate_times(table_.market_ppb, times)});
    }
    rate_buyers_and_campaigns();
    rate_pairs();
    return std::move(table_);
  }

 private:
  static void add(Count& count, Trial const& trial) {
    count.exposure_ppb += trial.exposure_ppb;
    count.events += trial.events;
  }
  static std::int64_t factor(Count const& count, std::int64_t rate_ppb, std::int64_t strength,
                             std::int64_t parent_ppb) {
    return shrunken_factor(count.events, Wide{count.exposure_ppb} * rate_ppb, strength, parent_ppb);
  }

  // A buyer is measured against the sources it bought from, so that a poor mix is not its fault.
  void rate_buyers_and_campaigns() {
    std::map<std::int64_t, Expectation> buyers;
    std::map<std::int64_t, Expectation> campaigns;
    for (auto const& [key, count] : pairs_) {
      auto const expected = Wide{count.exposure_ppb} * find(table_.sources, key.first)->ppb;
      for (auto* level : {&buyers[buyer_of_[key.second]], &campaigns[key.second]}) {
        level->expected += expected;
        level->events += count.events;
      }
    }
    for (auto const& [no, seen] : buyers) {
      table_.buyers.push_back(
          {no, shrunken_factor(seen.events, seen.expected, settings_.buyer_strength,
                               settings_.unknown_buyer_ppb)});
    }
    for (auto const& [no, seen] : campaigns) {
      auto const parent = find(table_.buyers, buyer_of_[no])->ppb;
      table_.campaigns.push_back(
          {no, shrunken_factor(seen.events, seen.expected, settings_.campaign_strength, parent)});
    }
  }

  void rate_pairs() {
    for (auto const& [key, count] : pairs_) {
      auto const source_ppb = find(table_.sources, key.first)->ppb;
      auto const expected = Wide{count.exposure_ppb} * source_ppb;
      auto const evidence = expected + Wide{count.events} * kWhole * kWhole;
      if (evidence < Wide{settings_.pair_evidence_min} * kWhole * kWhole) continue;
      auto const times = shrunken_factor(count.events, expected, settings_.pair_strength,
                                         find(table_.campaigns, key.second)->ppb);
      table_.pairs.push_back({key.first, key.second, rate_times(source_ppb, times)});
    }
  }

  RateSettings const& settings_;
  Count market_;
  std::map<std::int64_t, Count> sources_;
  std::map<std::pair<std::int64_t, std::int64_t>, Count> pairs_;  // generator, campaign
  std::map<std::int64_t, std::int64_t> buyer_of_;                 // by campaign
  RateTable table_;
};

}  // namespace

bool RateSettings::valid() const {
  return within(prior_ppb, kPriorMin, kWhole) && within(market_strength, 1, kStrengthMax) &&
         within(source_strength, 1, kStrengthMax) && within(buyer_strength, 1, kStrengthMax) &&
         within(campaign_strength, 1, kStrengthMax) && within(pair_strength, 1, kStrengthMax) &&
         within(unknown_buyer_ppb, 1, 10 * kWhole) && within(pair_evidence_min, 0, kStrengthMax);
}

bool RateTable::valid() const {
  return within(market_ppb, 0, kWhole) && within(unknown_buyer_ppb, 1, 10 * kWhole) &&
         within(sources, kWhole) && within(buyers, kFactorMax) && within(campaigns, kFactorMax) &&
         std::ranges::all_of(pairs, [](auto const& row) { return within(row.ppb, 0, kWhole); }) &&
         ascending(sources, &NumberedRate::no) && ascending(buyers, &NumberedRate::no) &&
         ascending(campaigns, &NumberedRate::no) && ascending(pairs, pair_key);
}

Probability SourceRates::probability(std::int64_t campaign_no, std::int64_t factor_ppb) const {
  auto const pair = std::ranges::lower_bound(pairs, campaign_no, {}, &PairRate::campaign_no);
  if (pair != pairs.end() && pair->campaign_no == campaign_no) return {pair->ppb};
  return {rate_times(ppb, factor_ppb)};
}

SourceRates RateTable::at(std::int64_t generator_no) const {
  auto const own = std::ranges::equal_range(pairs, generator_no, {}, &PairRate::generator_no);
  return {value_or(sources, generator_no, market_ppb), own};
}

std::int64_t RateTable::factor_ppb(std::int64_t campaign_no, std::int64_t buyer_no) const {
  if (auto const* campaign = find(campaigns, campaign_no)) return campaign->ppb;
  return value_or(buyers, buyer_no, unknown_buyer_ppb);
}

Probability RateTable::probability(BidKey const& key) const {
  return at(key.generator_no)
      .probability(key.campaign_no, factor_ppb(key.campaign_no, key.buyer_no));
}

std::int64_t shrunken_factor(std::int64_t events, Wide expected, std::int64_t strength,
                             std::int64_t parent_ppb) {
  constexpr auto kUnit = Wide{kWhole} * kWhole;
  // At most (1e8 × 1e9 + 1e6 × 1e13) × 1e18 < 2^127.
  auto const above = (Wide{events} * kWhole + Wide{strength} * parent_ppb) * kUnit;
  auto const below = expected + strength * kUnit;
  return static_cast<std::int64_t>(std::min(above / below, Wide{kFactorMax}));
}

RateTable make_rates(std::span<Trial const> trials, RateSettings const& settings) {
  LEADEX_CHECK(settings.valid());
  return Levels{trials, settings}.table();
}

}  // namespace leadex::estimate
