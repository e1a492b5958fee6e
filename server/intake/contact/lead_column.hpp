#pragma once
// The columns of a lead in their fixed order, with their CSV names and their places (JSON pointers)
// in a Lead document. Readers map names to columns, faults are listed in this order. Pure; any
// thread.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace leadex::intake {

enum class Column : std::uint8_t {
  external_id,
  first_name,
  last_name,
  email,
  phone,
  address,
  city,
  region,
  postal_code,
  contact_country,
  date_of_birth,
  captured_at,
  ip_address,
  user_agent,
  landing_page_url,
  referrer_url,
  consent_at,
  consent_text,
  trustedform_cert_url,
  jornaya_leadid,
  vehicle,
  source_reason,
  utm_source,
  utm_medium,
  utm_campaign,
  sub1,
  sub2,
  sub3,
  sub4,
  sub5,
  hops,
  ask
};
inline constexpr std::size_t kColumnCount = 32;

constexpr std::size_t index_of(Column column) { return static_cast<std::size_t>(column); }

/// As in a CSV header.
[[nodiscard]] std::string_view name_of(Column column);

/// As in a Lead, e.g. "/contact/first_name"; rejects of CSV rows use the same words.
[[nodiscard]] std::string_view pointer_of(Column column);

/// Limit of the value in octets.
[[nodiscard]] std::size_t octets_max(Column column);

[[nodiscard]] std::optional<Column> column_named(std::string_view name);

}  // namespace leadex::intake
