#pragma once
// Dates of birth (YYYY-MM-DD) and the age on a given day. Intake only; pure, any thread.

#include <chrono>
#include <cstdint>
#include <string_view>

#include "billing/values/result.hpp"
#include "billing/values/time.hpp"

namespace leadex::intake {

inline constexpr int kAgeYearsMax = 120;

enum class BirthDateFault : std::uint8_t { not_a_day, in_future, too_old };

/// Full years between the two days. Who is born on 29 February turns older on 1 March in common
/// years: the later of the two readings, since it decides who is of age.
[[nodiscard]] int age_on(std::chrono::year_month_day birth, std::chrono::year_month_day day);

/// Age in full years at `at`, counted in UTC days; spaces and tabs around the date are ignored.
[[nodiscard]] Result<int, BirthDateFault> age_at(std::string_view date_of_birth, Timestamp at);

}  // namespace leadex::intake
