#pragma once
// One immutable version of a market's estimates: P(billable event) and P(return) for ranking bids
// by expected value. Switched by a command, logged with it. Pure; any thread.
// Source: docs/decisions/0012-cpa-estimates.md.

#include <cstdint>

#include "matching/estimate/delay_curve.hpp"
#include "matching/estimate/rate_table.hpp"

namespace leadex::estimate {

struct EstimateSettings {
  DelaySettings delay;
  RateSettings conversions;
  /// A buyer of whom nothing is known is taken to return as the market does: it promises nothing.
  RateSettings returns{.prior_ppb = 50'000'000, .unknown_buyer_ppb = kWhole};
  std::int64_t return_days{8};  // age at which a day's returns are all in: 1 … kBucketsMax
  [[nodiscard]] bool valid() const;
};

struct EstimateVersion {
  std::int64_t version{};
  std::int64_t made_at_us{};  // since 1970 UTC
  std::int32_t as_of{};       // first day not counted in it
  RateTable conversions;
  RateTable returns;
  /// Conversions of visits: far rarer than those of leads, so they have rates of their own.
  /// Versions from before there were any say what is assumed of a market without history.
  RateTable visits{.market_ppb = kPriorPpb, .unknown_buyer_ppb = kUnknownBuyerPpb};

  /// That a lead sold to this bid is kept and converts, given that it is kept.
  [[nodiscard]] Probability billable(BidKey const& key) const {
    return conversions.probability(key);
  }
  [[nodiscard]] Probability returned(BidKey const& key) const { return returns.probability(key); }
  /// For a version read from bytes.
  [[nodiscard]] bool valid() const;

  friend bool operator==(EstimateVersion const&, EstimateVersion const&) = default;
  static void fields(auto& self, auto& io) {
    io(self.version, self.made_at_us, self.as_of, self.conversions, self.returns);
    if (io.since(6)) io(self.visits);
  }
};

struct VersionName {
  std::int64_t version{};
  std::int64_t made_at_us{};
};

/// The same counts in any order give the same version to the byte. Conversions: leads kept, each
/// cohort weighted by the share of its conversions that its age lets us know. Returns: leads of the
/// days whose return window has passed.
/// @errors settings_invalid, then as validate(). @cost O(n (buckets + log n))
[[nodiscard]] Result<EstimateVersion, EstimateError> make_estimates(
    VersionName const& name, Snapshot const& snapshot, EstimateSettings const& settings);

}  // namespace leadex::estimate
