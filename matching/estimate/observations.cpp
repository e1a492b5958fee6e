#include "matching/estimate/observations.hpp"

#include <algorithm>
#include <map>
#include <numeric>

namespace leadex::estimate {
namespace {

bool sound(Cohort const& cohort, std::int32_t as_of, std::int64_t buckets) {
  if (cohort.leads < 0 || cohort.leads > kLeadsMax) return false;
  if (cohort.returned < 0 || cohort.returned > cohort.leads) return false;
  auto const known = std::min(buckets, age_days(cohort, as_of));
  if (known < 1 || static_cast<std::int64_t>(cohort.converted.size()) > known) return false;
  std::int64_t converted = 0;
  for (auto const count : cohort.converted) {
    if (count < 0 || count > cohort.kept() - converted) return false;
    converted += count;
  }
  return true;
}

}  // namespace

std::int64_t Cohort::converted_in_all() const {
  return std::accumulate(converted.begin(), converted.end(), std::int64_t{0});
}

Result<void, EstimateError> validate(Snapshot const& snapshot, std::int64_t buckets) {
  for (auto const& cohort : snapshot.cohorts) {
    if (!sound(cohort, snapshot.as_of, buckets)) return refuse(EstimateError::cohort_invalid);
  }
  std::int64_t leads = 0;
  for (auto const& cohort : snapshot.cohorts) {
    leads += cohort.leads;
    if (leads > kLeadsMax) return refuse(EstimateError::too_many_leads);
  }
  std::map<std::int64_t, std::int64_t> buyer_of;
  for (auto const& cohort : snapshot.cohorts) {
    auto const [known, fresh] = buyer_of.emplace(cohort.campaign_no, cohort.buyer_no);
    if (known->second != cohort.buyer_no) return refuse(EstimateError::campaign_of_two_buyers);
  }
  return {};
}

}  // namespace leadex::estimate
