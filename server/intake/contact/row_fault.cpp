#include "server/intake/contact/row_fault.hpp"

namespace leadex::intake {

std::string_view to_string(RowCode code) {
  switch (code) {
    case RowCode::malformed_row:
      return "malformed_row";
    case RowCode::missing_field:
      return "missing_field";
    case RowCode::value_too_long:
      return "value_too_long";
    case RowCode::attribute_invalid:
      return "attribute_invalid";
    case RowCode::email_invalid:
      return "email_invalid";
    case RowCode::email_disposable:
      return "email_disposable";
    case RowCode::email_undeliverable:
      return "email_undeliverable";
    case RowCode::phone_invalid:
      return "phone_invalid";
    case RowCode::phone_premium_rate:
      return "phone_premium_rate";
    case RowCode::name_invalid:
      return "name_invalid";
    case RowCode::postal_code_invalid:
      return "postal_code_invalid";
    case RowCode::country_mismatch:
      return "country_mismatch";
    case RowCode::date_of_birth_invalid:
      return "date_of_birth_invalid";
    case RowCode::underage:
      return "underage";
    case RowCode::timestamp_invalid:
      return "timestamp_invalid";
    case RowCode::ip_invalid:
      return "ip_invalid";
    case RowCode::url_invalid:
      return "url_invalid";
    case RowCode::consent_missing:
      return "consent_missing";
    case RowCode::consent_expired:
      return "consent_expired";
    case RowCode::consent_in_future:
      return "consent_in_future";
    case RowCode::vehicle_invalid:
      return "vehicle_invalid";
    case RowCode::ask_invalid:
      return "ask_invalid";
    case RowCode::source_invalid:
      return "source_invalid";
    case RowCode::not_refused_before:
      return "not_refused_before";
    case RowCode::source_names_contact:
      return "source_names_contact";
    case RowCode::do_not_call:
      return "do_not_call";
    case RowCode::do_not_call_stale:
      return "do_not_call_stale";
  }
  return "malformed_row";
}

}  // namespace leadex::intake
