#include "server/intake/contact/lead_check.hpp"
#include "server/intake/contact/company_name.hpp"

#include <algorithm>
#include <utility>

#include "server/intake/contact/attribute_check.hpp"
#include "server/intake/contact/birth_date.hpp"
#include "server/intake/contact/certificate.hpp"
#include "server/intake/contact/landing_page.hpp"
#include "server/intake/contact/mail_typo.hpp"
#include "server/intake/contact/person_name.hpp"
#include "server/intake/contact/postal.hpp"
#include "server/intake/contact/postal_region.hpp"
#include "server/intake/contact/source_check.hpp"
#include "server/intake/contact/text.hpp"
#include "server/json/money_text.hpp"
#include "server/json/time_text.hpp"

namespace leadex::intake {
namespace {

using Faults = std::vector<RowFault>;

// In the order of the enum.
constexpr std::array<std::string_view, 10> kVehicles{"web_form", "email",   "phone", "event",
                                                     "referral", "partner", "ad",    "direct_mail",
                                                     "social",   "other"};
static_assert(static_cast<std::size_t>(Vehicle::other) + 1 == kVehicles.size());

// No lead is older than the trade itself; an earlier instant is a broken clock or a zero.
constexpr Timestamp kCapturedMin = std::chrono::sys_days{std::chrono::year{2000} / 1 / 1};

constexpr int kAgeYearsLikely = 99;  // mostly a form's default year when it is above

// What a type says about a number that is in a plan; premium rate numbers are refused before.
std::optional<RowWarning> warning_of(PhoneType type) {
  switch (type) {
    case PhoneType::toll_free:
      return RowWarning::phone_toll_free;
    case PhoneType::voip:
      return RowWarning::phone_voip;
    case PhoneType::shared_cost:
      return RowWarning::phone_shared_cost;
    case PhoneType::personal_number:
    case PhoneType::pager:
    case PhoneType::uan:
    case PhoneType::voicemail:
      return RowWarning::phone_not_personal;
    default:
      return std::nullopt;
  }
}

// Walks the columns in their order; each step adds its faults behind those before.
class RowCheck {
 public:
  RowCheck(RawLead const& raw, CheckContext const& context)
      : raw_{raw}, rules_{context.rules}, disposable_{context.disposable}, now_{context.now} {}

  Result<CheckedLead, Faults> run() {
    if (!is_text()) {
      fail(RowCode::malformed_row, "", "The row is not UTF-8 text without NUL.");
      return refuse(std::move(faults_));
    }
    read_instants();
    classify();
    for (std::size_t i = 0; i < kColumnCount; ++i) check_column(static_cast<Column>(i));
    check_touchpoints();
    check_attributes();
    if (!faults_.empty()) return refuse(std::move(faults_));
    for (std::size_t i = 0; i < kColumnCount; ++i) {
      if (raw_.columns[i]) lead_.columns[i] = *raw_.columns[i];
    }
    return std::move(lead_);
  }

  Result<CheckedLead, Faults> run_ping() {
    if (!is_text()) {
      fail(RowCode::malformed_row, "", "The row is not UTF-8 text without NUL.");
      return refuse(std::move(faults_));
    }
    classify();
    for (auto const column : {Column::vehicle, Column::source_reason}) {
      check_column(column);
      if (auto const& value = raw_.at(column)) lead_.columns[index_of(column)] = *value;
    }
    check_attributes();
    check_companies();
    if (!faults_.empty()) return refuse(std::move(faults_));
    lead_.captured_at = now_;
    return std::move(lead_);
  }

 private:
  void fail(RowCode code, std::string_view pointer, std::string_view detail) {
    faults_.push_back({code, std::string{pointer}, detail});
  }
  void fail(RowCode code, Column column, std::string_view detail) {
    fail(code, pointer_of(column), detail);
  }

  void warn(RowWarning warning) { lead_.warnings.add(warning); }

  // Blank cells count as not given.
  [[nodiscard]] std::optional<std::string_view> given(Column column) const {
    auto const& value = raw_.at(column);
    if (!value || trim(*value).empty()) return std::nullopt;
    return *value;
  }

  [[nodiscard]] bool is_text() const {
    auto const good = [](std::string_view text) { return is_utf8(text) && !has_nul(text); };
    for (auto const& value : raw_.columns) {
      if (value && !good(*value)) return false;
    }
    for (auto const& value : raw_.attributes) {
      if (!value) continue;
      auto const* cell = std::get_if<CellText>(&*value);
      auto const* json = std::get_if<JsonText>(&*value);
      if ((cell && !good(cell->text)) || (json && !good(json->text))) return false;
    }
    return std::all_of(raw_.consent_companies.begin(), raw_.consent_companies.end(), good) &&
           std::all_of(raw_.touchpoints.begin(), raw_.touchpoints.end(),
                       [&](RawTouchpoint const& point) { return good(point.reason); });
  }

