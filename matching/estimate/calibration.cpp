#include "matching/estimate/calibration.hpp"

#include <algorithm>
#include <map>

namespace leadex::estimate {
namespace {

struct Sum {
  std::int64_t leads{};
  std::int64_t exposure_ppb{};
  std::int64_t observed{};
};

/// Adds up before it rounds.
class Row {
 public:
  void add(Probability predicted, Sum const& sum) {
    if (row_.leads == 0) row_.lowest = predicted;
    row_.highest = predicted;
    row_.leads += sum.leads;
    row_.observed += sum.observed;
    expected_ += Wide{predicted.ppb} * sum.exposure_ppb;
  }
  [[nodiscard]] CalibrationRow closed() const {
    auto row = row_;
    row.expected_milli = static_cast<std::int64_t>(expected_ / (kWhole * (kWhole / 1000)));
    return row;
  }

 private:
  CalibrationRow row_;
  Wide expected_{};  // 1e-18 conversions
};

}  // namespace

std::optional<std::int64_t> CalibrationRow::ratio_ppm() const {
  if (observed == 0) return std::nullopt;
  return static_cast<std::int64_t>(Wide{expected_milli} * 1000 / observed);
}

Result<CalibrationReport, EstimateError> calibrate(std::vector<Predicted> const& predictions,
                                                   std::int32_t as_of, DelayCurve const& curve) {
  Snapshot snapshot{as_of, {}};
  for (auto const& [billable, cohort] : predictions) {
    if (billable.ppb < 0 || billable.ppb > kWhole) return refuse(EstimateError::cohort_invalid);
    snapshot.cohorts.push_back(cohort);
  }
  if (auto const sound = validate(snapshot, curve.buckets()); !sound) return refuse(sound.error());

  std::map<Probability, Sum> by_estimate;
  std::int64_t total = 0;
  for (auto const& [billable, cohort] : predictions) {
    if (cohort.kept() == 0) continue;
    auto& sum = by_estimate[billable];
    sum.leads += cohort.kept();
    sum.exposure_ppb += cohort.kept() * curve.known_ppb(age_days(cohort, as_of));
    sum.observed += cohort.converted_in_all();
    total += cohort.kept();
  }
  Row all;
  std::array<Row, 10> tenths;
  std::int64_t before = 0;
  for (auto const& [billable, sum] : by_estimate) {
    auto const tenth = 10 * (before + (sum.leads - 1) / 2) / total;  // where the middle lead lies
    all.add(billable, sum);
    tenths[static_cast<std::size_t>(tenth)].add(billable, sum);
    before += sum.leads;
  }
  CalibrationReport report{all.closed(), {}};
  std::ranges::transform(tenths, report.tenths.begin(), &Row::closed);
  return report;
}

}  // namespace leadex::estimate
