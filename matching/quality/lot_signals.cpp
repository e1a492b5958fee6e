#include "matching/quality/lot_signals.hpp"

#include <algorithm>
#include <cmath>
#include <span>

#include "billing/values/check.hpp"
#include "matching/quality/evidence.hpp"
#include "matching/quality/percent.hpp"
#include "matching/quality/shared_events.hpp"

namespace leadex::quality {
namespace {

std::size_t place(LotSignal signal) {
  auto const at = static_cast<std::size_t>(signal) - 1;
  LEADEX_CHECK(at < kLotSignals);
  return at;
}

double ratio(std::int64_t ppm) { return static_cast<double>(ppm) / static_cast<double>(kMillion); }

/// What a lot is measured by.
SignalCount expected(SignalSettings const& settings) {
  return {settings.expected_leads, settings.expected_leads * settings.expected_ppm / kMillion};
}

/// Whether the others are enough to be measured by too.
bool counts(SignalCount others, SignalSettings const& settings) {
  return others.leads >= settings.expected_leads;
}

double log_tail(SignalCount lot, SignalCount reference, double odds) {
  SharedEvents const shared({.buyer_leads = lot.leads,
                             .buyer_events = lot.events,
                             .other_leads = reference.leads,
                             .other_events = reference.events});
  auto const logs = shared.log_probabilities(odds);
  auto const tail = std::span{logs}.subspan(static_cast<std::size_t>(lot.events - shared.lowest()));
  auto const highest = *std::ranges::max_element(tail);
  double sum = 0;
  for (auto const log : tail) sum += std::exp(log - highest);
  return std::min(0.0, highest + std::log(sum));
}

std::string_view what(LotSignal signal) {
  switch (signal) {
    case LotSignal::crowded_addresses:
      return "leads share an IP address with more others of the same day than a household has";
    case LotSignal::crowded_devices:
      return "leads share a device with more others of the same day than a person makes";
    case LotSignal::people_known:
      return "leads are people whom the market had from another source lately";
    case LotSignal::filled_too_fast:
      return "forms were sent sooner than they can be read";
    case LotSignal::captured_long_ago:
      return "leads were captured long before they came";
    case LotSignal::many_hops:
      return "leads went through more hands than the market allows";
    case LotSignal::rows_of_other_lot:
      return "rows that were compared stand in an earlier lot under another contact";
    case LotSignal::crowded_contacts:
      return "leads have an e-mail or phone that was posted more often than a person asks";
    case LotSignal::planted_contact:
      break;
  }
  return {};
}

SignalFinding finding_of(LotSignal signal, SignalCount lot, SignalCount others, double log_chance,
                         SignalSettings const& settings) {
  auto const interval = exact_interval(lot.events, lot.leads, settings.confidence_ppm);
  auto const reference = counts(others, settings) ? others : expected(settings);
  auto const rate = [](SignalCount count) {
    return to_ppm(static_cast<double>(count.events) / static_cast<double>(count.leads));
  };
  return {.signal = signal,
          .leads = lot.leads,
          .events = lot.events,
          .rate_ppm = rate(lot),
          .rate_low_ppm = to_ppm(interval.low),
          .rate_high_ppm = to_ppm(interval.high),
          .confidence_ppm = settings.confidence_ppm,
          .reference_ppm = rate(reference),
          .evidence_milli = to_evidence_milli(-log_chance),
          .false_alarms_ppm = settings.false_alarms_ppm};
}

}  // namespace

SignalCount& SignalCount::operator+=(SignalCount const& more) {
  leads += more.leads;
  events += more.events;
  return *this;
}

SignalCount& LotCounts::of(LotSignal signal) { return counts.at(place(signal)); }
SignalCount const& LotCounts::of(LotSignal signal) const { return counts.at(place(signal)); }

bool SignalSettings::valid() const {
  return false_alarms_ppm >= 1 && false_alarms_ppm <= kMillion / 2 && honest_odds_ppm >= kMillion &&
         honest_odds_ppm <= 100 * kMillion && expected_leads >= 1 && expected_leads <= kMillion &&
         expected_ppm >= 0 && expected_ppm <= kMillion && events_min >= 1 && confidence_ppm >= 1 &&
         confidence_ppm < kMillion;
}

double log_probability(SignalCount lot, SignalCount others, SignalSettings const& settings) {
  LEADEX_CHECK(settings.valid() && lot.valid() && others.valid());
  auto const odds = ratio(settings.honest_odds_ppm);
  auto const chance = log_tail(lot, expected(settings), odds);
  return counts(others, settings) ? std::max(chance, log_tail(lot, others, odds)) : chance;
}

std::vector<SignalFinding> judge_lot_signals(LotCounts const& lot, LotCounts const& others,
                                             SignalSettings const& settings) {
  // The margin is far above all rounding.
  auto const limit =
      std::log(ratio(settings.false_alarms_ppm) / static_cast<double>(kLotSignals)) - 1e-6;
  std::vector<SignalFinding> found;
  for (std::size_t i = 0; i < kLotSignals; ++i) {
    auto const& own = lot.counts.at(i);
    if (own.events < settings.events_min) continue;
    auto const chance = log_probability(own, others.counts.at(i), settings);
    if (chance > limit) continue;
    auto const signal = static_cast<LotSignal>(i + 1);
    found.push_back(finding_of(signal, own, others.counts.at(i), chance, settings));
  }
  return found;
}

std::string_view word(LotSignal signal) {
  constexpr std::array<std::string_view, kLotSignals + 1> kWords{
      "crowded_addresses", "crowded_devices",   "people_known",
      "filled_too_fast",   "captured_long_ago", "many_hops",
      "rows_of_other_lot", "crowded_contacts",  "planted_contact"};
  return kWords.at(static_cast<std::size_t>(signal) - 1);
}

std::string statement(SignalFinding const& finding, SignalScope scope) {
  if (finding.signal == LotSignal::planted_contact) {
    return "A contact that the exchange planted elsewhere came from this source; nobody else has "
           "it.";
  }
  std::string_view const whose =
      scope == SignalScope::lot ? "honest lots get" : "an honest source's days of posts get";
  return std::to_string(finding.events) + " of " + std::to_string(finding.leads) + " " +
         std::string{what(finding.signal)} + " (" + percent(finding.rate_ppm) + ", between " +
         percent(finding.rate_low_ppm) + " and " + percent(finding.rate_high_ppm) +
         " with confidence " + percent(finding.confidence_ppm) + "); measured by " +
         percent(finding.reference_ppm) + ". The evidence is one in 10^" +
         std::to_string(finding.evidence_milli / 1000) + "." +
         std::to_string(finding.evidence_milli % 1000 / 100) + "; at most " +
         percent(finding.false_alarms_ppm) + " of " + std::string{whose} +
         " any finding by chance.";
}

}  // namespace leadex::quality
