#include "server/app/bank_details.hpp"

#include <algorithm>
#include <optional>

#include "server/app/action.hpp"

namespace leadex::app {

namespace {

constexpr std::size_t kNameBytesMax = 70;  // of the payee and the town, as bank files take them
constexpr std::size_t kIbanMin = 15;
constexpr std::size_t kIbanMax = 34;
constexpr std::size_t kFields = 4;

bool digit(char c) { return c >= '0' && c <= '9'; }
bool letter(char c) { return c >= 'A' && c <= 'Z'; }
bool letter_or_digit(char c) { return digit(c) || letter(c); }

FieldFault fault(std::string_view pointer, std::string_view field, std::string code,
                 std::string detail) {
  return {std::string(pointer).append("/").append(field), std::move(code), std::move(detail)};
}

}  // namespace

bool iban_sound(std::string_view iban) {
  bool const shaped = iban.size() >= kIbanMin && iban.size() <= kIbanMax && letter(iban[0]) &&
                      letter(iban[1]) && digit(iban[2]) && digit(iban[3]) &&
                      std::ranges::all_of(iban, letter_or_digit);
  if (!shaped) return false;
  // ISO 7064 MOD 97-10 over the number that starts behind the check digits.
  unsigned rest = 0;
  auto const feed = [&](std::string_view part) {
    for (char const c : part) {
      rest = letter(c) ? (rest * 100 + static_cast<unsigned>(c - 'A') + 10) % 97
                       : (rest * 10 + static_cast<unsigned>(c - '0')) % 97;
    }
  };
  feed(iban.substr(4));
  feed(iban.substr(0, 4));
  return rest == 1;
}

bool bic_sound(std::string_view bic) {
  return (bic.size() == 8 || bic.size() == 11) && std::ranges::all_of(bic, letter_or_digit) &&
         letter(bic[4]) && letter(bic[5]);
}

std::vector<FieldFault> check_bank_details(BankDetails const& bank, std::string_view pointer) {
  std::vector<FieldFault> faults;
  if (!iban_sound(bank.iban)) {
    faults.push_back(fault(pointer, "iban", "iban_invalid", "is no IBAN"));
  }
  if (!bic_sound(bank.bic)) faults.push_back(fault(pointer, "bic", "bic_invalid", "is no BIC"));
  if (!plain_text(bank.name, kNameBytesMax)) {
    faults.push_back(fault(pointer, "name", "text_invalid", "must have 1 to 70 plain characters"));
  }
  if (!plain_text(bank.town, kNameBytesMax)) {
    faults.push_back(fault(pointer, "town", "text_invalid", "must have 1 to 70 plain characters"));
  }
  return faults;
}

std::string seal_bank_details(privacy::KeyRing const& ring, privacy::SealPlace const& place,
                              BankDetails const& bank) {
  auto packed = pack_fields({bank.iban, bank.bic, bank.name, bank.town});
  auto sealed = privacy::SecretBox(ring).seal(place, packed);
  crypto::wipe(packed);
  return sealed;
}

AppResult<BankDetails> open_bank_details(privacy::KeyRing const& ring,
                                         privacy::SealPlace const& place, std::string_view sealed) {
  auto const packed = privacy::SecretBox(ring).open(place, sealed);
  auto fields = packed ? unpack_fields(packed->view(), kFields) : std::nullopt;
  if (!fields) {
    return fail(AppCode::internal_invariant, "Stored bank details do not open.");
  }
  return BankDetails{std::move((*fields)[0]), std::move((*fields)[1]), std::move((*fields)[2]),
                     std::move((*fields)[3])};
}

}  // namespace leadex::app
