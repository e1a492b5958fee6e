#pragma once
// Shrunken rates of a market, its generators, buyers, campaigns and pairs of the last two, and the
// one lookup that bids are ranked by. Fixed point in parts per billion. Pure; any thread.
// Source: docs/decisions/0012-cpa-estimates.md.

#include <cstdint>
#include <span>
#include <vector>

#include "matching/estimate/parts.hpp"

namespace leadex::estimate {

/// Which bid, for whose lead.
struct BidKey {
  std::int64_t campaign_no{};
  std::int64_t buyer_no{};
  std::int64_t generator_no{};
};

inline constexpr std::int64_t kPriorPpb = 20'000'000;
inline constexpr std::int64_t kUnknownBuyerPpb = 700'000'000;

/// Strengths are counted in events that the parent expects: twenty conversions weigh the same at a
/// rate of 1 % (2,000 leads) as at 10 % (200 leads).
struct RateSettings {
  std::int64_t prior_ppb{kPriorPpb};  // a market without history: 100'000 … kWhole
  std::int64_t market_strength{5};    // each 1 … 1'000'000
  std::int64_t source_strength{20};
  std::int64_t buyer_strength{10};
  std::int64_t campaign_strength{20};
  std::int64_t pair_strength{30};
  /// What a buyer without history is taken for, as a part of the market's rate at the same source;
  /// 1 … 10 × kWhole.
  std::int64_t unknown_buyer_ppb{kUnknownBuyerPpb};
  std::int64_t pair_evidence_min{5};  // events seen and expected, for a row of its own; ≥ 0
  [[nodiscard]] bool valid() const;
};

/// Events among the leads of one campaign from one generator.
struct Trial {
  std::int64_t buyer_no{};
  std::int64_t campaign_no{};
  std::int64_t generator_no{};
  std::int64_t exposure_ppb{};  // leads × known share, in billionths of a lead
  std::int64_t events{};
};

struct NumberedRate {
  std::int64_t no{};
  std::int64_t ppb{};
  friend bool operator==(NumberedRate const&, NumberedRate const&) = default;
  static void fields(auto& self, auto& io) { io(self.no, self.ppb); }
};
struct PairRate {
  std::int64_t generator_no{};
  std::int64_t campaign_no{};
  std::int64_t ppb{};
  friend bool operator==(PairRate const&, PairRate const&) = default;
  static void fields(auto& self, auto& io) { io(self.generator_no, self.campaign_no, self.ppb); }
};

/// What a table says of one generator: looked up once for all bids on its lead. Refers into the
/// table.
struct SourceRates {
  std::int64_t ppb{};
  std::span<PairRate const> pairs;
  /// The pair's own rate, else source × factor. @cost O(log pairs)
  [[nodiscard]] Probability probability(std::int64_t campaign_no, std::int64_t factor_ppb) const;
};

/// In ascending order of numbers, each once, so that equal tables have equal bytes.
struct RateTable {
  std::int64_t market_ppb{};               // rate
  std::int64_t unknown_buyer_ppb{kWhole};  // factor
  std::vector<NumberedRate> sources;       // rates
  std::vector<NumberedRate> buyers;        // factors against the sources they bought from
  std::vector<NumberedRate> campaigns;     // factors, of which a buyer's is the parent
  std::vector<PairRate> pairs;             // rates

  /// The best-known level: the pair, else source × campaign, × buyer, × unknown buyer; an unknown
  /// source counts as the market. at() and factor_ppb() are its two halves. @pre valid()
  /// @cost O(log n)
  [[nodiscard]] Probability probability(BidKey const& key) const;
  [[nodiscard]] SourceRates at(std::int64_t generator_no) const;
  /// Does not change while the table lasts, so that it can be kept with the campaign.
  [[nodiscard]] std::int64_t factor_ppb(std::int64_t campaign_no, std::int64_t buyer_no) const;
  /// Order and ranges, for a table read from bytes.
  [[nodiscard]] bool valid() const;

  friend bool operator==(RateTable const&, RateTable const&) = default;
  static void fields(auto& self, auto& io) {
    io(self.market_ppb, self.unknown_buyer_ppb, self.sources, self.buyers, self.campaigns,
       self.pairs);
  }
};

/// Largest factor in a table: 10'000 times the parent.
inline constexpr std::int64_t kFactorMax = 10'000 * kWhole;

/// (events + strength × parent) / (expected + strength), rounded down, at most kFactorMax: the mean
/// of a gamma-Poisson posterior of "how many times what was expected".
/// @param expected  events, in units of 1e-18: exposure_ppb × rate_ppb.
/// @param parent_ppb  0 … kFactorMax. events ≤ kLeadsMax, 1 ≤ strength ≤ 1'000'000.
[[nodiscard]] std::int64_t shrunken_factor(std::int64_t events, Wide expected,
                                           std::int64_t strength, std::int64_t parent_ppb);

/// Trials in any order; those of the same three add up. Sums of exposure and events at most
/// kLeadsMax leads. @cost O(n log n)
[[nodiscard]] RateTable make_rates(std::span<Trial const> trials, RateSettings const& settings);

}  // namespace leadex::estimate
