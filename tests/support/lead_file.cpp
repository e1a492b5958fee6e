#include "tests/support/lead_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <ostream>
#include <utility>

#include "billing/values/check.hpp"
#include "tests/support/lead_record.hpp"
#include "tests/support/synthetic_person.hpp"

namespace leadex::test {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kWhole = 10'000;
constexpr std::uint64_t kDuplicateReach = 5'000;  // rows back; reading order stays bounded

enum Topic : std::uint64_t { topic_fault = 2, topic_details, topic_variant, topic_dead };

// Exactly `age` full years on the UTC day of `at`.
std::string birth_date(std::int64_t age, Timestamp at, Draws& draws) {
  using namespace std::chrono;
  year_month_day const today{floor<days>(at)};
  year_month_day birthday{today.year() - years{age}, today.month(), today.day()};
  if (!birthday.ok()) birthday = {birthday.year(), birthday.month(), day{28}};
  return json::format_date(
      year_month_day{sys_days{birthday} - days{static_cast<int>(draws.below(364))}});
}

std::string consent_text() {
  return "By pressing \"Get my quote\", I agree that Example Lending and its partners may call, "
         "text or e-mail me about savings accounts.\nConsent is no condition of purchase.";
}

void set_contact(LeadRecord& record, SyntheticPerson const& person, Draws& draws) {
  record.set("first_name", person.first_name);
  record.set("last_name", person.last_name);
  record.set("email", person.email);
  record.set("phone", spell_phone(person.national, draws.next()));
  record.set("city", person.city);
  record.set("region", person.state);
  record.set("postal_code", person.postal_code);
  record.set("contact_country", "US");
}

void set_source(LeadRecord& record, Timestamp now, std::int64_t age, Draws& draws) {
  constexpr std::array<std::string_view, 4> kVehicles{"web_form", "partner", "social", "ad"};
  constexpr std::array<std::string_view, 3> kReasons{"savings_quote", "newsletter", "comparison"};
  auto const captured = now - 1h - std::chrono::seconds{draws.below(30 * 86'400)};
  auto const consent = captured - std::chrono::seconds{draws.below(120)};
  record.set("date_of_birth", birth_date(age, captured, draws));
  record.set("captured_at", json::format_timestamp(captured));
  record.set("ip_address", fmt::format("198.51.100.{}", 1 + draws.below(254)));
  record.set("user_agent",
             "Mozilla/5.0 (X11; Linux x86_64; rv:115.0) Gecko/20100101 Firefox/115.0");
  record.set("landing_page_url", "https://www.example.com/savings?step=2");
  record.set("consent_at", json::format_timestamp(consent));
  record.set("consent_text", consent_text());
  record.set("vehicle", kVehicles[draws.below(kVehicles.size())]);
  record.set("source_reason", kReasons[draws.below(kReasons.size())]);
  record.set("utm_source", "newsletter");
  record.set("sub1", fmt::format("c{}", draws.below(40)));
}

void set_attributes(LeadRecord& record, BankContact const& bank, std::string_view state) {
  record.set("state", state);
  record.set_integer("age", bank.age);
  record.set("job", bank.job);
  record.set("marital", bank.marital);
  record.set("education", bank.education);
  record.set_boolean("default_credit", bank.in_default);
  record.set_integer("balance", bank.balance);
  record.set_boolean("housing", bank.housing);
  record.set_boolean("loan", bank.loan);
  record.set("contact_channel", bank.channel);
  record.set_integer("calls", bank.calls);
  if (bank.days_since_last) record.set_integer("days_since_last", *bank.days_since_last);
  record.set_integer("previous_calls", bank.previous_calls);
  record.set("previous_outcome", bank.previous_outcome);
}

void break_email(LeadRecord& record, SyntheticPerson const& person, std::uint64_t variant) {
  auto const at = person.email.find('@');
  auto const local = person.email.substr(0, at);
  auto const domain = person.email.substr(at + 1);
  switch (variant % 5) {
    case 0:
      return record.set("email", local + domain);
    case 1:
      return record.set("email", local + "..@" + domain);
    case 2:
      return record.set("email", local + "@" + domain + ".");
    case 3:
      return record.set("email", local + "@localhost");
    default:
      return record.set("email", local + " " + local + "@" + domain);
  }
}

void break_phone(LeadRecord& record, std::string_view national, std::uint64_t variant) {
  std::string digits{national};
  switch (variant % 4) {
    case 0:
      digits[3] = '1';
      break;  // exchanges start with 2 to 9
    case 1:
      digits.pop_back();
      break;  // too short
    case 2:
      digits[0] = '1';
      break;  // so do area codes
    default:
      digits.replace(0, 3, "000");
      break;
  }
  record.set("phone", "+1" + digits);
}

void break_attribute(LeadRecord& record, std::uint64_t variant) {
  switch (variant % 5) {
    case 0:
      return record.set("state", "ZZ");
    case 1:
      return record.set("age", "forty");
    case 2:
      return record.set_integer("age", 111);
    case 3:
      return record.set("default_credit", "maybe");
    default:
      return record.set("marital", "it's complicated");
  }
}

void drop_field(LeadRecord& record, std::uint64_t variant) {
  constexpr std::array<std::string_view, 6> kRequired{"first_name", "last_name", "captured_at",
                                                      "vehicle",    "state",     "balance"};
  record.set(kRequired[variant % kRequired.size()], "");
}

void make_underage(LeadRecord& record, Timestamp now, std::uint64_t variant) {
  // Seventeen on the day of `now`, so sixteen or seventeen on the earlier day of capture.
  Draws draws{variant, 0, 0};
  record.set("date_of_birth", birth_date(17, now, draws));
  record.set_integer("age", 17);
}

void spoil(LeadRecord& record, PlantedFault fault, SyntheticPerson const& person, Timestamp now,
           std::uint64_t variant) {
  switch (fault) {
    case PlantedFault::missing_field:
      return drop_field(record, variant);
    case PlantedFault::name_invalid:
      return record.set(variant % 2 == 0 ? "first_name" : "last_name",
                        variant % 3 == 0 ? "12345" : "<b>Al</b>");
    case PlantedFault::email_invalid:
      return break_email(record, person, variant);
    case PlantedFault::phone_invalid:
      return break_phone(record, person.national, variant);
    case PlantedFault::country_mismatch:
      return record.set("contact_country", variant % 2 == 0 ? "DE" : "CA");
    case PlantedFault::underage:
      return make_underage(record, now, variant);
    case PlantedFault::consent_missing:
      return record.set(variant % 2 == 0 ? "consent_at" : "consent_text", "");
    case PlantedFault::consent_expired:
      return record.set("consent_at",
                        json::format_timestamp(now - 24h * static_cast<int>(91 + variant % 200)));
    case PlantedFault::attribute_invalid:
      return break_attribute(record, variant);
    case PlantedFault::none:
    case PlantedFault::malformed_row:       // done to the finished text
    case PlantedFault::duplicate_in_batch:  // done from the earlier row
      return;
  }
}

// The same person once more: the address in another case, the number in another spelling, or both.
void copy_contact(LeadRecord& record, SyntheticPerson const& earlier, std::uint64_t variant) {
  if (variant % 3 != 0) {
    std::string email = earlier.email;
    email[0] = static_cast<char>(email[0] - 'a' + 'A');
    record.set("email", email);
  }
  if (variant % 3 != 1) record.set("phone", spell_phone(earlier.national, variant / 3));
}

}  // namespace

std::string_view code_of(PlantedFault fault) {
  switch (fault) {
    case PlantedFault::none:
      return "";
    case PlantedFault::malformed_row:
      return "malformed_row";
    case PlantedFault::missing_field:
      return "missing_field";
    case PlantedFault::name_invalid:
      return "name_invalid";
    case PlantedFault::email_invalid:
      return "email_invalid";
    case PlantedFault::phone_invalid:
      return "phone_invalid";
    case PlantedFault::country_mismatch:
      return "country_mismatch";
    case PlantedFault::underage:
      return "underage";
    case PlantedFault::consent_missing:
      return "consent_missing";
    case PlantedFault::consent_expired:
      return "consent_expired";
    case PlantedFault::attribute_invalid:
      return "attribute_invalid";
    case PlantedFault::duplicate_in_batch:
      return "duplicate_in_batch";
  }
  return "";
}

LeadFile::LeadFile(std::vector<BankContact> contacts, LeadFileOptions options)
    : contacts_{std::move(contacts)}, options_{options} {
  LEADEX_CHECK(!contacts_.empty());
  LEADEX_CHECK(options_.rows < kPeopleMax);
}

std::string LeadFile::header() const {
  return options_.format == LeadFormat::csv ? LeadRecord::csv_header() : std::string{};
}

std::optional<std::uint64_t> LeadFile::clean_row_before(std::uint64_t row) const {
  Draws draws{options_.seed, row, topic_variant};
  std::uint64_t const reach = std::min(row - 1, kDuplicateReach);
  for (int attempt = 0; reach > 0 && attempt < 20; ++attempt) {
    std::uint64_t const earlier = row - 1 - draws.below(reach);
    Draws fault{options_.seed, earlier, topic_fault};
    if (fault.below(kWhole) >= options_.fault_bp) return earlier;
  }
  return std::nullopt;
}

PlantedFault LeadFile::fault_of(std::uint64_t row) const {
  constexpr auto kKinds = static_cast<std::uint64_t>(PlantedFault::duplicate_in_batch);
  Draws draws{options_.seed, row, topic_fault};
  if (draws.below(kWhole) >= options_.fault_bp) return PlantedFault::none;
  auto const fault = static_cast<PlantedFault>(1 + draws.below(kKinds));
  if (fault == PlantedFault::duplicate_in_batch && !clean_row_before(row)) {
    return PlantedFault::email_invalid;
  }
  return fault;
}

LeadRow LeadFile::row(std::uint64_t row) const {
  LEADEX_CHECK(row > 0 && row <= options_.rows);
  auto const& bank = contacts_[(row - 1) % contacts_.size()];
  auto const person = make_person(options_.seed, row);
  Draws details{options_.seed, row, topic_details};
  LeadRecord record;
  record.set("external_id", fmt::format("bank-{}", row));
  set_contact(record, person, details);
  set_source(record, options_.now, bank.age, details);
  set_attributes(record, bank, person.state);

  LeadRow made;
  made.fault = fault_of(row);
  made.bought = bank.bought;
  std::uint64_t const variant = details.next();
  spoil(record, made.fault, person, options_.now, variant);
  if (made.fault == PlantedFault::duplicate_in_batch) {
    made.duplicate_of = *clean_row_before(row);
    copy_contact(record, make_person(options_.seed, made.duplicate_of), variant);
  }
  bool const csv = options_.format == LeadFormat::csv;
  made.text = csv ? record.to_csv() : record.to_ndjson();
  if (made.fault == PlantedFault::malformed_row) {
    made.text = csv ? spoil_csv(made.text, variant) : spoil_ndjson(made.text, variant);
  }
  made.dead_number = made.fault == PlantedFault::none &&
                     Draws{options_.seed, row, topic_dead}.below(kWhole) < options_.dead_bp;
  return made;
}

bool LeadFile::write(std::ostream& leads, std::ostream& oracle) const {
  leads << header();
  oracle << "row,fault,duplicate_of,dead_number,bought\n";
  for (std::uint64_t number = 1; number <= options_.rows; ++number) {
    auto const made = row(number);
    leads << made.text;
    oracle << fmt::format("{},{},{},{},{}\n", number, code_of(made.fault),
                          made.duplicate_of == 0 ? "" : std::to_string(made.duplicate_of),
                          made.dead_number ? 1 : 0, made.bought ? 1 : 0);
    if (!leads || !oracle) return false;
  }
  leads.flush();
  oracle.flush();
  return leads.good() && oracle.good();
}

std::string_view bank_market_attributes_json() {
  return R"({"type":"object","properties":{)"
         R"("state":{"type":"string","enum":["AZ","CA","CO","FL","GA","IL","MA","MI","NC","NJ",)"
         R"("NY","OH","PA","TX","VA","WA"],"visibility":"exact"},)"
         R"("age":{"type":"integer","minimum":16,"maximum":110,"visibility":"band"},)"
         R"("job":{"type":"string","enum":["admin.","blue-collar","entrepreneur","housemaid",)"
         R"("management","retired","self-employed","services","student","technician",)"
         R"("unemployed"]},)"
         R"("marital":{"type":"string","enum":["divorced","married","single"]},)"
         R"("education":{"type":"string","enum":["primary","secondary","tertiary"]},)"
         R"("default_credit":{"type":"boolean"},)"
         R"("balance":{"type":"integer","minimum":-1000000,"maximum":10000000,)"
         R"("visibility":"hidden"},)"
         R"("housing":{"type":"boolean"},"loan":{"type":"boolean"},)"
         R"("contact_channel":{"type":"string","enum":["cellular","telephone"]},)"
         R"("calls":{"type":"integer","minimum":0,"maximum":1000},)"
         R"("days_since_last":{"type":"integer","minimum":0,"maximum":10000},)"
         R"("previous_calls":{"type":"integer","minimum":0,"maximum":1000},)"
         R"("previous_outcome":{"type":"string","enum":["failure","other","success"]}},)"
         R"("required":["state","age","default_credit","balance","housing","loan"]})";
}

}  // namespace leadex::test
