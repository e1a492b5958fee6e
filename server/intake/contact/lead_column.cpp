#include "server/intake/contact/lead_column.hpp"

#include <array>

namespace leadex::intake {
namespace {

struct ColumnFacts {
  std::string_view name;
  std::string_view pointer;
  std::size_t octets_max;
};

constexpr std::array<ColumnFacts, kColumnCount> kFacts{{
    {"external_id", "/external_id", 128},
    {"first_name", "/contact/first_name", 400},
    {"last_name", "/contact/last_name", 400},
    {"email", "/contact/email", 1024},
    {"phone", "/contact/phone", 64},
    {"address", "/contact/address", 512},
    {"city", "/contact/city", 256},
    {"region", "/contact/region", 256},
    {"postal_code", "/contact/postal_code", 32},
    {"contact_country", "/contact/country", 32},
    {"date_of_birth", "/contact/date_of_birth", 32},
    {"captured_at", "/captured_at", 64},
    {"ip_address", "/ip_address", 64},
    {"user_agent", "/user_agent", 1024},
    {"landing_page_url", "/landing_page_url", 2048},
    {"referrer_url", "/referrer_url", 2048},
    {"consent_at", "/consent/at", 64},
    {"consent_text", "/consent/text", 16'384},
    {"trustedform_cert_url", "/consent/trustedform_cert_url", 2048},
    {"jornaya_leadid", "/consent/jornaya_leadid", 64},
    {"vehicle", "/source/vehicle", 32},
    {"source_reason", "/source/reason", 128},
    {"utm_source", "/source/utm_source", 256},
    {"utm_medium", "/source/utm_medium", 256},
    {"utm_campaign", "/source/utm_campaign", 256},
    {"sub1", "/source/sub1", 256},
    {"sub2", "/source/sub2", 256},
    {"sub3", "/source/sub3", 256},
    {"sub4", "/source/sub4", 256},
    {"sub5", "/source/sub5", 256},
    {"hops", "/source/hops", 8},
    {"ask", "/ask", 32},
}};
static_assert(index_of(Column::ask) + 1 == kColumnCount);

}  // namespace

std::string_view name_of(Column column) { return kFacts[index_of(column)].name; }
std::string_view pointer_of(Column column) { return kFacts[index_of(column)].pointer; }
std::size_t octets_max(Column column) { return kFacts[index_of(column)].octets_max; }

std::optional<Column> column_named(std::string_view name) {
  for (std::size_t i = 0; i < kColumnCount; ++i) {
    if (kFacts[i].name == name) return static_cast<Column>(i);
  }
  return std::nullopt;
}

}  // namespace leadex::intake
