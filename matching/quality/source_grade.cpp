#include "matching/quality/source_grade.hpp"

#include "billing/values/check.hpp"
#include "matching/quality/evidence.hpp"

namespace leadex::quality {

SourceGrade grade_of(JudgedLeads const& leads, SpotCheckSettings const& settings) {
  constexpr std::int64_t kConfidencePpm = 950'000;
  constexpr std::int64_t kPpmOfBasisPoint = 100;
  LEADEX_CHECK(0 <= leads.bad && leads.bad <= leads.judged);
  SourceGrade result{.bad_ppm = 0, .low_ppm = 0, .high_ppm = kMillion, .grade = std::nullopt};
  if (leads.judged == 0) return result;
  auto const interval = exact_interval(leads.bad, leads.judged, kConfidencePpm);
  result.bad_ppm = to_ppm(static_cast<double>(leads.bad) / static_cast<double>(leads.judged));
  result.low_ppm = to_ppm(interval.low);
  result.high_ppm = to_ppm(interval.high);
  auto const acceptable = settings.acceptable_rate.bp * kPpmOfBasisPoint;
  auto const rejectable = settings.rejectable_rate.bp * kPpmOfBasisPoint;
  if (result.high_ppm <= acceptable) {
    result.grade = 1;
  } else if (result.high_ppm <= 2 * acceptable && result.high_ppm < rejectable) {
    result.grade = 2;
  } else if (result.high_ppm < rejectable) {
    result.grade = 3;
  } else {
    result.grade = result.low_ppm < rejectable ? 4 : 5;
  }
  return result;
}

}  // namespace leadex::quality
