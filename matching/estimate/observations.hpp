#pragma once
// What estimates are made from: counts of leads sold and of what became of them, by day of sale. No
// personal data. Values of a snapshot; pure, any thread.

#include <cstdint>
#include <span>
#include <vector>

#include "billing/values/result.hpp"

namespace leadex::estimate {

/// The leads that one campaign got from one generator on one UTC day, as known when day `as_of` of
/// the snapshot began. Several cohorts of the same three add up.
struct Cohort {
  std::int64_t buyer_no{};
  std::int64_t campaign_no{};
  std::int64_t generator_no{};
  std::int32_t day{};       // of the sale, days since 1970-01-01 UTC
  std::int64_t leads{};     // sold and delivered
  std::int64_t returned{};  // of these, by now
  /// [d]: leads kept whose first billable conversion the exchange learnt of d days after `day` (day
  /// of learning less day of sale, so that a bucket is complete when its day has ended). Shorter
  /// than the window: the rest is zero. A lead counts once, also with repeated events.
  std::vector<std::int64_t> converted;

  [[nodiscard]] std::int64_t kept() const { return leads - returned; }
  [[nodiscard]] std::int64_t converted_in_all() const;
};

struct Snapshot {
  std::int32_t as_of{};  // the first UTC day whose counts are not complete
  std::vector<Cohort> cohorts;
};

/// Complete days since the sale's day began: buckets [0, age) of the cohort are known.
[[nodiscard]] inline std::int64_t age_days(Cohort const& cohort, std::int32_t as_of) {
  return std::int64_t{as_of} - cohort.day;
}

/// How many buckets a conversion can fall into: it happens within `window_s` after the sale and
/// is told of at most `report_s` later. Both not negative.
[[nodiscard]] constexpr std::int64_t buckets_of(std::int64_t window_s, std::int64_t report_s) {
  constexpr std::int64_t kDay = 86'400;
  return (window_s + report_s + kDay - 1) / kDay + 1;
}

inline constexpr std::int64_t kBucketsMax = 400;
/// Leads of one snapshot. With it every 128-bit product of the estimates stays in range.
inline constexpr std::int64_t kLeadsMax = 100'000'000;

enum class EstimateError : std::uint8_t {
  settings_invalid,
  cohort_invalid,  // negative counts; more conversions than leads kept; from a day not yet over
  too_many_leads,
  campaign_of_two_buyers,
};

/// @errors cohort_invalid, too_many_leads, campaign_of_two_buyers, each over all cohorts before the
///         next. @cost O(n log n)
[[nodiscard]] Result<void, EstimateError> validate(Snapshot const& snapshot, std::int64_t buckets);

}  // namespace leadex::estimate
