#include "matching/estimate/estimate_version.hpp"

namespace leadex::estimate {
namespace {

std::vector<Trial> conversion_trials(Snapshot const& snapshot, DelayCurve const& curve) {
  std::vector<Trial> trials;
  trials.reserve(snapshot.cohorts.size());
  for (auto const& cohort : snapshot.cohorts) {
    auto const known_ppb = curve.known_ppb(age_days(cohort, snapshot.as_of));
    trials.push_back({cohort.buyer_no, cohort.campaign_no, cohort.generator_no,
                      cohort.kept() * known_ppb, cohort.converted_in_all()});
  }
  return trials;
}

std::vector<Trial> return_trials(Snapshot const& snapshot, std::int64_t return_days) {
  std::vector<Trial> trials;
  for (auto const& cohort : snapshot.cohorts) {
    if (age_days(cohort, snapshot.as_of) < return_days) continue;
    trials.push_back({cohort.buyer_no, cohort.campaign_no, cohort.generator_no,
                      cohort.leads * kWhole, cohort.returned});
  }
  return trials;
}

}  // namespace

bool EstimateSettings::valid() const {
  return delay.valid() && conversions.valid() && returns.valid() && return_days >= 1 &&
         return_days <= kBucketsMax;
}

bool EstimateVersion::valid() const {
  return version >= 0 && conversions.valid() && returns.valid() && visits.valid();
}

Result<EstimateVersion, EstimateError> make_estimates(VersionName const& name,
                                                      Snapshot const& snapshot,
                                                      EstimateSettings const& settings) {
  if (!settings.valid()) return refuse(EstimateError::settings_invalid);
  if (auto const sound = validate(snapshot, settings.delay.buckets); !sound) {
    return refuse(sound.error());
  }
  auto const curve = DelayCurve::measure(snapshot, settings.delay);
  return EstimateVersion{
      name.version, name.made_at_us, snapshot.as_of,
      make_rates(conversion_trials(snapshot, curve), settings.conversions),
      make_rates(return_trials(snapshot, settings.return_days), settings.returns)};
}

}  // namespace leadex::estimate
