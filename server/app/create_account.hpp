#pragma once
// create_account, suspend_account and reads of accounts, by admins. Staff accounts wait for a
// second person from the third admin on. Inside one transaction.

#include <optional>

#include "server/app/action.hpp"
#include "server/app/bank_details.hpp"

namespace leadex::app {

struct NewAccount {
  storage::Role role{};
  std::string name;                    ///< 1 … 200 bytes
  std::optional<std::string> country;  ///< ISO 3166 alpha-2
  std::optional<BankDetails> bank;     ///< generators and buyers only
  std::string name_key{};              ///< buyers: the name as consents name it, folded
};

struct CreatedAccount {
  storage::Tenant tenant;                   ///< status pending while it waits
  std::optional<std::int64_t> approval_no;  ///< 202 when set
};

/// @errors forbidden, validation_failed
[[nodiscard]] AppResult<CreatedAccount> create_account(AppTools const& tools, PlatformTx& tx,
                                                       Principal const& actor,
                                                       NewAccount const& account);

/// Whether a new staff account of `role` has to be confirmed: the third admin, and every staff
/// account once there are three.
[[nodiscard]] bool staff_needs_confirmation(PlatformTx& tx, storage::Role role);

/// Whether a new key of such an account has to be: once there are three admins. The account itself
/// is among them, and the second admin's first key must not wait for the second admin.
[[nodiscard]] bool staff_key_needs_confirmation(PlatformTx& tx, storage::Role role);

}  // namespace leadex::app
