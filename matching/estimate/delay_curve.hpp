#pragma once
// How much of what a lead will ever convert is known by its age. From the counts of one snapshot,
// without an assumed form of the curve. Pure; any thread.
// Source: docs/decisions/0012-cpa-estimates.md.

#include <cstdint>
#include <vector>

#include "matching/estimate/observations.hpp"

namespace leadex::estimate {

struct DelaySettings {
  std::int64_t buckets{31};   // buckets_of() of the market's windows, 1 … kBucketsMax
  std::int64_t strength{20};  // conversions a bucket needs to be half believed, 1 … 1'000'000
  [[nodiscard]] bool valid() const;
};

class DelayCurve {
 public:
  /// Everything is known at once: what an estimate that does not look at delays assumes.
  explicit DelayCurve(std::int64_t buckets = 1);

  /// The chain ladder over right-truncated counts. Of the cohorts old enough to know bucket d, the
  /// share of the conversions of buckets 0 … d that fell into d is its late share; the known share
  /// at age a is the product of (1 - late share) over all buckets from a on. `strength` conversions
  /// that were not late are added to each: a bucket with little evidence leaves the curve where a
  /// plain count would be, which never flatters a buyer.
  /// @param snapshot, settings  valid. @cost O(cohorts × buckets)
  [[nodiscard]] static DelayCurve measure(Snapshot const& snapshot, DelaySettings const& settings);

  /// In parts per billion, rounded up; does not fall with age. age ≥ 0; from buckets() on it is
  /// kWhole.
  [[nodiscard]] std::int64_t known_ppb(std::int64_t age) const;
  [[nodiscard]] std::int64_t buckets() const { return static_cast<std::int64_t>(known_.size()); }

 private:
  std::vector<std::int64_t> known_;  // by age, below the number of buckets
};

}  // namespace leadex::estimate
