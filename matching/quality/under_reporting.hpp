#pragma once
// Does a CPA buyer report the conversions it owes for? Two sequential tests, each with a stated
// share of honest buyers that it will ever accuse, however often one looks. Pure; one thread for
// each test. Source: docs/decisions/0013-buyer-truth.md.

#include <cstdint>
#include <optional>

#include "billing/values/money.hpp"
#include "matching/quality/draw_order.hpp"
#include "matching/quality/evidence.hpp"
#include "matching/quality/finding.hpp"
#include "matching/quality/shared_events.hpp"

namespace leadex::quality {

/// Whether a sale belongs to the holdout, whose outcome the exchange learns without the buyer. The
/// hash is keyed (HMAC of the sale under a key of the exchange), so the buyer cannot tell; a larger
/// share holds all of a smaller one. 0 ≤ share ≤ 10'000.
[[nodiscard]] bool in_holdout(DrawHash const& hash, BasisPoints share);

/// Days of sale before this one are mature on the day `as_of`, the first not complete: all their
/// `buckets` days of conversions are known (buckets_of() of matching/estimate).
[[nodiscard]] constexpr std::int64_t mature_before(std::int64_t as_of, std::int64_t buckets) {
  return as_of - buckets + 1;
}

struct HoldoutSettings {
  std::int64_t false_alarms_ppm{1'000};  // of honest buyers, ever: 1 … 500'000
  std::int64_t honest_ppm{950'000};  // an honest buyer reports this share at least: 1 … 999'999
  [[nodiscard]] bool valid() const;
};

/// Of leads in the holdout that were verified to have converted: how many did the buyer report?
class HoldoutTest {
 public:
  explicit HoldoutTest(HoldoutSettings const& settings);

  /// One verified conversion, once the time to report it has passed. Each lead once, in an order
  /// that does not depend on the outcomes (by day of maturity, then number).
  void add(bool reported);

  [[nodiscard]] bool alarmed() const { return evidence_.ever_reached(settings_.false_alarms_ppm); }
  [[nodiscard]] std::int64_t verified() const { return verified_; }
  [[nodiscard]] double log_evidence() const { return evidence_.log_now(); }
  /// What is known now, once alarmed.
  [[nodiscard]] std::optional<Finding> finding(std::int64_t buyer_no) const;

 private:
  HoldoutSettings settings_;
  MixtureEvidence evidence_;
  std::int64_t verified_{0};
  std::int64_t reported_{0};
};

struct ComparisonSettings {
  std::int64_t false_alarms_ppm{1'000};  // 1 … 500'000
  /// An honest buyer's odds of a conversion are at least this part of the other buyers' odds in the
  /// same segment: honest buyers do not all close equally well. 1 … 1'000'000.
  std::int64_t honest_odds_ppm{700'000};
  [[nodiscard]] bool valid() const;
};

/// Reported conversions against those of the other buyers of the same segment and day.
class ComparisonTest {
 public:
  explicit ComparisonTest(ComparisonSettings const& settings);

  /// Leads of one segment and one mature day of sale. In an order that does not depend on outcomes.
  /// @pre valid() @cost O(events)
  void add(Compared const& compared);

  [[nodiscard]] bool alarmed() const { return evidence_.ever_reached(settings_.false_alarms_ppm); }
  [[nodiscard]] std::int64_t leads() const { return leads_; }
  [[nodiscard]] double log_evidence() const { return evidence_.log_now(); }
  [[nodiscard]] std::optional<Finding> finding(std::int64_t buyer_no) const;

 private:
  ComparisonSettings settings_;
  MixtureEvidence evidence_;
  std::int64_t leads_{0};  // that could be compared
  std::int64_t converted_{0};
  double expected_{0};  // conversions of these at the others' rates
};

/// Confidence of the intervals in findings.
inline constexpr std::int64_t kConfidencePpm = 950'000;

}  // namespace leadex::quality
