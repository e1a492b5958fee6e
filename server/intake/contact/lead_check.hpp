#pragma once
// The row check: one raw lead against one market, all faults at once. CSV rows, NDJSON rows and
// posted leads go through this one function, so that they cannot disagree. Pure but for the
// read-only lists it is given; any thread.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "billing/values/money.hpp"
#include "billing/values/result.hpp"
#include "billing/values/time.hpp"
#include "server/intake/contact/disposable_domains.hpp"
#include "server/intake/contact/email.hpp"
#include "server/intake/contact/ip_address.hpp"
#include "server/intake/contact/market_rules.hpp"
#include "server/intake/contact/phone.hpp"
#include "server/intake/contact/raw_lead.hpp"
#include "server/intake/contact/row_fault.hpp"
#include "server/intake/contact/row_warning.hpp"

namespace leadex::intake {

enum class Vehicle : std::uint8_t {
  web_form,
  email,
  phone,
  event,
  referral,
  partner,
  ad,
  direct_mail,
  social,
  other
};
[[nodiscard]] std::string_view to_string(Vehicle vehicle);
[[nodiscard]] std::optional<Vehicle> vehicle_named(std::string_view name);

inline constexpr std::size_t kConsentCompaniesMax = 100;

struct Touchpoint {
  Timestamp at;
  Vehicle vehicle{};
  std::string reason;
};

struct CheckedLead {
  /// Byte-exact as received, for sealing and delivery; "" = not given.
  std::array<std::string, kColumnCount> columns;
  [[nodiscard]] std::string const& at(Column column) const { return columns[index_of(column)]; }
  /// As told, else by the taxonomy.
  [[nodiscard]] std::string const& reason() const;

  std::optional<EmailAddress> email;
  std::optional<Phone> phone;
  std::optional<int> age_years;  // on the day of capture, when a date of birth came
  std::optional<IpAddress> ip;
  std::vector<std::optional<AttributeValue>> attributes;  // in schema order, same size
  Timestamp captured_at;
  Timestamp consent_at;
  std::vector<std::string> consent_companies;
  std::optional<Vehicle> vehicle;  // as told, else by the taxonomy; absent only where not required
  quality::SourceClass source_class;  // by the taxonomy's rules
  int hops{storage::kHopsUntold};
  std::vector<Touchpoint> touchpoints;
  std::optional<Money> ask;
  RowWarnings warnings;               // what looks odd; a lead is taken with any of them
  std::string_view domain_suggested;  // with RowWarning::email_mistyped; static text
};

struct CheckContext {
  MarketRules const& rules;
  DisposableDomains const& disposable;
  Timestamp now;
};

/// @errors  every fault of the row, in column order, then attributes in schema order; never empty.
///          A row that is not text (NUL, not UTF-8) has the one fault malformed_row.
[[nodiscard]] Result<CheckedLead, std::vector<RowFault>> check_lead(RawLead const& raw,
                                                                    CheckContext const& context);

/// What a lead says without its person: vehicle, reason and attributes; all else stays empty and
/// the instant of capture is the context's. @errors  as check_lead
[[nodiscard]] Result<CheckedLead, std::vector<RowFault>> check_ping(RawLead const& raw,
                                                                    CheckContext const& context);

}  // namespace leadex::intake
