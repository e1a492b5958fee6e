#pragma once
// Why a row was refused: a stable code, the place, a sentence. Details are fixed texts, so that no
// value of a lead can get into rejects or logs. Pure; any thread.

#include <cstdint>
#include <string>
#include <string_view>

namespace leadex::intake {

enum class RowCode : std::uint8_t {
  malformed_row,
  missing_field,
  value_too_long,
  attribute_invalid,
  email_invalid,
  email_disposable,
  email_undeliverable,
  phone_invalid,
  phone_premium_rate,
  name_invalid,
  postal_code_invalid,
  country_mismatch,
  date_of_birth_invalid,
  underage,
  timestamp_invalid,
  ip_invalid,
  url_invalid,
  consent_missing,
  consent_expired,
  consent_in_future,
  vehicle_invalid,
  ask_invalid,
  source_invalid,
  source_names_contact,
  not_refused_before,  // a correction of what needs none
  do_not_call,
  do_not_call_stale
};

/// The code as the API shows it.
[[nodiscard]] std::string_view to_string(RowCode code);

struct RowFault {
  RowCode code{};
  std::string pointer;      // JSON pointer into the Lead; "" for the whole row
  std::string_view detail;  // static text
  friend bool operator==(RowFault const&, RowFault const&) = default;
};

}  // namespace leadex::intake
