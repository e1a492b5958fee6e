#include "server/intake/contact/phone.hpp"

#include <phonenumbers/phonenumberutil.h>

#include <algorithm>
#include <array>
#include <optional>

#include "server/intake/contact/phone_plan.hpp"
#include "server/intake/contact/text.hpp"

namespace leadex::intake {
namespace {

using i18n::phonenumbers::PhoneNumber;
using i18n::phonenumbers::PhoneNumberUtil;

PhoneType type_of(PhoneNumberUtil::PhoneNumberType type) {
  switch (type) {
    case PhoneNumberUtil::FIXED_LINE:
      return PhoneType::fixed_line;
    case PhoneNumberUtil::MOBILE:
      return PhoneType::mobile;
    case PhoneNumberUtil::FIXED_LINE_OR_MOBILE:
      return PhoneType::fixed_line_or_mobile;
    case PhoneNumberUtil::TOLL_FREE:
      return PhoneType::toll_free;
    case PhoneNumberUtil::PREMIUM_RATE:
      return PhoneType::premium_rate;
    case PhoneNumberUtil::SHARED_COST:
      return PhoneType::shared_cost;
    case PhoneNumberUtil::VOIP:
      return PhoneType::voip;
    case PhoneNumberUtil::PERSONAL_NUMBER:
      return PhoneType::personal_number;
    case PhoneNumberUtil::PAGER:
      return PhoneType::pager;
    case PhoneNumberUtil::UAN:
      return PhoneType::uan;
    case PhoneNumberUtil::VOICEMAIL:
      return PhoneType::voicemail;
    case PhoneNumberUtil::UNKNOWN:
      return PhoneType::unknown;
  }
  return PhoneType::unknown;
}

std::optional<PhoneFault> find_text_fault(std::string_view text) {
  if (text.empty()) return PhoneFault::empty;
  if (text.size() > kPhoneOctetsMax) return PhoneFault::too_long;
  if (!is_utf8(text) || has_control(text)) return PhoneFault::not_text;
  return std::nullopt;
}

struct NationalDigits {
  std::array<char, 10> digits;
  std::string_view view() const { return {digits.data(), digits.size()}; }
};

// Ten national digits of the plain spellings "+1 (201) 555-0123", "201-555-0123", "12015550123":
// only there do the library's rules for prefixes, letters and extensions have nothing to say.
std::optional<NationalDigits> plain_north_american(std::string_view text, std::string_view region) {
  bool const international = text.starts_with("+1");
  if (international) {
    text.remove_prefix(2);
  } else if (region != "US" && region != "CA") {
    return std::nullopt;
  }
  std::array<char, 11> digits{};
  std::size_t count = 0;
  bool open = false;
  char before = '\0';
  for (char const c : text) {
    if (is_digit(c)) {
      if (count == digits.size()) return std::nullopt;
      digits[count++] = c;
    } else if (c == '(' && !open && count <= 1) {
      open = true;
    } else if (c == ')' && open && is_digit(before)) {
      open = false;
    } else if (c != '-' && c != '.' && c != ' ') {
      return std::nullopt;
    } else if (!is_digit(before) && before != ')' && !(c == ' ' && before == '\0')) {
      return std::nullopt;  // two signs in a row, or a sign first: let the library say
    }
    before = c;
  }
  if (open || !is_digit(before)) return std::nullopt;
  std::size_t const skip = !international && count == 11 && digits[0] == '1' ? 1 : 0;
  if (count != 10 + skip || digits[skip] < '2') return std::nullopt;
  NationalDigits national{};
  std::copy_n(digits.begin() + skip, 10, national.digits.begin());
  return national;
}

}  // namespace

Result<Phone, PhoneFault> parse_phone(std::string_view text, std::string_view default_region) {
  text = trim(text);
  if (auto const fault = find_text_fault(text)) return refuse(*fault);
  if (auto const national = plain_north_american(text, default_region)) {
    if (auto const* plan = NorthAmericanPlan::instance()) {
      if (auto phone = plan->judge(national->view())) return std::move(*phone);
      return refuse(PhoneFault::not_valid);
    }
  }
  return parse_phone_by_library(text, default_region);
}

Result<Phone, PhoneFault> parse_phone_by_library(std::string_view text,
                                                 std::string_view default_region) {
  text = trim(text);
  if (auto const fault = find_text_fault(text)) return refuse(*fault);
  auto const& library = *PhoneNumberUtil::GetInstance();
  PhoneNumber number;
  if (library.Parse(std::string{text}, std::string{default_region}, &number) !=
      PhoneNumberUtil::NO_PARSING_ERROR) {
    return refuse(PhoneFault::not_a_number);
  }
  Phone phone;
  library.GetRegionCodeForNumber(number, &phone.region);
  // IsValidNumber would look the region up once more.
  if (!library.IsValidNumberForRegion(number, phone.region)) return refuse(PhoneFault::not_valid);
  phone.type = type_of(library.GetNumberType(number));
  library.Format(number, PhoneNumberUtil::E164, &phone.e164);
  return phone;
}

bool is_at_home(Phone const& phone, std::string_view country) {
  if (phone.region == country) return true;
  struct Territories {
    std::string_view country;
    std::string_view regions;  // two letters each
  };
  constexpr std::array<Territories, 5> kTerritories{{{"US", "PR GU VI AS MP"},
                                                     {"GB", "GG JE IM"},
                                                     {"FR", "GP MQ GF RE YT PM BL MF"},
                                                     {"AU", "CC CX"},
                                                     {"FI", "AX"}}};
  return std::any_of(kTerritories.begin(), kTerritories.end(), [&](Territories const& one) {
    return one.country == country && phone.region.size() == 2 &&
           one.regions.find(phone.region) != std::string_view::npos;
  });
}

}  // namespace leadex::intake
