#include "matching/quality/shared_events.hpp"

#include <algorithm>
#include <cmath>

#include "billing/values/check.hpp"

namespace leadex::quality {
namespace {

double log_sum(std::vector<double> const& logs) {
  auto const highest = *std::ranges::max_element(logs);
  double sum = 0;
  for (auto const log : logs) sum += std::exp(log - highest);
  return highest + std::log(sum);
}
double real(std::int64_t count) { return static_cast<double>(count); }

}  // namespace

bool Compared::valid() const {
  return buyer_events >= 0 && buyer_events <= buyer_leads && other_events >= 0 &&
         other_events <= other_leads;
}

SharedEvents::SharedEvents(Compared const& compared) {
  LEADEX_CHECK(compared.valid());
  auto const events = compared.buyer_events + compared.other_events;
  lowest_ = std::max<std::int64_t>(0, events - compared.other_leads);
  auto const highest = std::min(compared.buyer_leads, events);
  seen_ = compared.buyer_events - lowest_;
  log_equal_.reserve(static_cast<std::size_t>(highest - lowest_ + 1));
  log_equal_.push_back(0);
  for (auto k = lowest_; k < highest; ++k) {
    log_equal_.push_back(log_equal_.back() +
                         std::log(real(compared.buyer_leads - k) * real(events - k)) -
                         std::log(real(k + 1) * real(compared.other_leads - events + k + 1)));
  }
  auto const total = log_sum(log_equal_);
  for (auto& log : log_equal_) log -= total;
}

double SharedEvents::log_mean(double odds) const {
  auto tilted = log_equal_;
  auto const step = std::log(odds);
  for (std::size_t i = 0; i < tilted.size(); ++i) tilted[i] += static_cast<double>(i) * step;
  return log_sum(tilted);
}

std::vector<double> SharedEvents::log_probabilities(double odds) const {
  auto logs = log_equal_;
  auto const step = std::log(odds);
  auto const mean = log_mean(odds);
  for (std::size_t i = 0; i < logs.size(); ++i) logs[i] += static_cast<double>(i) * step - mean;
  return logs;
}

double SharedEvents::log_ratio(double odds, double odds_honest) const {
  if (log_equal_.size() == 1) return 0;  // nothing could have come out otherwise
  return real(seen_) * (std::log(odds) - std::log(odds_honest)) + log_mean(odds_honest) -
         log_mean(odds);
}

}  // namespace leadex::quality
