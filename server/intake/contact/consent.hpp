#pragma once
// The consent of a lead: when it was given and the text as shown. Whether it is there, still young
// enough and not from the future. Intake only; pure, any thread: the clock comes in as an argument.

#include <chrono>
#include <cstdint>
#include <optional>

#include "billing/values/time.hpp"

namespace leadex::intake {

struct ConsentRules {
  std::chrono::seconds age_max = std::chrono::days{90};
  std::chrono::seconds clock_skew = std::chrono::minutes{5};  // of the generator's clock
  // A confirmation mail may be answered after the form was sent; later than this it belongs to
  // another capture.
  std::chrono::seconds after_capture_max = std::chrono::hours{24};
};

enum class ConsentFault : std::uint8_t { missing, expired, in_future };

/// @param consent_at   nullopt when the lead brings none.
/// @param captured_at  nullopt when unknown; then only `now` bounds the instant.
[[nodiscard]] std::optional<ConsentFault> find_consent_fault(std::optional<Timestamp> consent_at,
                                                             bool has_text,
                                                             std::optional<Timestamp> captured_at,
                                                             Timestamp now,
                                                             ConsentRules const& rules);

}  // namespace leadex::intake
