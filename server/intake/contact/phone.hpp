#pragma once
// Telephone numbers, judged by libphonenumber. Plain North American spellings are answered by an
// automaton made from that library's own patterns (see phone_plan.hpp), about a hundred times
// faster and without its lock; all else goes to the library. Intake only; any thread.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "billing/values/result.hpp"

namespace leadex::intake {

inline constexpr std::size_t kPhoneOctetsMax = 64;

enum class PhoneType : std::uint8_t {
  fixed_line,
  mobile,
  fixed_line_or_mobile,
  toll_free,
  premium_rate,
  shared_cost,
  voip,
  personal_number,
  pager,
  uan,
  voicemail,
  unknown
};

struct Phone {
  std::string e164;    // with +; an extension is no part of it
  std::string region;  // ISO 3166-1 alpha-2; "001" for numbers of no country
  PhoneType type = PhoneType::unknown;
  friend bool operator==(Phone const&, Phone const&) = default;
};

enum class PhoneFault : std::uint8_t {
  empty,
  too_long,      // more than kPhoneOctetsMax octets
  not_text,      // not UTF-8, or a control character
  not_a_number,  // the library cannot read it
  not_valid      // a number, but in no plan: wrong length or range
};

/// @param default_region  ISO 3166-1 alpha-2, upper case: whose national spelling counts without +.
[[nodiscard]] Result<Phone, PhoneFault> parse_phone(std::string_view text,
                                                    std::string_view default_region);

/// The same answer from the library alone: what the automaton is checked against.
[[nodiscard]] Result<Phone, PhoneFault> parse_phone_by_library(std::string_view text,
                                                               std::string_view default_region);

/// Whether a person of that country has such a number at home: territories under the country's own
/// plan count, as Puerto Rico does for the United States. @param country  ISO 3166-1 alpha-2.
[[nodiscard]] bool is_at_home(Phone const& phone, std::string_view country);

}  // namespace leadex::intake
