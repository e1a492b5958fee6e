#include "server/cli/client/demo_people.hpp"

#include <fmt/format.h>

#include <array>

#include "server/json/time_text.hpp"

namespace leadex::cli {

namespace {

constexpr std::int64_t kRows = 200;
constexpr std::string_view kHeader =
    "external_id,first_name,last_name,email,phone,city,postal_code,contact_country,date_of_birth,"
    "captured_at,consent_at,consent_text,vehicle,source_reason,utm_source,state,age,own_home,"
    "currently_insured\r\n";

constexpr std::array<std::string_view, 10> kFirstNames{"Ada",  "Ben",  "Carla", "Farid", "Grace",
                                                       "Kofi", "Lena", "Nadia", "Omar",  "Priya"};
constexpr std::array<std::string_view, 10> kLastNames{
    "Archer", "Baker", "Chen", "Diaz", "Evans", "Garcia", "Khan", "Meyer", "Okafor", "Young"};

struct Place {
  std::string_view state;
  std::string_view area;  // an area code in use there
  std::string_view city;
  std::string_view postal_code;
};
// Ten in a cycle: four of California, two of Texas, two of New York, one each of two more.
constexpr std::array<Place, 10> kPlaces{{{"CA", "415", "San Francisco", "94103"},
                                         {"TX", "214", "Dallas", "75201"},
                                         {"CA", "213", "Los Angeles", "90012"},
                                         {"NY", "212", "New York", "10001"},
                                         {"CA", "619", "San Diego", "92101"},
                                         {"FL", "305", "Miami", "33101"},
                                         {"TX", "713", "Houston", "77002"},
                                         {"CA", "415", "San Francisco", "94110"},
                                         {"NY", "716", "Buffalo", "14201"},
                                         {"WA", "206", "Seattle", "98101"}}};

struct Person {
  std::string first_name;
  std::string last_name;
  std::string email;
  std::string phone;
  std::string consent_text = "I agree to be called about car insurance.";
  std::string consent_at;
  std::string born;
  std::string state;
};

std::uint64_t mixed(std::uint64_t value) {  // splitmix64
  value += 0x9E3779B97F4A7C15ULL;
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9ULL;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EBULL;
  return value ^ (value >> 31);
}

/// Seven digits behind the area code, different for each row: exchanges 220 to 499, but 612 and 712
/// for 311 and 411, which are service codes.
std::string local_number(std::uint64_t seed, std::uint64_t row) {
  constexpr std::uint64_t kExchanges = 280;
  constexpr std::uint64_t kLines = 10'000;
  auto const number = (mixed(seed) + row * 7'919) % (kExchanges * kLines);
  auto exchange = 220 + number / kLines;
  if (exchange % 100 == 11) exchange += 301;
  return fmt::format("{}{:04}", exchange, number % kLines);
}

Person make_person(std::uint64_t seed, std::uint64_t row, Timestamp now) {
  auto const dice = mixed(seed ^ mixed(row));
  auto const& place = kPlaces[row % kPlaces.size()];
  Person person;
  person.first_name = kFirstNames[dice % kFirstNames.size()];
  person.last_name = kLastNames[(dice >> 8U) % kLastNames.size()];
  person.email = fmt::format("p{:08x}.{}@example.com", seed & 0xFFFFFFFFU, row);
  person.phone = fmt::format("+1{}{}", place.area, local_number(seed, row));
  person.consent_at = json::format_timestamp(now - std::chrono::minutes{30});
  person.born =
      fmt::format("19{}-0{}-1{}", 60 + dice % 38, 1 + (dice >> 16U) % 9, (dice >> 24U) % 9);
  person.state = place.state;
  return person;
}

std::string record_of(std::uint64_t row, Person const& person, Timestamp now) {
  auto const& place = kPlaces[row % kPlaces.size()];
  return fmt::format("demo-{},{},{},{},{},{},{},US,{},{},{},{},web_form,quote,demo,{},{},{},{}\r\n",
                     row, person.first_name, person.last_name, person.email, person.phone,
                     place.city, place.postal_code, person.born,
                     json::format_timestamp(now - std::chrono::minutes{29}), person.consent_at,
                     person.consent_text, person.state, 25 + row % 50,
                     row % 3 == 0 ? "true" : "false", row % 2 == 0 ? "true" : "false");
}

constexpr std::array<PlantedFault, 10> kFaults{{{17, "phone_invalid"},
                                                {33, "email_invalid"},
                                                {48, "consent_missing"},
                                                {62, "attribute_invalid"},
                                                {77, "duplicate_in_batch"},
                                                {91, "malformed_row"},
                                                {104, "underage"},
                                                {118, "consent_in_future"},
                                                {133, "email_invalid"},
                                                {150, "duplicate_in_batch"}}};
constexpr std::int64_t kDuplicates = 2;

/// The record of a row that is wrong in the way its place in kFaults says.
std::string faulty_record(std::uint64_t seed, std::uint64_t row, Timestamp now) {
  auto person = make_person(seed, row, now);
  switch (row) {
    case 17:
      person.phone = "12345";
      break;
    case 33:
      person.email = "not an address";
      break;
    case 48:
      person.consent_text.clear();
      break;
    case 62:
      person.state = "ZZ";
      break;
    case 77:
      person.email = make_person(seed, 5, now).email;
      break;
    case 91:
      return "demo-91,one,field,and,no,more\r\n";
    case 104:
      person.born = json::format_date(std::chrono::year_month_day{
          std::chrono::floor<std::chrono::days>(now - std::chrono::years{10})});
      break;
    case 118:
      person.consent_at = json::format_timestamp(now + std::chrono::days{2});
      break;
    case 133:
      person.email = "someone@";
      break;
    default:
      person.phone = make_person(seed, 9, now).phone;
      break;
  }
  return record_of(row, person, now);
}

}  // namespace

DemoFile make_demo_file(std::uint64_t seed, Timestamp now) {
  DemoFile file{std::string{kHeader}, kRows, {kFaults.begin(), kFaults.end()}, kDuplicates};
  auto next = kFaults.begin();
  for (std::int64_t row = 1; row <= kRows; ++row) {
    auto const number = static_cast<std::uint64_t>(row);
    if (next != kFaults.end() && next->row == row) {
      file.csv += faulty_record(seed, number, now);
      ++next;
    } else {
      file.csv += record_of(number, make_person(seed, number, now), now);
    }
  }
  return file;
}

}  // namespace leadex::cli
