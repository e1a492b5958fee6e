#pragma once
// Does a buyer return more than others do of the same generators' leads? One judgement of one
// closed period. Pure; any thread. Source: docs/decisions/0013-buyer-truth.md.

#include <cstdint>
#include <optional>
#include <vector>

#include "matching/quality/finding.hpp"
#include "matching/quality/shared_events.hpp"

namespace leadex::quality {

struct ReturnSettings {
  std::int64_t false_alarms_ppm{1'000};  // of honest buyers, in one period: 1 … 500'000
  /// An honest buyer's odds of a return are at most this part of the other buyers' odds at the same
  /// generator: honest buyers are not all equally strict. 1'000'000 … 100'000'000.
  std::int64_t honest_odds_ppm{1'500'000};
  std::int64_t confidence_ppm{950'000};  // 1 … 999'999
  [[nodiscard]] bool valid() const;
};

/// Leads of the period whose return window has passed: the buyer's and the other buyers' of one
/// generator, or of one segment of its leads; an event is a return.
struct SellerShare {
  std::int64_t generator_no{};
  Compared leads;
};

struct ReturnVerdict {
  std::int64_t leads{};        // of generators that others bought from too
  std::int64_t leads_alone{};  // of the others' none: nothing to compare with
  std::int64_t returned{};     // of `leads`
  double expected{};           // of `leads` at the others' rates
  double log_probability{};    // ln P(this many returns or more) for the least honest buyer; ≤ 0
};

/// Exact: given each share's returns, the buyer's part is hypergeometric under equal odds; the sum
/// over the shares is the convolution of these, tilted to the odds of the strictest honest
/// buyer. What the others' rates are worth is in it: few leads of others prove little.
/// @pre each valid() @cost O(returns × shares) mostly
[[nodiscard]] ReturnVerdict judge_returns(std::vector<SellerShare> const& shares,
                                          ReturnSettings const& settings);

/// A finding when that probability is at most the share of false alarms; of a generator when all
/// shares are that one's.
[[nodiscard]] std::optional<Finding> returns_finding(std::int64_t buyer_no,
                                                     std::vector<SellerShare> const& shares,
                                                     ReturnSettings const& settings);

}  // namespace leadex::quality
