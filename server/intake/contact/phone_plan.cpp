#include "server/intake/contact/phone_plan.hpp"

#include <phonenumbers/phonemetadata.pb.h>

#include <algorithm>
#include <array>
#include <random>
#include <span>

// Exported by libphonenumber but in none of its headers: the metadata it was built with, as one
// serialised PhoneMetadataCollection.
namespace i18n::phonenumbers {
int metadata_size();
void const* metadata_get();
}  // namespace i18n::phonenumbers

namespace leadex::intake {
namespace {

using i18n::phonenumbers::PhoneMetadata;
using i18n::phonenumbers::PhoneMetadataCollection;
using i18n::phonenumbers::PhoneNumberDesc;

constexpr int kCountryCode = 1;
constexpr int kNationalDigits = 10;
constexpr std::size_t kSampleNumbers = 400;

// Tags of one region's patterns, in the order in which the library asks for the type.
enum Role : std::size_t {
  general,
  premium_rate,
  toll_free,
  shared_cost,
  voip,
  personal_number,
  pager,
  uan,
  voicemail,
  fixed_line,
  mobile,
  leading_digits,
  kRoles
};

constexpr std::array<PhoneType, kRoles> kTypes{
    PhoneType::unknown,   PhoneType::premium_rate,    PhoneType::toll_free, PhoneType::shared_cost,
    PhoneType::voip,      PhoneType::personal_number, PhoneType::pager,     PhoneType::uan,
    PhoneType::voicemail, PhoneType::fixed_line,      PhoneType::mobile,    PhoneType::unknown};

std::array<PhoneNumberDesc const*, kRoles> descriptions(PhoneMetadata const& region) {
  return {&region.general_desc(), &region.premium_rate(), &region.toll_free(),
          &region.shared_cost(),  &region.voip(),         &region.personal_number(),
          &region.pager(),        &region.uan(),          &region.voicemail(),
          &region.fixed_line(),   &region.mobile(),       nullptr};
}

bool takes_ten_digits(PhoneNumberDesc const& description) {
  auto const& lengths = description.possible_length();
  return lengths.empty() ||
         std::find(lengths.begin(), lengths.end(), kNationalDigits) != lengths.end();
}

// GetNumberTypeHelper of the library over the roles that matched.
PhoneType type_of(std::array<bool, kRoles> const& matched, bool same_mobile_and_fixed) {
  if (!matched[general]) return PhoneType::unknown;
  for (std::size_t role = premium_rate; role <= voicemail; ++role) {
    if (matched[role]) return kTypes[role];
  }
  if (matched[fixed_line]) {
    return same_mobile_and_fixed || matched[mobile] ? PhoneType::fixed_line_or_mobile
                                                    : PhoneType::fixed_line;
  }
  return !same_mobile_and_fixed && matched[mobile] ? PhoneType::mobile : PhoneType::unknown;
}

// The library looks at the main region first, then at the others as they stand in the metadata.
std::vector<PhoneMetadata const*> regions_in_order(PhoneMetadataCollection const& all) {
  std::vector<PhoneMetadata const*> regions;
  for (auto const& region : all.metadata()) {
    if (region.country_code() != kCountryCode) continue;
    auto const place = region.main_country_for_code() ? regions.begin() : regions.end();
    regions.insert(place, &region);
  }
  return regions;
}

std::vector<TaggedPattern> patterns_of(std::span<PhoneMetadata const* const> regions) {
  std::vector<TaggedPattern> patterns;
  for (std::size_t i = 0; i < regions.size(); ++i) {
    auto const roles = descriptions(*regions[i]);
    for (std::size_t role = 0; role < kRoles; ++role) {
      if (!roles[role] || !takes_ten_digits(*roles[role])) continue;
      auto const& pattern = roles[role]->national_number_pattern();
      if (!pattern.empty()) patterns.push_back({pattern, i * kRoles + role, false});
    }
    if (regions[i]->has_leading_digits()) {
      patterns.push_back({regions[i]->leading_digits(), i * kRoles + leading_digits, true});
    }
  }
  return patterns;
}

}  // namespace

std::optional<NorthAmericanPlan> NorthAmericanPlan::build() {
  PhoneMetadataCollection all;
  if (!all.ParseFromArray(i18n::phonenumbers::metadata_get(),
                          i18n::phonenumbers::metadata_size())) {
    return std::nullopt;
  }
  auto const regions = regions_in_order(all);
  if (regions.empty()) return std::nullopt;
  NorthAmericanPlan plan;
  plan.automaton_ = DigitAutomaton::build(patterns_of(regions));
  if (!plan.automaton_) return std::nullopt;
  for (auto const* region : regions) plan.regions_.push_back(region->id());
  for (std::size_t state = 0; state < plan.automaton_->states(); ++state) {
    auto& verdict = plan.verdicts_.emplace_back();
    auto const tags = plan.automaton_->tags(state);
    for (std::size_t i = 0; i < regions.size(); ++i) {
      std::array<bool, kRoles> matched{};
      for (auto const tag : tags) {
        if (tag / kRoles == i) matched[tag % kRoles] = true;
      }
      auto const type = type_of(matched, regions[i]->same_mobile_and_fixed_line_pattern());
      // A region with leading digits takes the number by them alone; its types then decide.
      bool const taken =
          regions[i]->has_leading_digits() ? matched[leading_digits] : type != PhoneType::unknown;
      if (!taken) continue;
      if (type != PhoneType::unknown) verdict = Verdict{static_cast<std::uint16_t>(i), type};
      break;
    }
  }
  return plan;
}

bool NorthAmericanPlan::agrees_with_library() const {
  std::mt19937_64 random{20261122};  // fixed: the same sample at every start
  for (std::size_t i = 0; i < kSampleNumbers; ++i) {
    std::string national = std::to_string(2'000'000'000 + random() % 8'000'000'000);
    if (i % 2 == 0) national[3] = '5';
    auto const expected = parse_phone_by_library("+1" + national, "US");
    auto const verdict = judge(national);
    if (verdict.has_value() != expected.has_value()) return false;
    if (verdict && *verdict != *expected) return false;
  }
  return true;
}

NorthAmericanPlan const* NorthAmericanPlan::instance() {
  static std::optional<NorthAmericanPlan> const kPlan = [] {
    auto plan = build();
    if (plan && !plan->agrees_with_library()) plan.reset();
    return plan;
  }();
  return kPlan ? &*kPlan : nullptr;
}

std::optional<Phone> NorthAmericanPlan::judge(std::string_view national) const {
  auto const state = automaton_->run(national);
  if (!state || !verdicts_[*state]) return std::nullopt;
  auto const& verdict = *verdicts_[*state];
  Phone phone;
  phone.e164.reserve(12);
  phone.e164.append("+1").append(national);
  phone.region = regions_[verdict.region];
  phone.type = verdict.type;
  return phone;
}

}  // namespace leadex::intake
