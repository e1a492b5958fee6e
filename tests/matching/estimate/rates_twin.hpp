#pragma once
// The estimates once more: plain loops over all cohorts for each question, fractions of any length.
// `exact` keeps fractions; without it each level is rounded down to billionths as the table is.

#include <algorithm>
#include <boost/multiprecision/cpp_int.hpp>

#include "matching/estimate/estimate_version.hpp"

namespace leadex::estimate {

using Fraction = boost::multiprecision::cpp_rational;
using Integer = boost::multiprecision::cpp_int;

class RatesTwin {
 public:
  RatesTwin(std::vector<Trial> const& trials, RateSettings const& settings, bool exact)
      : trials_(trials), settings_(settings), exact_(exact) {}

  Fraction market() const {
    auto const factor = shrunken([](auto const&) { return true; },
                                 [&](auto const&) { return ppb(settings_.prior_ppb); },
                                 settings_.market_strength, 1);
    return rate(ppb(settings_.prior_ppb) * factor);
  }
  Fraction source(std::int64_t no) const {
    auto const of = [&](auto const& trial) { return trial.generator_no == no; };
    if (std::ranges::none_of(trials_, of)) return market();
    auto const parent = market();
    return rate(parent *
                shrunken(
                    of, [&](auto const&) { return parent; }, settings_.source_strength, 1));
  }
  Fraction buyer(std::int64_t no) const {
    auto const of = [&](auto const& trial) { return trial.buyer_no == no; };
    auto const unknown = ppb(settings_.unknown_buyer_ppb);
    if (std::ranges::none_of(trials_, of)) return unknown;
    return shrunken(
        of, [&](auto const& trial) { return source(trial.generator_no); }, settings_.buyer_strength,
        unknown);
  }
  Fraction campaign(std::int64_t no, std::int64_t buyer_no) const {
    auto const of = [&](auto const& trial) { return trial.campaign_no == no; };
    if (std::ranges::none_of(trials_, of)) return buyer(buyer_no);
    return shrunken(
        of, [&](auto const& trial) { return source(trial.generator_no); },
        settings_.campaign_strength, buyer(buyer_no));
  }
  Fraction probability(BidKey const& key) const {
    auto const parent = campaign(key.campaign_no, key.buyer_no);
    auto const of = [&](auto const& trial) {
      return trial.campaign_no == key.campaign_no && trial.generator_no == key.generator_no;
    };
    auto const at_source = source(key.generator_no);
    Fraction evidence = 0;
    for (auto const& trial : trials_) {
      if (of(trial)) evidence += trial.events + leads(trial) * at_source;
    }
    if (std::ranges::none_of(trials_, of) || evidence < settings_.pair_evidence_min) {
      return rate(at_source * parent);
    }
    return rate(at_source *
                shrunken(
                    of, [&](auto const&) { return at_source; }, settings_.pair_strength, parent));
  }

 private:
  static Fraction ppb(std::int64_t value) { return Fraction(value, kWhole); }
  static Fraction leads(Trial const& trial) { return Fraction(trial.exposure_ppb, kWhole); }
  Fraction rounded(Fraction const& value) const {
    if (exact_) return value;
    Fraction const scaled = value * kWhole;
    return Fraction(numerator(scaled) / denominator(scaled), Integer(kWhole));
  }
  Fraction rate(Fraction const& value) const { return std::min(rounded(value), Fraction(1)); }
  Fraction shrunken(auto const& of, auto const& rate_of, std::int64_t strength,
                    Fraction const& parent) const {
    Fraction events = 0;
    Fraction expected = 0;
    for (auto const& trial : trials_) {
      if (!of(trial)) continue;
      events += trial.events;
      expected += leads(trial) * rate_of(trial);
    }
    return rounded((events + strength * parent) / (expected + strength));
  }

  std::vector<Trial> const& trials_;
  RateSettings settings_;
  bool exact_;
};

}  // namespace leadex::estimate
