#include "server/app/refresh_estimates.hpp"

#include <algorithm>

#include "server/observe/log.hpp"

namespace leadex::app {

namespace asio = boost::asio;

namespace {

constexpr std::int64_t kDayUs = 86'400'000'000;
constexpr std::int64_t kSecondUs = 1'000'000;
constexpr std::int32_t kHistoryDays = 180;
constexpr auto kStepDeadline = std::chrono::seconds{10};

std::int64_t days_of(std::int64_t us) {
  return std::clamp<std::int64_t>((us + kDayUs - 1) / kDayUs + 1, 1, estimate::kBucketsMax);
}

estimate::EstimateSettings settings_of(market::MarketRules const& rules) {
  estimate::EstimateSettings settings;
  // A conversion may be told of for as long after the window as a review lasts.
  settings.delay.buckets = std::min(
      estimate::buckets_of(rules.cpa_window_us / kSecondUs, rules.cpa_review_us / kSecondUs),
      estimate::kBucketsMax);
  settings.return_days = days_of(rules.return_window_us + rules.contest_us + rules.decide_us);
  return settings;
}

storage::CountedDays days_until(Timestamp now, estimate::EstimateSettings const& settings) {
  auto const as_of = static_cast<std::int32_t>(to_unix_micros(now) / kDayUs);
  return {as_of - kHistoryDays, as_of, settings.delay.buckets};
}

/// Conversions of leads that were sold for one, and of visits by themselves; returns of all leads.
Result<estimate::EstimateVersion, estimate::EstimateError> make_version(
    estimate::VersionName const& name, std::vector<storage::SoldCounts> const& counts,
    std::int32_t as_of, estimate::EstimateSettings const& settings) {
  estimate::Snapshot acquisitions{as_of, {}};
  estimate::Snapshot visits{as_of, {}};
  estimate::Snapshot leads{as_of, {}};
  for (auto const& sold : counts) {
    auto& of_its_kind = sold.visits ? visits : acquisitions;
    if (sold.per_acquisition) of_its_kind.cohorts.push_back(sold.cohort);
    if (!sold.visits) leads.cohorts.push_back(sold.cohort);
  }
  auto version = estimate::make_estimates(name, acquisitions, settings);
  auto const of_visits = estimate::make_estimates(name, visits, settings);
  auto const returns = estimate::make_estimates(name, leads, settings);
  if (!version) return version;
  if (!of_visits) return of_visits;
  if (!returns) return returns;
  version->visits = of_visits->conversions;
  version->returns = returns->returns;
  return version;
}

asio::awaitable<bool> refresh_one(EstimateServices services,
                                  std::shared_ptr<market::MarketActor> actor) {
  auto const market = actor->settings();
  if (market == nullptr) co_return false;
  auto const settings = settings_of(market->rules);
  auto const now = services.now();
  auto const days = days_until(now, settings);
  auto const counts = co_await services.conversions.sold_counts(actor->market_no(), days);
  auto const before = co_await services.conversions.estimates(actor->market_no(), 1);
  if (!counts || !before || counts->empty()) co_return false;
  auto const last = before->empty() ? 0 : before->back().version;
  auto version = make_version({last + 1, to_unix_micros(now)}, *counts, days.as_of, settings);
  if (!version) {
    log::error("estimates.not_made", "the counts of a market make no estimates")
        .field("market", std::string_view{actor->name()})
        .field("error", static_cast<std::int64_t>(version.error()));
    co_return false;
  }
  market::Submission submission;
  submission.command = market::SetEstimates{std::move(*version)};
  submission.lane = market::Lane::bulk;
  submission.deadline = std::chrono::steady_clock::now() + kStepDeadline;
  auto const answer = co_await actor->submit(std::move(submission));
  // Refused: another node's round was first, with the same counts.
  co_return answer && answer->outcome.refusal == market::Refusal::none;
}

}  // namespace

asio::awaitable<std::int64_t> refresh_estimates(EstimateServices services) {
  std::int64_t made = 0;
  for (auto const& actor : services.markets.all()) {
    if (!actor->ready()) continue;
    bool const done = co_await refresh_one(services, actor);
    if (done) ++made;
  }
  co_return made;
}

asio::awaitable<Result<EstimateReport, storage::StoreError>> report_estimates(
    EstimateServices services, std::shared_ptr<market::MarketActor> market) {
  auto const settings = settings_of(market->settings()->rules);
  auto const days = days_until(services.now(), settings);
  auto const counts = co_await services.conversions.sold_counts(market->market_no(), days);
  if (!counts) co_return refuse(counts.error());
  auto const versions = co_await services.conversions.estimates(market->market_no(), kHistoryDays);
  if (!versions) co_return refuse(versions.error());
  auto const first = market::without_history();
  std::vector<estimate::Predicted> predictions;
  estimate::Snapshot snapshot{days.as_of, {}};
  for (auto const& sold : *counts) {
    if (!sold.per_acquisition || sold.visits) continue;
    auto const& cohort = sold.cohort;
    auto const* foretold = &first;
    for (auto const& version : *versions) {
      if (version.as_of <= cohort.day) foretold = &version;
    }
    predictions.push_back(
        {foretold->billable({cohort.campaign_no, cohort.buyer_no, cohort.generator_no}), cohort});
    snapshot.cohorts.push_back(cohort);
  }
  EstimateReport report{versions->empty() ? first : versions->back(), {}};
  auto const curve = estimate::DelayCurve::measure(snapshot, settings.delay);
  auto calibration = estimate::calibrate(predictions, days.as_of, curve);
  if (calibration) report.calibration = *calibration;
  co_return report;
}

}  // namespace leadex::app
