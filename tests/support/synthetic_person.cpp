#include "tests/support/synthetic_person.hpp"

#include <fmt/format.h>

#include <array>
#include <numeric>

#include "billing/values/check.hpp"

namespace leadex::test {
namespace {

constexpr std::array<std::string_view, 32> kFirstNames{
    "Ada",       "Ben",      "Carla",      "Dmitri",      "Elena", "Farid",      "Grace",
    "Hugo",      "Ines",     "Jon",        "Kofi",        "Lena",  "Mateo",      "Nadia",
    "Omar",      "Priya",    "Quinn",      "Rosa",        "Sven",  "Tara",       "Uma",
    "Viktor",    "Wendy",    "Xavier",     "Yara",        "Zoe",   "Anne-Marie", "Mary Ann",
    "Ren\u00E9", "Zo\u00EB", "Bj\u00F6rn", "Siobh\u00E1n"};
constexpr std::array<std::string_view, 32> kLastNames{
    "Archer", "Baker",   "Chen",    "Diaz",     "Evans",    "Fischer",    "Garcia",  "Hughes",
    "Ito",    "Jones",   "Khan",    "Lopez",    "Meyer",    "Novak",      "Okafor",  "Park",
    "Quist",  "Reyes",   "Singh",   "Turner",   "Ueda",     "Vargas",     "Walsh",   "Xu",
    "Young",  "Ziegler", "O'Brien", "D'Angelo", "St. John", "Mu\u00F1oz", "Le Goff", "Smith-Hale"};

// One area code in use for each state.
struct StateCode {
  std::string_view state;
  std::string_view area;
  std::string_view city;
};
constexpr std::array<StateCode, 16> kStates{{{"AZ", "480", "Mesa"},
                                             {"CA", "415", "San Francisco"},
                                             {"CO", "303", "Denver"},
                                             {"FL", "305", "Miami"},
                                             {"GA", "404", "Atlanta"},
                                             {"IL", "312", "Chicago"},
                                             {"MA", "617", "Boston"},
                                             {"MI", "313", "Detroit"},
                                             {"NC", "704", "Charlotte"},
                                             {"NJ", "201", "Jersey City"},
                                             {"NY", "212", "New York"},
                                             {"OH", "216", "Cleveland"},
                                             {"PA", "215", "Philadelphia"},
                                             {"TX", "214", "Dallas"},
                                             {"VA", "804", "Richmond"},
                                             {"WA", "206", "Seattle"}}};

// Exchanges 200 to 999 without the eight that end in 11, and without 555 (directory services).
constexpr std::uint64_t kExchanges = 791;
constexpr std::uint64_t kLines = 10'000;
constexpr std::uint64_t kNumbers = kExchanges * kLines;
static_assert(kPeopleMax < kNumbers);

std::uint64_t exchange_at(std::uint64_t index) {
  std::uint64_t seen = 0;
  for (std::uint64_t exchange = 200; exchange < 1000; ++exchange) {
    if (exchange % 100 == 11 || exchange == 555) continue;
    if (seen++ == index) return exchange;
  }
  LEADEX_CHECK(false);
  return 0;
}

// A step coprime to kNumbers visits each number once, so no two rows share one in any state.
std::string number_of(std::uint64_t seed, std::uint64_t row, std::string_view area) {
  constexpr std::uint64_t kStep = 3'571'429;
  static_assert(std::gcd(kNumbers, kStep) == 1);
  std::uint64_t const offset = Draws{seed, 0, 99}.below(kNumbers);
  std::uint64_t const number = (offset + row * kStep) % kNumbers;
  return fmt::format("{}{}{:04}", area, exchange_at(number / kLines), number % kLines);
}

std::string mailbox_word(std::string_view name) {
  std::string word;
  for (char const c : name) {
    if (c >= 'A' && c <= 'Z') word += static_cast<char>(c - 'A' + 'a');
    if (c >= 'a' && c <= 'z') word += c;
  }
  return word;
}

}  // namespace

Draws::Draws(std::uint64_t seed, std::uint64_t row, std::uint64_t topic)
    : state_{seed * 0x9E3779B97F4A7C15ULL ^ row * 0xC2B2AE3D27D4EB4FULL ^
             topic * 0x165667B19E3779F9ULL} {
  next();
}

// splitmix64.
std::uint64_t Draws::next() {
  state_ += 0x9E3779B97F4A7C15ULL;
  std::uint64_t mixed = state_;
  mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9ULL;
  mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EBULL;
  return mixed ^ (mixed >> 31);
}

SyntheticPerson make_person(std::uint64_t seed, std::uint64_t row) {
  LEADEX_CHECK(row > 0 && row < kPeopleMax);
  constexpr std::array<std::string_view, 3> kDomains{"example.com", "example.org", "example.net"};
  Draws draws{seed, row, 1};
  SyntheticPerson person;
  person.first_name = kFirstNames[draws.below(kFirstNames.size())];
  person.last_name = kLastNames[draws.below(kLastNames.size())];
  // Names hold no digit, so the row number keeps mailboxes apart even without the dots.
  person.email =
      fmt::format("{}.{}.{}@{}", mailbox_word(person.first_name), mailbox_word(person.last_name),
                  row, kDomains[draws.below(kDomains.size())]);
  auto const& state = kStates[draws.below(kStates.size())];
  person.state = state.state;
  person.city = state.city;
  person.national = number_of(seed, row, state.area);
  person.postal_code = fmt::format("{:05}", 10'000 + draws.below(89'999));
  return person;
}

std::string spell_phone(std::string_view national, std::uint64_t spelling) {
  auto const area = national.substr(0, 3);
  auto const exchange = national.substr(3, 3);
  auto const line = national.substr(6);
  switch (spelling % 5) {
    case 0:
      return fmt::format("+1{}", national);
    case 1:
      return fmt::format("({}) {}-{}", area, exchange, line);
    case 2:
      return fmt::format("{}-{}-{}", area, exchange, line);
    case 3:
      return fmt::format("1-{}-{}-{}", area, exchange, line);
    default:
      return std::string{national};
  }
}

}  // namespace leadex::test