  static std::optional<Timestamp> read_instant(std::optional<std::string_view> text) {
    if (!text) return std::nullopt;
    auto const at = json::parse_timestamp(trim(*text));
    return at ? std::optional{*at} : std::nullopt;
  }

  // The consent's and the birth date's checks need the instants before their columns are reached.
  void read_instants() {
    captured_at_ = read_instant(given(Column::captured_at));
    consent_at_ = read_instant(given(Column::consent_at));
    if (captured_at_ &&
        (*captured_at_ < kCapturedMin || *captured_at_ > now_ + rules_.consent.clock_skew)) {
      captured_at_.reset();
    }
  }

  void check_column(Column column) {
    auto const value = given(column);
    if (value && value->size() > octets_max(column)) {
      fail(RowCode::value_too_long, column, "The value is longer than this field allows.");
      return;
    }
    switch (column) {
      case Column::first_name:
      case Column::last_name:
        return check_name(column, value);
      case Column::email:
        return check_email(value);
      case Column::phone:
        return check_phone(value);
      case Column::postal_code:
        return check_postal_code(value);
      case Column::contact_country:
        return check_country(value);
      case Column::date_of_birth:
        return check_date_of_birth(value);
      case Column::captured_at:
        return check_captured_at(value);
      case Column::ip_address:
        return check_ip(value);
      case Column::user_agent:
        if (value && has_control(*value)) warn(RowWarning::user_agent_malformed);
        return;
      case Column::landing_page_url:
      case Column::referrer_url:
        return check_url(column, value);
      case Column::trustedform_cert_url:
        if (value && !is_trustedform_url(*value)) {
          fail(RowCode::url_invalid, column, "This is no https URL of a TrustedForm certificate.");
        }
        return;
      case Column::jornaya_leadid:
        if (value && !is_jornaya_leadid(*value)) {
          fail(RowCode::attribute_invalid, column, "A LeadiD is letters, digits and hyphens.");
        }
        return;
      case Column::consent_at:
        return check_consent(value);
      case Column::consent_text:
        return check_companies();
      case Column::vehicle:
        return check_vehicle(value);
      case Column::source_reason:
        return check_reason(value);
      case Column::utm_source:
      case Column::utm_medium:
      case Column::utm_campaign:
      case Column::sub1:
      case Column::sub2:
      case Column::sub3:
      case Column::sub4:
      case Column::sub5:
        return check_tag(column, value);
      case Column::hops:
        return check_hops(value);
      case Column::ask:
        return check_ask(value);
      default:
        return;  // free text: any bytes of UTF-8 within the limit
    }
  }

  void missing(Column column) { fail(RowCode::missing_field, column, "This field is required."); }

  void check_name(Column column, std::optional<std::string_view> value) {
    if (!value) return missing(column);
    if (find_name_fault(*value)) {
      fail(RowCode::name_invalid, column, "A name has letters, and no digits or signs.");
    }
  }

  void check_email(std::optional<std::string_view> value) {
    if (!value) {
      if (given(Column::phone)) return;
      fail(RowCode::missing_field, Column::email, "An e-mail address or a phone is required.");
      return;
    }
    auto address = parse_email(*value);
    if (!address) {
      fail(RowCode::email_invalid, Column::email, "This is not a reachable e-mail address.");
    } else if (disposable_.contains(address->domain_ascii)) {
      fail(RowCode::email_disposable, Column::email, "The domain hands out throw-away mailboxes.");
    } else {
      if (address->is_role) warn(RowWarning::email_role);
      if (auto const suggested = suggest_mail_domain(address->domain_ascii)) {
        warn(RowWarning::email_mistyped);
        lead_.domain_suggested = *suggested;
      }
      lead_.email = std::move(*address);
    }
  }

  void check_phone(std::optional<std::string_view> value) {
    if (!value) return;
    auto phone = parse_phone(*value, rules_.country);
    if (!phone) {
      fail(RowCode::phone_invalid, Column::phone, "The number is in no numbering plan.");
      return;
    }
    if (phone->type == PhoneType::premium_rate) {
      fail(RowCode::phone_premium_rate, Column::phone,
           "Whoever calls this number back pays its owner.");
      return;
    }
    if (auto const odd = warning_of(phone->type)) warn(*odd);
    if (!is_at_home(*phone, rules_.country)) warn(RowWarning::phone_foreign);
    lead_.phone = std::move(*phone);
  }

