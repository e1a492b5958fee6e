#pragma once
// Bank details of an account: checked, then sealed for the row they stand in. Wipe copies soon.
// Pure; any thread.

#include <string>
#include <string_view>
#include <vector>

#include "server/app/app_error.hpp"
#include "server/privacy/sealed_value.hpp"

namespace leadex::app {

struct BankDetails {
  std::string iban;
  std::string bic;
  std::string name;
  std::string town;
  friend bool operator==(BankDetails const&, BankDetails const&) = default;
};

/// Faults of IBAN (ISO 13616 form and check digits), BIC (ISO 9362), name and town (1 … 70 bytes),
/// with pointers below `pointer`. Empty when sound.
[[nodiscard]] std::vector<FieldFault> check_bank_details(BankDetails const& bank,
                                                         std::string_view pointer);
[[nodiscard]] bool iban_sound(std::string_view iban);
[[nodiscard]] bool bic_sound(std::string_view bic);

[[nodiscard]] std::string seal_bank_details(privacy::KeyRing const& ring,
                                            privacy::SealPlace const& place,
                                            BankDetails const& bank);
/// A value that does not open was tampered with or has another root key: internal_invariant.
[[nodiscard]] AppResult<BankDetails> open_bank_details(privacy::KeyRing const& ring,
                                                       privacy::SealPlace const& place,
                                                       std::string_view sealed);

}  // namespace leadex::app
