#pragma once
// Given that so many of a buyer's and the others' leads converted (or were returned): how many of
// these are the buyer's? When both sides have the same rate, whatever it is, that is
// hypergeometric; the rate itself drops out. Pure; any thread. Source:
// docs/decisions/0013-buyer-truth.md.

#include <cstdint>
#include <vector>

namespace leadex::quality {

/// Leads of one kind: the same segment and day, or the same generator.
struct Compared {
  std::int64_t buyer_leads{};
  std::int64_t buyer_events{};
  std::int64_t other_leads{};
  std::int64_t other_events{};
  /// Counts not negative, events no more than leads.
  [[nodiscard]] bool valid() const;
};

class SharedEvents {
 public:
  /// @cost O(min(buyer's leads, events)) @pre valid()
  explicit SharedEvents(Compared const& compared);

  /// Smallest number of events the buyer can have, and the logarithms of the probabilities from
  /// there upwards, when the buyer's odds of an event are `odds` times the others'. odds > 0.
  [[nodiscard]] std::int64_t lowest() const { return lowest_; }
  [[nodiscard]] std::vector<double> log_probabilities(double odds) const;

  /// Likelihood of what was seen with `odds` against `odds_honest`, as logarithm. For odds below
  /// odds_honest its exponential has a mean of at most 1 under all odds from odds_honest upwards.
  [[nodiscard]] double log_ratio(double odds, double odds_honest) const;

 private:
  /// Logarithm of the mean of odds^(events - lowest) under equal odds.
  [[nodiscard]] double log_mean(double odds) const;

  std::int64_t lowest_{};
  std::int64_t seen_{};            // above lowest_
  std::vector<double> log_equal_;  // logarithms of the probabilities under equal odds
};

}  // namespace leadex::quality