  void check_postal_code(std::optional<std::string_view> value) {
    // A contact of another country is refused as such; its code is not judged by our rules then.
    if (!value || (given(Column::contact_country) && !is_own_country())) return;
    if (!is_postal_code(*value, rules_.country)) {
      fail(RowCode::postal_code_invalid, Column::postal_code,
           "The postal code has not the form of its country.");
      return;
    }
    auto const region = given(Column::region);
    if (region && postal_region(*value, *region, rules_.country) == PostalRegion::differs) {
      warn(RowWarning::postal_code_mismatch);
    }
  }

  [[nodiscard]] bool is_own_country() const {
    return equal_ignoring_case(trim(*given(Column::contact_country)), rules_.country);
  }

  void check_country(std::optional<std::string_view> value) {
    if (value && !is_own_country()) {
      fail(RowCode::country_mismatch, Column::contact_country,
           "The contact's country is not the market's.");
    }
  }

  void check_date_of_birth(std::optional<std::string_view> value) {
    if (!value) return;
    auto const age = age_at(*value, captured_at_.value_or(now_));
    if (!age) {
      fail(RowCode::date_of_birth_invalid, Column::date_of_birth,
           "The date of birth is no past day written YYYY-MM-DD.");
    } else if (*age < rules_.age_years_min) {
      fail(RowCode::underage, Column::date_of_birth, "The person is below the age of consent.");
    } else {
      if (*age > kAgeYearsLikely) warn(RowWarning::age_unlikely);
      lead_.age_years = *age;
    }
  }

  void check_captured_at(std::optional<std::string_view> value) {
    if (!value) return missing(Column::captured_at);
    if (!captured_at_) {
      fail(RowCode::timestamp_invalid, Column::captured_at,
           "The instant is not RFC 3339, before the year 2000 or in the future.");
      return;
    }
    lead_.captured_at = *captured_at_;
  }

  void check_ip(std::optional<std::string_view> value) {
    if (!value) return;
    lead_.ip = parse_ip_address(trim(*value));
    if (!lead_.ip) {
      fail(RowCode::ip_invalid, Column::ip_address, "This is no IPv4 or IPv6 address.");
    } else if (lead_.ip->is_reserved) {
      warn(RowWarning::ip_not_public);
    }
  }

  void check_url(Column column, std::optional<std::string_view> value) {
    if (value && find_url_fault(*value)) {
      fail(RowCode::url_invalid, column, "This is no absolute http or https URL.");
    }
  }

  void check_consent(std::optional<std::string_view> value) {
    if (value && !consent_at_) {
      fail(RowCode::timestamp_invalid, Column::consent_at, "The instant is not RFC 3339.");
      return;
    }
    auto const fault = find_consent_fault(consent_at_, given(Column::consent_text).has_value(),
                                          captured_at_, now_, rules_.consent);
    if (!fault) {
      lead_.consent_at = *consent_at_;
      return;
    }
    switch (*fault) {
      case ConsentFault::missing:
        return fail(RowCode::consent_missing,
                    consent_at_ ? Column::consent_text : Column::consent_at,
                    "A lead needs the instant and the text of its consent.");
      case ConsentFault::expired:
        return fail(RowCode::consent_expired, Column::consent_at,
                    "The consent is older than the market allows.");
      case ConsentFault::in_future:
        return fail(RowCode::consent_in_future, Column::consent_at,
                    "The consent lies in the future or long after the capture.");
    }
  }

  void check_companies() {
    auto const& companies = raw_.consent_companies;
    bool const good = companies.size() <= kConsentCompaniesMax &&
                      std::all_of(companies.begin(), companies.end(), [](std::string_view name) {
                        return !company_key(name).empty() && name.size() <= kCompanyOctetsMax;
                      });
    if (!good) {
      fail(RowCode::value_too_long, "/consent/companies",
           "At most 100 company names of at most 200 octets.");
      return;
    }
    lead_.consent_companies.assign(companies.begin(), companies.end());
  }

  void classify() {
    if (rules_.taxonomy) {
      lead_.source_class = quality::classify(rules_.taxonomy->terms, clues_of(raw_));
    }
  }

  void check_vehicle(std::optional<std::string_view> value) {
    if (value) {
      lead_.vehicle = vehicle_named(trim(*value));
      if (!lead_.vehicle) {
        fail(RowCode::vehicle_invalid, Column::vehicle, "The vehicle is none of the known words.");
      }
    } else if (lead_.source_class.vehicle != quality::kNoVehicle) {
      lead_.vehicle = static_cast<Vehicle>(lead_.source_class.vehicle);
    } else if (rules_.source_required) {
      missing(Column::vehicle);
    }
  }

