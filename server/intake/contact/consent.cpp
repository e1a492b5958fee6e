#include "server/intake/contact/consent.hpp"

namespace leadex::intake {

std::optional<ConsentFault> find_consent_fault(std::optional<Timestamp> consent_at, bool has_text,
                                               std::optional<Timestamp> captured_at, Timestamp now,
                                               ConsentRules const& rules) {
  if (!consent_at || !has_text) return ConsentFault::missing;
  if (*consent_at > now + rules.clock_skew) return ConsentFault::in_future;
  if (captured_at && *consent_at > *captured_at + rules.after_capture_max) {
    return ConsentFault::in_future;
  }
  if (now - *consent_at > rules.age_max) return ConsentFault::expired;
  return std::nullopt;
}

}  // namespace leadex::intake
