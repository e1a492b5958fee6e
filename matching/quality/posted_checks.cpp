#include "matching/quality/posted_checks.hpp"

#include "billing/values/check.hpp"
#include "matching/quality/evidence.hpp"

namespace leadex::quality {

bool surely_worse(JudgedLeads const& leads, BasisPoints acceptable) {
  LEADEX_CHECK(0 <= leads.bad && leads.bad <= leads.judged);
  if (leads.judged < kPostedChecksMin || leads.bad == 0) return false;
  constexpr double kOfBasisPoints = 10'000.0;
  auto const interval = interval_at_any_time(leads.bad, leads.judged, kPostedConfidencePpm);
  return interval.low > static_cast<double>(acceptable.bp) / kOfBasisPoints;
}

}  // namespace leadex::quality
