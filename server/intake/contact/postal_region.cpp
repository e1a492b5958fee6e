#include "server/intake/contact/postal_region.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

#include "server/intake/contact/text.hpp"

namespace leadex::intake {
namespace {

struct Region {
  std::string_view code;
  std::string_view name;
};

constexpr std::array<Region, 59> kStates{{
    {"AL", "alabama"},
    {"AK", "alaska"},
    {"AZ", "arizona"},
    {"AR", "arkansas"},
    {"CA", "california"},
    {"CO", "colorado"},
    {"CT", "connecticut"},
    {"DE", "delaware"},
    {"DC", "district of columbia"},
    {"FL", "florida"},
    {"GA", "georgia"},
    {"HI", "hawaii"},
    {"ID", "idaho"},
    {"IL", "illinois"},
    {"IN", "indiana"},
    {"IA", "iowa"},
    {"KS", "kansas"},
    {"KY", "kentucky"},
    {"LA", "louisiana"},
    {"ME", "maine"},
    {"MD", "maryland"},
    {"MA", "massachusetts"},
    {"MI", "michigan"},
    {"MN", "minnesota"},
    {"MS", "mississippi"},
    {"MO", "missouri"},
    {"MT", "montana"},
    {"NE", "nebraska"},
    {"NV", "nevada"},
    {"NH", "new hampshire"},
    {"NJ", "new jersey"},
    {"NM", "new mexico"},
    {"NY", "new york"},
    {"NC", "north carolina"},
    {"ND", "north dakota"},
    {"OH", "ohio"},
    {"OK", "oklahoma"},
    {"OR", "oregon"},
    {"PA", "pennsylvania"},
    {"RI", "rhode island"},
    {"SC", "south carolina"},
    {"SD", "south dakota"},
    {"TN", "tennessee"},
    {"TX", "texas"},
    {"UT", "utah"},
    {"VT", "vermont"},
    {"VA", "virginia"},
    {"WA", "washington"},
    {"WV", "west virginia"},
    {"WI", "wisconsin"},
    {"WY", "wyoming"},
    {"AA", "armed forces americas"},
    {"AE", "armed forces europe"},
    {"AP", "armed forces pacific"},
    {"PR", "puerto rico"},
    {"VI", "virgin islands"},
    {"GU", "guam"},
    {"AS", "american samoa"},
    {"MP", "northern mariana islands"},
}};

// First three digits of a ZIP code, both ends included, by the list of the Postal Service (L002). A
// prefix that serves two states stands twice.
struct Prefixes {
  int from;
  int until;
  std::string_view state;
};
constexpr std::array<Prefixes, 78> kPrefixes{{
    {5, 5, "NY"},     {6, 7, "PR"},     {8, 8, "VI"},     {9, 9, "PR"},     {10, 27, "MA"},
    {28, 29, "RI"},   {30, 38, "NH"},   {39, 49, "ME"},   {50, 59, "VT"},   {55, 55, "MA"},
    {60, 69, "CT"},   {63, 63, "NY"},   {70, 89, "NJ"},   {90, 98, "AE"},   {100, 149, "NY"},
    {150, 196, "PA"}, {197, 199, "DE"}, {200, 200, "DC"}, {201, 201, "VA"}, {202, 205, "DC"},
    {206, 212, "MD"}, {214, 219, "MD"}, {220, 246, "VA"}, {247, 268, "WV"}, {270, 289, "NC"},
    {290, 299, "SC"}, {300, 319, "GA"}, {320, 339, "FL"}, {340, 340, "AA"}, {341, 342, "FL"},
    {344, 344, "FL"}, {346, 347, "FL"}, {349, 349, "FL"}, {350, 352, "AL"}, {354, 369, "AL"},
    {370, 385, "TN"}, {386, 397, "MS"}, {398, 399, "GA"}, {400, 418, "KY"}, {420, 427, "KY"},
    {430, 459, "OH"}, {460, 479, "IN"}, {480, 499, "MI"}, {500, 516, "IA"}, {520, 528, "IA"},
    {530, 549, "WI"}, {550, 567, "MN"}, {569, 569, "DC"}, {570, 577, "SD"}, {580, 588, "ND"},
    {590, 599, "MT"}, {600, 629, "IL"}, {630, 658, "MO"}, {660, 679, "KS"}, {680, 693, "NE"},
    {700, 714, "LA"}, {716, 729, "AR"}, {730, 732, "OK"}, {733, 733, "TX"}, {734, 749, "OK"},
    {750, 799, "TX"}, {800, 816, "CO"}, {820, 831, "WY"}, {832, 838, "ID"}, {840, 847, "UT"},
    {834, 834, "WY"}, {850, 865, "AZ"}, {865, 865, "NM"}, {870, 884, "NM"}, {885, 885, "TX"},
    {889, 898, "NV"}, {900, 961, "CA"}, {962, 966, "AP"}, {967, 968, "HI"}, {969, 969, "GU"},
    {967, 967, "AS"}, {969, 969, "MP"}, {970, 979, "OR"},
}};
constexpr std::array<Prefixes, 2> kWest{{{980, 994, "WA"}, {995, 999, "AK"}}};

struct Province {
  std::string_view code;
  std::string_view name;
  std::string_view letters;
};
constexpr std::array<Province, 13> kProvinces{{
    {"NL", "newfoundland and labrador", "A"},
    {"NS", "nova scotia", "B"},
    {"PE", "prince edward island", "C"},
    {"NB", "new brunswick", "E"},
    {"QC", "quebec", "GHJK"},  // K1A serves offices on both sides of the river
    {"ON", "ontario", "KLMNP"},
    {"MB", "manitoba", "R"},
    {"SK", "saskatchewan", "SR"},  // Flin Flon and Creighton share theirs
    {"AB", "alberta", "TS"},       // so does Lloydminster
    {"BC", "british columbia", "VT"},
    {"NT", "northwest territories", "X"},
    {"NU", "nunavut", "X"},
    {"YT", "yukon", "Y"},
}};

template <class Table>
auto const* find_region(Table const& table, std::string_view region) {
  auto const found = std::find_if(table.begin(), table.end(), [region](auto const& one) {
    return equal_ignoring_case(one.code, region) || equal_ignoring_case(one.name, region);
  });
  return found == table.end() ? nullptr : &*found;
}

bool serves(std::span<Prefixes const> table, int prefix, std::string_view state) {
  return std::any_of(table.begin(), table.end(), [&](Prefixes const& one) {
    return one.from <= prefix && prefix <= one.until && one.state == state;
  });
}

PostalRegion of_state(std::string_view code, std::string_view region) {
  auto const* const state = find_region(kStates, region);
  if (state == nullptr || code.size() < 5 ||
      !std::all_of(code.begin(), code.begin() + 3, is_digit)) {
    return PostalRegion::unknown;
  }
  int const prefix = (code[0] - '0') * 100 + (code[1] - '0') * 10 + (code[2] - '0');
  bool const fits = serves(kPrefixes, prefix, state->code) || serves(kWest, prefix, state->code);
  return fits ? PostalRegion::fits : PostalRegion::differs;
}

PostalRegion of_province(std::string_view code, std::string_view region) {
  auto const* const province = find_region(kProvinces, region);
  if (province == nullptr || code.empty() || !is_alpha(code[0])) return PostalRegion::unknown;
  char const letter = to_lower(code[0]);
  bool const fits = std::any_of(province->letters.begin(), province->letters.end(),
                                [letter](char one) { return to_lower(one) == letter; });
  return fits ? PostalRegion::fits : PostalRegion::differs;
}

}  // namespace

PostalRegion postal_region(std::string_view code, std::string_view region,
                           std::string_view country) {
  code = trim(code);
  region = trim(region);
  if (country == "US") return of_state(code, region);
  if (country == "CA") return of_province(code, region);
  return PostalRegion::unknown;
}

}  // namespace leadex::intake
