#pragma once
// change_bank_details: the first ones are taken at once; a change waits for a second person and
// then cools before the next payout run may use it. Inside one transaction.

#include <optional>

#include "server/app/action.hpp"
#include "server/app/bank_details.hpp"

namespace leadex::app {

struct BankChange {
  std::optional<std::int64_t> approval_no;  ///< 202 when set
};

/// Admins, or the account itself. @errors not_found, validation_failed
[[nodiscard]] AppResult<BankChange> change_bank_details(AppTools const& tools, PlatformTx& tx,
                                                        Principal const& actor,
                                                        std::int64_t tenant_no,
                                                        BankDetails const& bank);

/// Where the details of an account are sealed for.
[[nodiscard]] std::string seal_bank_of(privacy::KeyRing const& ring, std::int64_t tenant_no,
                                       BankDetails const& bank);
[[nodiscard]] AppResult<BankDetails> open_bank_of(privacy::KeyRing const& ring,
                                                  storage::Tenant const& tenant);

}  // namespace leadex::app
