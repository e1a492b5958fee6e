#pragma once
// Evidence that may be looked at after every observation: a mixture of likelihood ratios, each a
// supermartingale while the buyer is honest, so that the mixture ever reaches 1/a with probability
// a at most (Ville's inequality). And a rate's interval that holds at all times together.
// Statistics that open cases, not decisions: floating point. Pure; any thread. Source:
// docs/decisions/0013-buyer-truth.md.

#include <array>
#include <cstddef>
#include <cstdint>

namespace leadex::quality {

inline constexpr std::int64_t kMillion = 1'000'000;

/// The alternatives that the mixture holds, as parts of what an honest buyer does at least.
inline constexpr std::array kAlternatives{0.1, 0.25, 0.4, 0.55, 0.7, 0.85};

class MixtureEvidence {
 public:
  /// Natural logarithms of one observation's likelihood ratios, alternative against honest; each
  /// ratio has a mean of at most 1 under every honest behaviour, given all earlier observations.
  void add(std::array<double, kAlternatives.size()> const& log_ratios);

  /// Natural logarithm of the mixture with equal weights; 0 at the start.
  [[nodiscard]] double log_now() const;
  [[nodiscard]] double log_highest() const { return log_highest_; }
  /// Whether it ever reached 1 / share of honest buyers that may be accused, in millionths.
  [[nodiscard]] bool ever_reached(std::int64_t false_alarms_ppm) const;

 private:
  std::array<double, kAlternatives.size()> logs_{};
  double log_highest_{0};
};

struct RateInterval {
  double low{0};
  double high{1};
};

/// All rates that `seen` of `counted` speak against less than 1/(1 - confidence) to one, by the
/// beta(½, ½) mixture: with probability `confidence` the true rate lies inside at every count
/// together, so it stays valid when one stops because of what one saw. 0 ≤ seen ≤ counted;
/// confidence 0 … 1'000'000 without the ends.
[[nodiscard]] RateInterval interval_at_any_time(std::int64_t seen, std::int64_t counted,
                                                std::int64_t confidence_ppm);

/// Clopper and Pearson's, for a count fixed beforehand; as above.
[[nodiscard]] RateInterval exact_interval(std::int64_t seen, std::int64_t counted,
                                          std::int64_t confidence_ppm);

/// Nearest millionth of a rate or share; thousandths of a decimal logarithm.
[[nodiscard]] std::int64_t to_ppm(double share);
[[nodiscard]] std::int64_t to_evidence_milli(double natural_log);

}  // namespace leadex::quality