  void check_reason(std::optional<std::string_view> value) {
    if (value) return check_tag(Column::source_reason, value);
    if (lead_.source_class.reason.empty() && rules_.source_required) missing(Column::source_reason);
  }

  // Buyers and reports see these in the open. The lead's own phone was read before.
  void check_tag(Column column, std::optional<std::string_view> value) {
    if (!value) return;
    auto const own = lead_.phone ? std::string_view{lead_.phone->e164} : std::string_view{};
    if (names_contact(*value, rules_.country, own)) {
      fail(RowCode::source_names_contact, column,
           "The value looks like an e-mail address or a phone number.");
    }
  }

  void check_hops(std::optional<std::string_view> value) {
    if (!value) return;
    auto const hops = parse_hops(*value);
    if (hops) {
      lead_.hops = *hops;
    } else {
      fail(RowCode::source_invalid, Column::hops, "Hops are a number from 0 to 99.");
    }
  }

  void check_ask(std::optional<std::string_view> value) {
    if (!value) return;
    auto const amount = json::parse_amount(trim(*value));
    bool const own_currency = !raw_.ask_currency || *raw_.ask_currency == rules_.currency;
    if (!amount || amount->micros <= 0 || !own_currency) {
      fail(RowCode::ask_invalid, Column::ask,
           "The ask is no positive amount in the market's currency.");
      return;
    }
    lead_.ask = *amount;
  }

  void check_touchpoints() {
    auto const fault = find_touchpoint_fault(raw_.touchpoints, now_ + rules_.consent.clock_skew);
    if (fault) return fail(fault->code, fault->pointer, fault->detail);
    auto const own = lead_.phone ? std::string_view{lead_.phone->e164} : std::string_view{};
    for (auto const& point : raw_.touchpoints) {
      if (names_contact(point.reason, rules_.country, own)) {
        fail(RowCode::source_names_contact, "/source/touchpoints",
             "A reason looks like an e-mail address or a phone number.");
        return;
      }
      auto const at = read_instant(point.at);
      auto const vehicle = vehicle_named(point.vehicle);
      if (at && vehicle) lead_.touchpoints.push_back({*at, *vehicle, std::string{point.reason}});
    }
  }

  void check_attributes() {
    lead_.attributes.resize(rules_.attributes.size());
    for (std::size_t i = 0; i < rules_.attributes.size(); ++i) {
      auto const& rule = rules_.attributes[i];
      auto const raw = i < raw_.attributes.size() ? raw_.attributes[i] : std::nullopt;
      auto const* cell = raw ? std::get_if<CellText>(&*raw) : nullptr;
      if (!raw || (cell && trim(cell->text).empty())) {
        if (rule.required) {
          fail(RowCode::missing_field, "/attributes/" + rule.name, "This attribute is required.");
        }
        continue;
      }
      lead_.attributes[i] = check_attribute(*raw, rule);
      if (!lead_.attributes[i]) {
        fail(RowCode::attribute_invalid, "/attributes/" + rule.name,
             "The value is not one that the market's schema allows.");
      }
    }
    if (raw_.has_unknown_attribute) {
      fail(RowCode::attribute_invalid, "/attributes",
           "There is an attribute that the market does not have.");
    }
  }

  RawLead const& raw_;
  MarketRules const& rules_;
  DisposableDomains const& disposable_;
  Timestamp now_;
  std::optional<Timestamp> captured_at_;
  std::optional<Timestamp> consent_at_;
  CheckedLead lead_;
  Faults faults_;
};

}  // namespace

std::string_view to_string(Vehicle vehicle) { return kVehicles[static_cast<std::size_t>(vehicle)]; }

std::optional<Vehicle> vehicle_named(std::string_view name) {
  auto const place = std::find(kVehicles.begin(), kVehicles.end(), name);
  if (place == kVehicles.end()) return std::nullopt;
  return static_cast<Vehicle>(place - kVehicles.begin());
}

std::string const& CheckedLead::reason() const {
  auto const& told = at(Column::source_reason);
  return trim(told).empty() && !source_class.reason.empty() ? source_class.reason : told;
}

Result<CheckedLead, std::vector<RowFault>> check_lead(RawLead const& raw,
                                                      CheckContext const& context) {
  return RowCheck{raw, context}.run();
}

Result<CheckedLead, std::vector<RowFault>> check_ping(RawLead const& raw,
                                                      CheckContext const& context) {
  return RowCheck{raw, context}.run_ping();
}

}  // namespace leadex::intake
