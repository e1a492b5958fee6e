#include "server/intake/contact/birth_date.hpp"

#include "server/intake/contact/text.hpp"
#include "server/json/time_text.hpp"

namespace leadex::intake {
int age_on(std::chrono::year_month_day birth, std::chrono::year_month_day day) {
  int const years = static_cast<int>(day.year()) - static_cast<int>(birth.year());
  bool const before_birthday =
      day.month() < birth.month() || (day.month() == birth.month() && day.day() < birth.day());
  return before_birthday ? years - 1 : years;
}

Result<int, BirthDateFault> age_at(std::string_view date_of_birth, Timestamp at) {
  auto const birth = json::parse_date(trim(date_of_birth));
  if (!birth) return refuse(BirthDateFault::not_a_day);
  auto const today = std::chrono::floor<std::chrono::days>(at);
  if (std::chrono::sys_days{*birth} > today) return refuse(BirthDateFault::in_future);
  int const age = age_on(*birth, std::chrono::year_month_day{today});
  if (age > kAgeYearsMax) return refuse(BirthDateFault::too_old);
  return age;
}

}  // namespace leadex::intake
