#include "matching/quality/return_rate.hpp"

#include <algorithm>
#include <cmath>

#include "billing/values/check.hpp"
#include "matching/quality/evidence.hpp"

namespace leadex::quality {
namespace {

// Ends this unlikely are cut off; what is cut above counts as reached, so the judgement stays on
// the buyer's side.
constexpr double kNegligible = 1e-20;

/// Distribution of a sum of whole numbers.
class Total {
 public:
  void add(SharedEvents const& part, double odds) {
    auto const logs = part.log_probabilities(odds);
    std::vector<double> added(probabilities_.size() + logs.size() - 1);
    for (std::size_t i = 0; i < logs.size(); ++i) {
      auto const probability = std::exp(logs[i]);
      if (probability < kNegligible * kNegligible) continue;
      for (std::size_t j = 0; j < probabilities_.size(); ++j) {
        added[i + j] += probability * probabilities_[j];
      }
    }
    probabilities_ = std::move(added);
    lowest_ += part.lowest();
    trim();
  }

  [[nodiscard]] double at_least(std::int64_t count) const {
    auto sum = cut_above_;
    for (auto i = probabilities_.size(); i-- > 0;) {  // the small ones first
      if (lowest_ + static_cast<std::int64_t>(i) < count) break;
      sum += probabilities_[i];
    }
    return std::min(sum, 1.0);
  }

 private:
  void trim() {
    while (probabilities_.size() > 1 && probabilities_.back() < kNegligible) {
      cut_above_ += probabilities_.back();
      probabilities_.pop_back();
    }
    auto const first =
        std::ranges::find_if(probabilities_, [](double p) { return p >= kNegligible; });
    lowest_ += first - probabilities_.begin();
    probabilities_.erase(probabilities_.begin(), first);
  }

  std::int64_t lowest_{0};
  std::vector<double> probabilities_{1.0};
  double cut_above_{kNegligible};
};

}  // namespace

bool ReturnSettings::valid() const {
  return false_alarms_ppm >= 1 && false_alarms_ppm <= kMillion / 2 && honest_odds_ppm >= kMillion &&
         honest_odds_ppm <= 100 * kMillion && confidence_ppm >= 1 && confidence_ppm < kMillion;
}

ReturnVerdict judge_returns(std::vector<SellerShare> const& shares,
                            ReturnSettings const& settings) {
  LEADEX_CHECK(settings.valid());
  auto const odds = static_cast<double>(settings.honest_odds_ppm) / static_cast<double>(kMillion);
  ReturnVerdict verdict;
  Total total;
  for (auto const& [generator_no, leads] : shares) {
    LEADEX_CHECK(leads.valid());
    if (leads.other_leads == 0) {
      verdict.leads_alone += leads.buyer_leads;
      continue;
    }
    verdict.leads += leads.buyer_leads;
    verdict.returned += leads.buyer_events;
    verdict.expected += static_cast<double>(leads.buyer_leads) *
                        static_cast<double>(leads.other_events) /
                        static_cast<double>(leads.other_leads);
    total.add(SharedEvents(leads), odds);
  }
  verdict.log_probability = std::log(total.at_least(verdict.returned));
  return verdict;
}

std::optional<Finding> returns_finding(std::int64_t buyer_no,
                                       std::vector<SellerShare> const& shares,
                                       ReturnSettings const& settings) {
  auto const verdict = judge_returns(shares, settings);
  auto const limit =
      std::log(static_cast<double>(settings.false_alarms_ppm) / static_cast<double>(kMillion));
  // The margin is far above the rounding of the convolution.
  if (verdict.leads == 0 || verdict.log_probability > limit - 1e-6) return std::nullopt;
  auto const interval = exact_interval(verdict.returned, verdict.leads, settings.confidence_ppm);
  auto const leads = static_cast<double>(verdict.leads);
  auto const generator_no = shares.front().generator_no;
  bool const of_one = std::ranges::all_of(
      shares, [&](SellerShare const& share) { return share.generator_no == generator_no; });
  return Finding{.kind = FindingKind::returns_above_mix,
                 .buyer_no = buyer_no,
                 .generator_no = of_one ? generator_no : 0,
                 .counted = verdict.leads,
                 .seen = verdict.returned,
                 .rate_ppm = to_ppm(static_cast<double>(verdict.returned) / leads),
                 .rate_low_ppm = to_ppm(interval.low),
                 .rate_high_ppm = to_ppm(interval.high),
                 .confidence_ppm = settings.confidence_ppm,
                 .reference_ppm = to_ppm(verdict.expected / leads),
                 .evidence_milli = to_evidence_milli(-verdict.log_probability),
                 .false_alarms_ppm = settings.false_alarms_ppm};
}

}  // namespace leadex::quality
