#include "matching/estimate/delay_curve.hpp"

#include <algorithm>

#include "billing/values/check.hpp"
#include "matching/estimate/parts.hpp"

namespace leadex::estimate {

bool DelaySettings::valid() const {
  return buckets >= 1 && buckets <= kBucketsMax && strength >= 1 && strength <= 1'000'000;
}

DelayCurve::DelayCurve(std::int64_t buckets) : known_(static_cast<std::size_t>(buckets), kWhole) {}

DelayCurve DelayCurve::measure(Snapshot const& snapshot, DelaySettings const& settings) {
  LEADEX_CHECK(settings.valid());
  auto const buckets = static_cast<std::size_t>(settings.buckets);
  std::vector<std::int64_t> in_bucket(buckets);
  std::vector<std::int64_t> up_to_bucket(buckets);  // of cohorts that know the bucket
  for (auto const& cohort : snapshot.cohorts) {
    auto const age = age_days(cohort, snapshot.as_of);
    LEADEX_CHECK(age >= 1);
    auto const known = std::min(buckets, static_cast<std::size_t>(age));
    std::int64_t so_far = 0;
    for (std::size_t d = 0; d < known; ++d) {
      auto const count = d < cohort.converted.size() ? cohort.converted[d] : 0;
      so_far += count;
      in_bucket[d] += count;
      up_to_bucket[d] += so_far;
    }
  }
  DelayCurve curve(settings.buckets);
  std::int64_t known = kWhole;
  for (auto d = buckets; d-- > 0;) {
    auto const all = Wide{up_to_bucket[d]} + settings.strength;
    known = static_cast<std::int64_t>((known * (all - in_bucket[d]) + all - 1) / all);
    curve.known_[d] = known;
  }
  return curve;
}

std::int64_t DelayCurve::known_ppb(std::int64_t age) const {
  LEADEX_CHECK(age >= 0);
  return age < buckets() ? known_[static_cast<std::size_t>(age)] : kWhole;
}

}  // namespace leadex::estimate
